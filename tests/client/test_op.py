"""One op at a time, and code whose place is given: what scripts and editors build on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from client.command import repl_connect
from client.programs import PythonProgram
from guile.programs import GUILE, GuileProgram


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PythonProgram]:
    with PythonProgram(str(tmp_path_factory.mktemp("op") / "p.sock")) as running:
        yield running


def test_replies_are_objects_on_lines(program: PythonProgram) -> None:
    done = repl_connect("op", program.address, "eval", "code=print('é'); 6 * 7")
    replies = [json.loads(line) for line in done.out.splitlines()]
    assert [reply.get("out") or reply.get("value") for reply in replies[:2]] == ["é\n", "42"]
    assert replies[-1]["status"] == ["done"]
    assert done.code == 0


def test_fields_that_are_no_text(program: PythonProgram) -> None:
    done = repl_connect("op", program.address, "describe", "verbose?:=1")
    (reply,) = [json.loads(line) for line in done.out.splitlines()]
    assert reply["ops"]["eval"]["doc"]


@pytest.mark.skipif(GUILE is None, reason="guile is not installed")
def test_what_an_adapter_describes_is_an_object_too(tmp_path: Path) -> None:
    guile = GuileProgram(tmp_path, cooperative=True, pause=0.02)
    try:
        done = repl_connect("op", guile.address, "describe", "verbose?:=1")
    finally:
        guile.stop()
    assert done.code == 0, done.err
    assert "eval" in json.loads(done.out)["ops"]


def test_an_empty_session_is_none(program: PythonProgram) -> None:
    within = repl_connect("op", program.address, "ls-sessions")
    without = repl_connect("op", program.address, "ls-sessions", "session=")
    assert "session" in json.loads(within.out)
    assert "session" not in json.loads(without.out)


def test_what_is_refused_is_status_1(program: PythonProgram) -> None:
    done = repl_connect("op", program.address, "no-such-op")
    assert done.code == 1
    assert "unknown-op" in json.loads(done.out)["status"]


@pytest.mark.parametrize("field", ["code", "=1", ":=1", "code:={"])
def test_what_is_no_field_is_said(program: PythonProgram, field: str) -> None:
    done = repl_connect("op", program.address, "eval", field)
    assert done.code == 2
    assert repr(field) in done.err


def test_an_op_that_does_not_end_in_time(program: PythonProgram) -> None:
    code = "import time; time.sleep(60)"
    done = repl_connect("op", program.address, "eval", f"code={code}", "--timeout", "0.3")
    assert done.code == 4
    assert "The time is up" in done.err


def test_code_has_the_place_that_is_given(program: PythonProgram, tmp_path: Path) -> None:
    done = repl_connect("eval", program.address, "1 / 0", "--at", f"{tmp_path}/game.py:40:5")
    assert f'File "{tmp_path}/game.py", line 40' in done.err
    assert done.code == 1


@pytest.mark.parametrize("place", [":3", "x.py:0", ""])
def test_a_place_that_is_none_is_refused(program: PythonProgram, place: str) -> None:
    assert repl_connect("eval", program.address, "1", "--at", place).code == 2


def test_what_is_missing_is_what_is_required() -> None:
    done = repl_connect("op")
    assert done.code == 2
    assert done.err.endswith("the following arguments are required: ADDRESS, OP\n")
