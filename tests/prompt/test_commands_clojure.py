"""The commands on Clojure's own nREPL server, which has none of our ops."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from client.programs import Clojure, clojure_class_path
from prompt.recording import RecordingFrontEnd, connected_to

from repl_connect.session import Done, Value


@pytest.fixture(scope="module")
def program() -> Iterator[Clojure]:
    class_path = clojure_class_path()
    if class_path is None or shutil.which("java") is None:
        pytest.skip("Clojure's nREPL is not installed")
    running = Clojure("unix", class_path)
    yield running
    running.stop()


@pytest.fixture
def user(program: Clojure) -> Iterator[RecordingFrontEnd]:
    front_end = connected_to(program.address)
    yield front_end
    assert front_end.link is not None
    front_end.link.close()


def test_sessions_are_nrepls(user: RecordingFrontEnd) -> None:
    assert user.link is not None
    session = user.link.session
    first = session.user
    assert user.value_of("(* 6 7)") == "42"
    user.answer_to(",session new")
    assert user.value_of("*1") == "nil"
    user.answer_to(f",session use {first}")
    assert user.value_of("*1") == "42"
    assert "you evaluate in it" in user.answer_to(",sessions")


def test_a_copy_of_a_session_is_where_that_was(user: RecordingFrontEnd) -> None:
    user.value_of("(ns game.place)")
    user.answer_to(",session clone")
    assert user.did[-1:] == ["namespace game.place"]
    user.answer_to(",session new")
    assert user.link is not None
    assert user.link.session.namespace == "user"


def test_a_session_is_closed(user: RecordingFrontEnd) -> None:
    assert user.link is not None
    before = str(user.link.session.user)
    user.answer_to(",session close")
    assert f"Session {before} is closed." in user.shown
    assert before not in user.answer_to(",sessions")
    assert user.value_of("(+ 1 1)") == "2"


def test_a_file_is_loaded(user: RecordingFrontEnd, tmp_path: Path) -> None:
    file = tmp_path / "level.clj"
    file.write_text("(def level 10)\n(* level 2)\n")
    user.type(f",load {file}")
    user.wait_until(lambda: any(isinstance(event, Done) for event in user.events))
    assert [event.text for event in user.events if isinstance(event, Value)] == ["20"]


def test_names_are_searched_by_what_completes(user: RecordingFrontEnd) -> None:
    assert "reduce-kv" in user.answer_to(",apropos reduce")


def test_facts_and_what_there_is_not(user: RecordingFrontEnd) -> None:
    facts = user.answer_to(",connection")
    assert "Clojure" in facts
    assert "java" in facts
    user.answer_to(",jobs")
    assert user.problems == [
        "The program at ./app.sock has no op repl-server/jobs "
        "(a Python program with repl_server has it)."
    ]
