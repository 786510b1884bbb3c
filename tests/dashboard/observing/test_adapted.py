"""REPLs that speak no nREPL: a cooperative Guile, whose loop is the program's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from dashboard.observing.observer import Observer
from guile.programs import GUILE, GuileProgram

from repl_connect.dashboard.observing.records import State


@pytest.fixture
def guile(here: Path) -> Iterator[GuileProgram]:
    if GUILE is None:
        pytest.skip("guile is not installed")
    program = GuileProgram(here, cooperative=True, pause=0.01)
    yield program
    program.stop()


def test_a_cooperative_guile(guile: GuileProgram) -> None:
    with Observer(guile.address) as observer:
        target = observer.target
        observer.until_up()
        assert (target.dialect, target.language.name) == ("guile", "guile")
        assert (target.clients, target.jobs, target.held) == (None, None, None)
        observer.until(lambda: target.latency is not None)  # which is what its loop takes to poll
        assert observer.send("(set! *myglobal* 8) *myglobal*")[0].values == ["8"]
        (raised,) = observer.send("(car 1)")
        assert raised.state == "raised"
        watched = observer.do(lambda: target.watch("turns", 0.2))
        broken = observer.do(lambda: target.watch("(car 2)", 0.2))
        observer.until(lambda: len(watched.samples) >= 3 and broken.problem)
        numbers = [sample.number or 0.0 for sample in watched.samples]
        assert numbers == sorted(numbers)
        assert numbers[0] > 0
        assert "car" in str(broken.problem)
        endless = observer.do(lambda: target.evaluate("(let lp () (lp))"))
        observer.until(lambda: target.state is State.BUSY)
        samples = len(watched.samples)
        observer.do(target.interrupt)
        observer.until(lambda: endless.ended)
        assert endless.state == "interrupted"
        assert len(watched.samples) <= samples + 1  # no turn waited behind it
        observer.until(lambda: len(watched.samples) > samples + 1)
        endless_watch = observer.do(lambda: target.watch("(let lp () (lp))", 0.2))
        observer.until(lambda: endless_watch.problem == "its last turn has not ended yet")
        observer.until(lambda: watched.problem == "another watch's turn has not ended yet")
        observer.do(lambda: target.unwatch(endless_watch))  # which ends it there, too
        observer.until(lambda: watched.problem is None)
