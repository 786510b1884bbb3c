"""Targets that are not there, do not answer, are stopped, die, come back."""

from __future__ import annotations

import signal
import socket
from pathlib import Path

import pytest
from client.fakes import FakeServer, Talk
from client.programs import PythonProgram
from dashboard.observing.observer import Observer

from repl_connect.conversation import reconnection
from repl_connect.dashboard.observing import observation
from repl_connect.dashboard.observing import target as target_module
from repl_connect.dashboard.observing.records import State


def test_it_connects_when_the_program_comes_and_again_when_it_comes_back(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconnection, "_GIVE_UP", 0.0)  # the hour is over at once
    path = f"{here}/app.sock"
    with Observer(path, reconnect_longest=0.1) as observer:
        target = observer.target
        assert (target.state, observer.words(target)) == (State.CONNECTING, "connecting")
        observer.until(lambda: target.state is State.FAILED)
        assert observer.words(target).startswith("nobody there, connecting again")
        with PythonProgram(path) as program:
            observer.until_up()
            watched = observer.do(lambda: target.watch("6 * 7", 0.05))
            answer = observer.do(lambda: target.evaluate("import time; time.sleep(600)"))
            observer.until(lambda: target.state is State.BUSY and watched.samples)
            program.process.send_signal(signal.SIGSTOP)
            told: list[str] = []
            observer.do(lambda: target.submit("1", told.append))
            program.process.kill()
            observer.until(lambda: target.state is State.LOST)
            assert "whether this was done is not known" in "".join(told)
            assert (answer.state, target.running) == ("lost", ())
            assert "Gave up" not in " ".join(observer.logged())
            assert "how it ended is not known" in observer.logged(stream="note")[-1]
            assert [target.clients, target.jobs, target.latency] == [None, None, None]
            assert watched.problem == "not connected"
            refused = observer.do(lambda: target.evaluate("1"))
            assert refused.state == "unreachable"
        with PythonProgram(path):
            watched.samples.clear()
            observer.until_up()
            observer.until(lambda: watched.samples)
            assert [watched.problem, target.problem] == [None, None]
            assert observer.send("40 + 2")[0].values == ["42"]


def test_one_that_is_stopped_is_silent_and_holds_up_nobody(here: Path) -> None:
    with (
        PythonProgram(f"{here}/a.sock") as stopped,
        PythonProgram(f"{here}/b.sock") as well,
        Observer(stopped.address, well.address) as observer,
    ):
        one, other = observer.observation.targets
        observer.until_up()
        stopped.process.send_signal(signal.SIGSTOP)
        observer.until(lambda: one.state is State.SILENT)
        assert observer.words(one).startswith("its process is stopped")
        waiting, answered = observer.do(lambda: observer.observation.send("6 * 7", (one, other)))
        observer.until(lambda: answered.ended)
        assert (answered.values, waiting.state) == (["42"], "running")
        assert one.state is State.SILENT
        stopped.process.send_signal(signal.SIGCONT)
        observer.until(lambda: waiting.ended and one.state is State.UP)
        assert waiting.values == ["42"]


def test_one_that_stops_answering_is_silent(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which process it is can't be known: it is this one."""
    monkeypatch.setattr(target_module, "SILENCE", 1.0)

    def behave(talk: Talk) -> None:
        ops: dict[str, object] = {"clone": {}, "describe": {}, "eval": {}, "ls-sessions": {}}
        while (message := talk.read_message()) is not None and message["op"] != "ls-sessions":
            talk.reply(message, **{"ops": ops, "new-session": "s"})
        talk.read_to_end()

    with FakeServer(behave, here) as server, Observer(server.address) as observer:
        target = observer.target
        observer.until_up()
        observer.until(lambda: target.state is State.SILENT)
        assert observer.words(target).startswith("no answer for 1 s")
        assert (target.clients, target.jobs, target.held) == (None, None, None)
        told: list[str] = []
        observer.do(lambda: target.restart("h1", "retry", None, told.append))
        assert told == [f"{target.name} has no restart: its server has no op repl-server/restart."]


def test_those_that_never_answer_are_given_up_in_time_and_the_others_get_their_turn(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(observation, "MOST_CONNECTING", 2)
    with socket.socket(socket.AF_UNIX) as deaf, PythonProgram(f"{here}/app.sock") as program:
        deaf.bind(f"{here}/deaf.sock")
        deaf.listen(16)
        same = [f"{here}/{'./' * count}deaf.sock" for count in range(4)]
        with Observer(*same, program.address, timeout=0.5) as observer:
            *silent, well = observer.observation.targets
            observer.until(lambda: any("others" in each.words for each in silent))
            observer.until(lambda: well.state is State.UP)
            observer.until(lambda: all(each.state is State.FAILED for each in silent))
            assert observer.words(silent[0]).startswith("took too long, connecting again")
            observer.do(silent[0].disconnect)
            assert silent[0].state is State.CLOSED
            assert observer.send("6 * 7", [well])[0].values == ["42"]
