"""The commands on a real connection to a Python program."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prompt.recording import RecordingFrontEnd, connected_to
from server.hosts import hosted

import repl_server
from repl_connect.session import Value


@pytest.fixture
def program(tmp_path: Path) -> Iterator[repl_server.Server]:
    with hosted("threads", str(tmp_path / "app.sock"), namespace={"level": 1}) as server:
        yield server


@pytest.fixture
def user(program: repl_server.Server) -> Iterator[RecordingFrontEnd]:
    front_end = connected_to(str(program.address))
    yield front_end
    assert front_end.link is not None
    front_end.link.close()


@pytest.fixture
def other(program: repl_server.Server) -> Iterator[RecordingFrontEnd]:
    """Somebody else."""
    front_end = connected_to(str(program.address))
    yield front_end
    assert front_end.link is not None
    front_end.link.close()


# Jobs.


def test_a_job_is_left_there_and_its_end_is_told(user: RecordingFrontEnd) -> None:
    user.type(",submit print('hello'); level + 41")
    user.wait_for("Job 1 finished")
    assert "Job 1. ,result 1 shows what it brings.\n" in user.shown
    assert ": 42\n" in user.shown
    assert "1    finished" in user.answer_to(",jobs")
    shown = user.answer_to(",result 1")
    assert "hello\n42\n" in shown


def test_the_error_of_a_job_is_told(user: RecordingFrontEnd) -> None:
    user.type(",submit 1/0")
    user.wait_for("ZeroDivisionError: division by zero\n")
    assert user.problems[0].startswith("Job 1 failed")
    assert "Traceback" in user.answer_to(",result 1")


def test_a_job_is_waited_for_and_cancelled(user: RecordingFrontEnd) -> None:
    user.type(",submit import time; time.sleep(600)")
    user.wait_for("Job 1.")
    user.type(",submit 2")
    user.wait_for("Job 2, behind another.")
    user.type(",result 1 wait")
    user.type(",cancel 2")
    user.wait_for("Job 2 is cancelled.")
    user.type(",cancel 1")
    user.wait_for("Job 1: cancelled")
    user.wait_for("Job 1 is cancelled.")


def test_a_job_that_there_is_not_is_said(user: RecordingFrontEnd) -> None:
    user.answer_to(",result 7")
    user.answer_to(",cancel 7")
    user.answer_to(",result 1 often")
    assert user.problems[:2] == ["There is no job 7."] * 2
    assert user.problems[2].startswith(",result ID [wait] [page]")
    assert user.answer_to(",jobs") == "There are no jobs. ,submit CODE leaves one.\n"


def test_much_of_a_result_goes_to_the_pager(user: RecordingFrontEnd) -> None:
    user.type(",submit for i in range(1000): print('line', i)")
    user.wait_for("finished")
    shown = user.answer_to(",result 1")
    assert "line 59\n… " in shown
    assert "more characters: ,result 1 page shows all." in shown
    user.answer_to(",result 1 page")
    assert "line 999" in user.paged[0]


# Watches and events.


def test_a_watch_shows_what_changes_with_its_number(
    user: RecordingFrontEnd, other: RecordingFrontEnd
) -> None:
    user.type(",watch 0.05 level")
    user.wait_for("[watch 1] 1\n")
    other.value_of("level = 2")
    user.wait_for("[watch 1] 2\n")
    user.type(",watch")
    assert "1      0.05 s  level" in user.shown
    user.type(",unwatch 1")
    user.wait_for("Watch 1 has ended.\n")
    assert user.shown.count("[watch 1]") == 2
    user.type(",unwatch 1")
    assert user.problems == ["There is no watch 1. ,watch lists them."]


def test_the_error_of_a_watch_is_shown_once_and_it_goes_on(
    user: RecordingFrontEnd, other: RecordingFrontEnd
) -> None:
    user.type(",watch 0.05 later_name")
    user.wait_for("NameError")
    other.value_of("later_name = 5")
    user.wait_for("[watch 1] 5\n")
    assert user.shown.count("Traceback") == 1
    user.type(",unwatch all")
    user.wait_for("has ended")


def test_what_is_no_watch_is_said(user: RecordingFrontEnd) -> None:
    user.type(",watch level")
    user.type(",watch 0.001 level")
    user.wait_until(lambda: len(user.problems) == 2)
    assert user.problems[0].startswith(",watch SECONDS CODE:")
    assert "`every` must be seconds" in user.problems[1]
    user.type(",watch")
    assert user.shown.endswith("Nothing is watched. ,watch SECONDS CODE begins.\n")


def test_events_tell_who_comes_and_what_is_published(
    user: RecordingFrontEnd, program: repl_server.Server
) -> None:
    user.answer_to(",events")
    user.type(",events on")
    user.wait_for("You are told of: clients, jobs, errors, all topics.")
    visitor = connected_to(str(program.address))
    user.wait_for("joined\n")
    assert visitor.link is not None
    visitor.link.close()
    user.wait_for("left\n")
    program.publish("score", "\x1b[2J7")
    user.wait_for("[score] '\\x1b[2J7'\n")
    user.type(",submit 1")
    user.wait_for("[job 1] finished: 1\n")
    user.type(",events off")
    user.wait_for("You are told of events no more.\n")


def test_events_of_one_kind_and_topic(user: RecordingFrontEnd, program: repl_server.Server) -> None:
    user.type(",events jobs score")
    user.wait_for("You are told of: jobs, score.")
    program.publish("other", 1)
    program.publish("score", 2)
    user.wait_for("[score] 2\n")
    assert "[other]" not in user.shown


def test_who_marks_us(user: RecordingFrontEnd, other: RecordingFrontEnd) -> None:
    shown = user.answer_to(",who")
    lines = shown.splitlines()
    assert lines[0].split() == ["id", "name", "from", "since", "sessions"]
    assert [line[0] for line in lines[1:3]] == ["*", " "]
    assert "repl-connect" in lines[1]
    assert lines[-1] == "* is you."


# Sessions.


def test_sessions_are_listed_opened_used_and_closed(
    user: RecordingFrontEnd, other: RecordingFrontEnd
) -> None:
    assert user.link is not None
    session = user.link.session
    first = session.user
    assert first is not None
    listed = user.answer_to(",sessions")
    assert f"*  {first}  you evaluate in it\n" in listed
    assert listed.count("repl-connect") == 2  # the other client's two
    user.value_of("'in the first'")
    user.answer_to(",session new")
    second = session.user
    assert second != first
    assert f"A new session: {second}. ,session use {first[:8]} goes back." in user.shown
    assert user.value_of("_") == ""
    user.answer_to(f",session use {first[:6]}")
    assert session.user == first
    assert user.value_of("_") == "'in the first'"
    user.answer_to(",session clone")
    assert user.value_of("_") == "'in the first'"
    user.answer_to(f",session close {first}")
    user.answer_to(",session close")
    idents = user.answer_to(",sessions")
    assert first not in idents
    assert str(session.user) in idents


def test_sessions_that_there_are_not_or_that_are_needed(user: RecordingFrontEnd) -> None:
    assert user.link is not None
    session = user.link.session
    user.answer_to(",session use nonsense")
    user.answer_to(f",session close {session.tool}")
    user.answer_to(f",session use {session.tool}")
    user.answer_to(",session fly")
    assert [problem[:31] for problem in user.problems] == [
        "There is no session nonsense.",
        "That session is the one for com",
        "That session is the one for com",
        ",session takes: new, clone, use",
    ]


def test_where_one_is_is_told(user: RecordingFrontEnd) -> None:
    assert "__main__" in user.answer_to(",ns")
    assert str(user.link and user.link.session.user) in user.answer_to(",session")
    user.answer_to(",in json")
    assert user.did == ["namespace json"]


# Code and names.


def test_a_file_is_loaded_from_here_with_its_name(user: RecordingFrontEnd, tmp_path: Path) -> None:
    file = tmp_path / "setup file.py"
    file.write_text("level = 10\nprint('loaded')\nlevel * 2\n")
    user.type(f",load {file}")
    user.wait_until(lambda: any(isinstance(event, Value) for event in user.events))
    assert user.value_of("level") == "10"
    assert user.evaluated[0][1]["file"] == str(file)


def test_a_file_that_can_not_be_loaded_is_said(user: RecordingFrontEnd, tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    user.type(f",load {tmp_path}/none.py")
    user.type(f",load {tmp_path}")
    os.mkfifo(tmp_path / "pipe")
    user.type(f",load {tmp_path}/binary")
    user.type(f",load {tmp_path}/pipe")
    assert "none.py: No such file or directory. The path is one of this machine." in user.shown
    assert "Is a directory" in user.problems[1]
    assert user.problems[2].endswith("is not UTF-8 text (byte 0): not sent.")
    assert user.problems[3].endswith("pipe is no file: not sent.")
    assert not user.evaluated


def test_apropos_finds_names_by_a_part(user: RecordingFrontEnd) -> None:
    user.value_of("import math")
    assert "RuntimeWarning" in user.answer_to(",apropos warning")
    shown = user.answer_to(",apropos math.sq")
    assert "math.sqrt" in shown or "sqrt" in shown
    assert "isqrt" in shown
    assert "cos" not in shown
    assert user.answer_to(",apropos xyzzy") == ("Nothing is known by this name with xyzzy in it.\n")


def test_edit_takes_the_last_entry_or_a_source(user: RecordingFrontEnd, tmp_path: Path) -> None:
    user.last_entry = "level + 1"
    user.type(",edit")
    user.value_of("def half(x):\n    return x / 2\n")
    user.answer_to(",edit half")
    assert user.edited == ["level + 1", "def half(x):\n    return x / 2"]
    user.answer_to(",edit len")
    assert user.problems == ["The source of len is not known there."]


def test_time_evaluates_timed(user: RecordingFrontEnd) -> None:
    user.type(",time 1 + 1")
    assert user.evaluated == [("1 + 1", {"file": None, "as_file": False, "timed": True})]


def test_what_runs_is_shown(user: RecordingFrontEnd) -> None:
    user.type(",pending")
    assert user.shown == "Nothing runs.\n"
    user.evaluate("input('name? ')")
    user.evaluate("2")
    user.type(",pending")
    assert "running        input('name? ')\nqueued         2\n" in user.shown


# The connection.


def test_the_connections_facts(user: RecordingFrontEnd, program: repl_server.Server) -> None:
    shown = user.answer_to(",connection")
    facts = {line.split("  ")[0]: line for line in shown.splitlines() if not line.startswith(" ")}
    assert "Python 3" in facts["program"]
    assert "threads" in facts["program"]
    assert "ms" in facts["round trip"]
    assert "since" in facts["connected"]
    assert " eval " in shown
    assert "jobs queued 1,000" in " ".join(shown.split())
    assert max(map(len, shown.splitlines())) < 80
    assert "process" in facts
    assert "repl-connect" in user.answer_to(",version")


def test_the_wire_is_logged_from_when_it_is_switched_on(
    user: RecordingFrontEnd, tmp_path: Path
) -> None:
    assert user.answer_to(",log") == "The wire is not logged. ,log on begins.\n"
    user.type(",log on")
    user.value_of("'on the wire'")
    shown = user.answer_to(",log")
    assert '"op": "eval", "code": "\'on the wire\'"' in shown
    assert "<-- " in shown
    assert user.answer_to(",log 1").count("<--") == 1
    user.type(f",log save {tmp_path}/wire.txt")
    assert "on the wire" in (tmp_path / "wire.txt").read_text()
    user.type(",log off")
    before = len((tmp_path / "wire.txt").read_text())
    user.value_of("'unseen'")
    user.type(f",log save {tmp_path}/wire.txt")
    assert len((tmp_path / "wire.txt").read_text()) == before
    user.type(f",log save {tmp_path}/no/such")
    assert user.problems == [f"{tmp_path}/no/such: No such file or directory."]


def test_the_log_goes_on_over_a_new_connection_and_watches_end(
    user: RecordingFrontEnd, other: RecordingFrontEnd
) -> None:
    user.type(",log on")
    user.type(",watch 60 level")
    user.wait_for("[watch 1] 1\n")
    user.type(",events clients")
    user.wait_for("You are told of")
    user.link, link = other.link, user.link
    assert user.link is not None
    user.state.attached(user, user.link)
    assert "Ended with the connection before: 1 watch and the subscription" in user.shown
    user.value_of("'after'")
    user.type(",log")
    assert "'after'" in user.shown
    user.link = link


def test_reconnecting_and_stopping_it_are_the_front_ends(user: RecordingFrontEnd) -> None:
    user.type(",reconnect")
    user.type(",reconnect stop")
    user.type(",reconnect maybe")
    assert user.did == ["reconnect", "stop reconnecting"]
    assert user.problems == [",reconnect connects again now, ,reconnect stop stops trying."]


# Held errors.


class Failing:
    """A call that fails until it is mended, in a thread of the program."""

    def __init__(self, server: repl_server.Server, namespace: dict[str, Any]) -> None:
        self.results: list[Any] = []
        exec("def step(x):\n    half = x / zero\n    return half\n", namespace)
        namespace["zero"] = 0
        held = server.continuable(namespace["step"])

        def run() -> None:
            try:
                self.results.append(held(8))
            except ZeroDivisionError as error:
                self.results.append(error)

        self.thread = threading.Thread(target=run)

    def start(self) -> None:
        self.thread.start()

    def result(self) -> Any:
        self.thread.join(15)
        return self.results[0]


@pytest.fixture
def failing(tmp_path: Path) -> Iterator[tuple[RecordingFrontEnd, Failing]]:
    namespace: dict[str, Any] = {"__name__": "__main__"}
    with hosted("threads", str(tmp_path / "held.sock"), namespace=namespace) as server:
        front_end = connected_to(str(server.address))
        program = Failing(server, namespace)
        program.start()
        front_end.wait_until(lambda: "is held here" in front_end.printed())
        yield front_end, program
        assert front_end.link is not None
        front_end.link.close()
        program.thread.join(15)


def ident_of(front_end: RecordingFrontEnd) -> str:
    return front_end.answer_to(",held").splitlines()[1].split()[0]


def test_a_held_error_is_looked_at_mended_and_retried(
    failing: tuple[RecordingFrontEnd, Failing],
) -> None:
    user, program = failing
    ident = ident_of(user)
    assert ",retry ,continue ,abort" in user.shown
    shown = user.answer_to(f",held {ident}")
    assert "ZeroDivisionError" in shown
    assert "0      step" in shown
    user.type(f",frame {ident} 0 x + 100")
    user.wait_until(lambda: "108" in [e.text for e in user.events if isinstance(e, Value)])
    user.answer_to(",frame 0 x + 200")
    user.wait_until(lambda: "208" in [e.text for e in user.events if isinstance(e, Value)])
    user.value_of("zero = 2")
    assert user.answer_to(",retry") == f"{ident}: retry.\n"
    assert program.result() == 4
    assert user.answer_to(",held") == "No error is held.\n"


def test_a_held_error_is_gone_on_from_with_a_value(
    failing: tuple[RecordingFrontEnd, Failing],
) -> None:
    user, program = failing
    ident = ident_of(user)
    user.type(",continue nonsense_name")
    user.wait_until(lambda: f"{ident}: is held still.\n" in user.shown)
    assert "NameError" in user.shown
    user.answer_to(",continue 1 +")
    assert "`value` is no expression" in user.problems[-1]
    user.answer_to(f",continue {ident} [1, 2]")
    assert program.result() == [1, 2]


def test_a_held_error_is_raised_after_all(failing: tuple[RecordingFrontEnd, Failing]) -> None:
    user, program = failing
    user.answer_to(",abort h999999")
    assert user.problems == ["No error h999999 is held. ,held lists them."]
    user.answer_to(",abort")
    assert isinstance(program.result(), ZeroDivisionError)
    assert user.answer_to(",retry") == "No error is held.\n"
