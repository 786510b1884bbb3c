"""What is seen of real Python servers, and what can be done with them."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from client.programs import PythonProgram
from dashboard.conftest import Serve
from dashboard.observing.observer import Observer
from driver import Client

from repl_connect.address import parse_address
from repl_connect.dashboard.observing.records import Change, State
from repl_connect.dashboard.observing.target import ObservedTarget
from repl_connect.settings import Partner
from repl_connect.targets import Target

HELD = Path(__file__).parents[2] / "server" / "programs" / "held.py"


@pytest.fixture(scope="module")
def program() -> Iterator[PythonProgram]:
    """A Python server with threads, the same for all tests."""
    directory = tempfile.mkdtemp(dir="/tmp")
    with PythonProgram(f"{directory}/app.sock") as running:
        yield running
    shutil.rmtree(directory)


@pytest.fixture
def observer(program: PythonProgram, here: Path) -> Iterator[Observer]:
    del here
    with Observer(program.address) as made:
        made.until_up()
        yield made


@pytest.fixture
def target(observer: Observer) -> ObservedTarget:
    return observer.target


def test_one_form_to_all_is_answered_by_those_who_can(program: PythonProgram, here: Path) -> None:
    with Observer(program.address, f"{here}/nobody.sock") as observer:
        one, other = observer.observation.targets
        observer.until(lambda: one.state is State.UP and other.state is State.FAILED)
        good, bad = observer.send("print('hello'); 6 * 7")
        assert (good.state, good.values, good.out, good.text) == (
            "ok",
            ["42"],
            "hello\n",
            "hello\n42\n",
        )
        assert bad.state == "unreachable"
        assert bad.problem is not None
        assert "not connected" in bad.problem
        assert observer.observation.answers == [[good, bad]]
        assert observer.observation.find(one.name) is one
        assert "there is no such socket" in str(other.problem)
        assert "connecting again" in observer.words(other)
        assert observer.logged(one, "out") == ["hello"]
        assert len(observer.logged(other, "note")) == 1  # however often it is tried


def test_it_is_told_who_is_there(observer: Observer, target: ObservedTarget) -> None:
    observer.until(lambda: target.latency is not None and target.clients is not None)
    assert (target.language.name, target.dialect) == ("python", "nrepl")
    assert target.greeting.startswith("Python 3")
    assert [client.ours for client in target.clients or ()] == [True]
    with Client(str(target.target.address)):
        observer.until(lambda: len(target.clients or ()) == 2)
    observer.until(lambda: len(target.clients or ()) == 1)
    assert any("joined" in line for line in observer.logged(target, "event"))
    assert any("left" in line for line in observer.logged(target, "event"))


def test_how_an_answer_can_end(observer: Observer, target: ObservedTarget) -> None:
    (raised,) = observer.send("1 / 0")
    assert (raised.state, raised.problem) == ("raised", "ZeroDivisionError: division by zero")
    assert "Traceback" in raised.err
    endless = observer.do(lambda: target.evaluate("while True: pass"))
    observer.until(lambda: target.state is State.BUSY)
    assert observer.words(target).startswith("evaluates for ")
    observer.do(target.interrupt)
    observer.until(lambda: endless.ended)
    assert (endless.state, target.state) == ("interrupted", State.UP)
    asking = observer.do(lambda: target.evaluate("input('name? ')"))
    observer.until(lambda: asking.state == "needs-input")
    assert observer.words(target) == "waits for input"
    observer.do(lambda: target.give_input(asking, "ada\n"))
    observer.until(lambda: asking.ended)
    assert (asking.state, asking.values) == ("ok", ["'ada'"])
    missing = observer.do(lambda: target.evaluate("1", namespace="no.such.module"))
    observer.until(lambda: missing.ended)
    assert (missing.state, bool(missing.problem)) == ("unreachable", True)


def test_jobs(observer: Observer, target: ObservedTarget) -> None:
    told: list[str] = []
    results: list[dict[str, Any]] = []
    observer.do(lambda: target.submit("print('working'); 40 + 2", told.append))
    observer.until(lambda: target.jobs and target.jobs[-1].state == "finished")
    assert told == [f"{target.name}: job {job_number(target)} is left there."]
    observer.do(lambda: target.fetch((target.jobs or ())[-1].id, results.append))
    observer.do(lambda: target.fetch("none", results.append))
    observer.do(lambda: target.submit("while True: pass", told.append))
    observer.until(lambda: (target.jobs or ())[-1].state == "running")
    observer.do(lambda: target.cancel((target.jobs or ())[-1].id, told.append))
    observer.until(lambda: (target.jobs or ())[-1].state == "cancelled" and len(told) == 3)
    assert told[-1] == f"{target.name}: job {job_number(target)} is cancelled."
    assert (results[0]["values"], results[0]["out"]) == (["42"], "working\n")
    assert "problem" in results[1]
    assert any("finished" in line for line in observer.logged(target, "event"))


def job_number(target: ObservedTarget) -> str:
    return (target.jobs or ())[-1].id.rpartition("-")[2]


def test_watches(observer: Observer, target: ObservedTarget) -> None:
    observer.send("n = 0\ndef count():\n    global n\n    n += 1\n    return n")
    watched = observer.do(lambda: target.watch("count()", 0.05))
    failing = observer.do(lambda: target.watch("nothing", 0.05))
    refused = observer.do(lambda: target.watch("1", 0.001))
    observer.until(lambda: len(watched.samples) >= 3 and failing.problem and refused.problem)
    assert [sample.number for sample in watched.samples][:3] == [1.0, 2.0, 3.0]
    assert (watched.problem, failing.samples) == (None, type(failing.samples)())
    assert str(failing.problem).startswith("NameError")
    assert "every" in str(refused.problem)
    observer.send("nothing = 'x' * 5000")
    observer.until(lambda: failing.samples)
    assert (failing.problem, failing.cut) == (None, True)
    for each in target.watches:
        observer.do(lambda each=each: target.unwatch(each))  # type: ignore[misc]
    before = len(watched.samples)
    observer.send("n")
    assert (target.watches, len(watched.samples)) == ((), before)


def test_the_forms_of_a_partner_are_evaluated_and_one_that_fails_is_said(
    program: PythonProgram, here: Path
) -> None:
    del here
    partner = Partner("sim", program.address, forms=("begun = 'yes'", "no_such_name"))
    with Observer(Target(parse_address(program.address), None, partner)) as observer:
        observer.until_up()
        (answer,) = observer.send("begun")
        assert (observer.target.name, answer.values) == ("@sim", ["'yes'"])
        assert any("no_such_name" in line for line in observer.logged(stream="note"))


def test_a_program_that_is_held_is_mended_and_goes_on(here: Path) -> None:
    path = f"{here}/held.sock"
    with subprocess.Popen(
        [sys.executable, str(HELD), "cooperative", path], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "served\n"
        with Observer(path) as observer:
            target, told = observer.target, list[str]()
            observer.until_up()
            observer.send("ready = True")
            observer.until(lambda: target.held)
            (held,) = target.held or ()
            assert (held.name, held.error) == ("step", "RuntimeError: turn 3 is impossible")
            assert held.restarts == ("retry", "continue", "abort")
            assert held.frames[-1].startswith("step (")
            assert "Traceback" in held.traceback
            observer.do(lambda: target.restart(held.id, "retry", "1", told.append))
            observer.do(lambda: target.restart(held.id, "continue", "1 / 0", told.append))
            observer.until(lambda: len(told) == 2)
            assert "ZeroDivisionError" in told[1]
            assert target.held
            observer.send("def step(): pass")
            observer.do(lambda: target.restart(held.id, "retry", None, told.append))
            observer.until(lambda: target.held == () and len(told) == 3)
            assert told[2] == f"{target.name}: {held.id}: retry."
        process.kill()


def test_what_a_program_publishes_is_in_the_log(serve: Serve) -> None:
    namespace: dict[str, Any] = {}
    namespace["server"] = serve("app", namespace)
    with Observer("./app.sock") as observer:
        observer.until_up()
        observer.until(lambda: observer.target.clients)
        observer.send("server.publish('score', 5); server.publish('score', 'x' * 9000)")
        observer.until(lambda: len(observer.logged(stream="event")) == 2)
        short, long = observer.logged(stream="event")
        assert short == "score: 5"
        assert long.startswith("score: 'xxx")
        assert long.endswith(" more characters were not kept)")


def test_targets_come_and_go(program: PythonProgram, observer: Observer, here: Path) -> None:
    target = observer.target
    again = observer.do(lambda: observer.observation.add(target.target))
    assert again is target
    with PythonProgram(f"{here}/other.sock") as other:
        new = observer.do(lambda: observer.observation.add(Target(parse_address(other.address))))
        observer.until_up()
        observer.do(lambda: observer.observation.remove(new))
    assert (observer.observation.targets, new.state) == ([target], State.CLOSED)
    running = observer.do(lambda: target.evaluate("while True: pass"))
    observer.do(target.disconnect)
    assert (target.state, observer.words(target), running.state) == (
        State.CLOSED,
        "disconnected",
        "lost",
    )
    observer.do(target.reconnect)
    observer.until_up()
    assert any(Change.TARGETS in changes for changes in observer.told)
    with Client(program.address) as client:
        assert client.value("1") == "1"
