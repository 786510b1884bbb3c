"""`repl-connect eval` as scripts use it: what goes where, and the exit status."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pexpect
import pytest
from client.command import COMMAND, LONG, Finished, run, start
from client.programs import PythonProgram
from guile.programs import GuileProgram
from server.wire_client import WireClient

from repl_connect.exit_codes import ExitCode


@pytest.fixture
def address(python: PythonProgram) -> str:
    return python.address


def objects(finished: Finished) -> list[dict[str, object]]:
    return [json.loads(line) for line in finished.out.splitlines()]


def test_the_statuses_do_not_change() -> None:
    assert {code.name: code.value for code in ExitCode} == {
        "OK": 0,
        "RAISED": 1,
        "USAGE": 2,
        "NO_CONNECTION": 3,
        "STOPPED": 4,
        "NREPL": 5,
        "PARTIAL": 6,
        "INTERRUPTED": 130,
    }


class TestOutput:
    def test_a_value(self, address: str) -> None:
        assert run(address, "6 * 7") == Finished(0, "42\n", "")

    def test_a_value_for_each_expression(self, address: str) -> None:
        assert run(address, "1\n2\nx = 3\n'four'").out == "1\n2\n'four'\n"

    def test_nothing_to_say(self, address: str) -> None:
        assert run(address, "x = 1") == Finished(0, "", "")
        assert run(address, "") == Finished(0, "", "")

    def test_what_it_prints_comes_through_as_it_is(self, address: str) -> None:
        finished = run(address, r"import sys; n = sys.stdout.write('a\tb\r\n\x1b[1mλ\x00 no end')")
        assert finished == Finished(0, "a\tb\r\n\x1b[1mλ\x00 no end", "")

    def test_a_value_starts_a_line(self, address: str) -> None:
        assert run(address, "print('a', end='')\n1").out == "a\n1\n"
        assert run(address, "print('a')\n1").out == "a\n1\n"

    def test_errors_go_to_standard_error(self, address: str) -> None:
        code = "import sys\nprint('out')\nn = sys.stderr.write('err\\n')"
        assert run(address, code) == Finished(0, "out\n", "err\n")

    def test_much_of_it(self, address: str) -> None:
        finished = run(address, "for n in range(200_000): print('line', n)")
        assert finished.code == 0
        assert finished.out == "".join(f"line {n}\n" for n in range(200_000))

    def test_bytes_that_are_no_utf8(self, address: str) -> None:
        finished = run(address, "print('\\udcff\\udcfe')")
        assert finished.code == 0

    def test_the_same_bytes_to_a_terminal(self, address: str) -> None:
        command = [*COMMAND, "eval", address, "print('out'); 6 * 7"]
        child: pexpect.spawn[bytes] = pexpect.spawn(command[0], command[1:], timeout=LONG)
        assert child.read() == b"out\r\n42\r\n"
        child.close()
        assert child.exitstatus == 0


class TestErrors:
    def test_an_error_that_is_raised(self, address: str) -> None:
        finished = run(address, "print('before')\n1 / 0\nprint('after')")
        assert (finished.code, finished.out) == (1, "before\n")
        assert "ZeroDivisionError: division by zero" in finished.err

    def test_code_that_is_none(self, address: str) -> None:
        finished = run(address, "1 +")
        assert finished.code == 1
        assert "SyntaxError" in finished.err

    def test_an_unknown_namespace(self, address: str) -> None:
        finished = run(address, "1", "--ns", "no.such.module")
        assert (finished.code, finished.out) == (1, "")
        assert "no.such.module" in finished.err

    @pytest.mark.parametrize(
        "arguments",
        [
            (),
            ("./app.sock", "1", "2"),
            ("./app.sock", "1", "--no-such-option"),
            ("./app.sock", "1", "--timeout", "soon"),
            ("./app.sock", "1", "--timeout", "0"),
            ("./app.sock", "1", "--timeout", "-1"),
            ("./app.sock", "1", "--timeout", "nan"),
            ("./app.sock", "1", "--file", "x.py"),
            ("./app.sock", "--file", "/no/such/file.py"),
            ("./app.sock", "--file", "/"),
            ("no address", "1"),
            ("./app.sock", "1", "--dialect", "klingon"),
        ],
    )
    def test_arguments_that_make_no_sense(self, arguments: tuple[str, ...], address: str) -> None:
        where = (address if argument == "./app.sock" else argument for argument in arguments)
        finished = run(*where)
        assert (finished.code, finished.out) == (2, "")
        assert finished.err
        assert "Traceback" not in finished.err

    def test_nobody_there(self, directory: Path) -> None:
        assert run(str(directory / "none"), "1").code == 3

    def test_the_program_ends_on_the_way(self, address: str) -> None:
        finished = run(address, "print('so far', flush=True); import os; os._exit(1)")
        assert finished.code == 3
        assert "closed the connection" in finished.err
        assert "Traceback" not in finished.err


class TestCode:
    def test_from_a_file(self, address: str, directory: Path) -> None:
        path = directory / "script.py"
        path.write_text(
            "# a comment\nprint('λ', __name__)\n\ndef f():\n    raise ValueError('no')\nf()\n",
            encoding="utf-8",
        )
        finished = run(address, "--file", str(path))
        assert (finished.code, finished.out) == (1, "λ __main__\n")
        assert f'"{path}", line 6' in finished.err
        assert f'"{path}", line 5' in finished.err

    def test_a_relative_file(
        self, address: str, directory: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(directory)
        Path("script.py").write_text("print(6 * 7)\n")
        assert run(address, "--file", "script.py") == Finished(0, "42\n", "")

    @pytest.mark.parametrize("arguments", [(), ("-",)])
    def test_from_standard_input(self, address: str, arguments: tuple[str, ...]) -> None:
        assert run(address, *arguments, stdin="'λ'\n6 * 7\n") == Finished(0, "'λ'\n42\n", "")

    def test_in_a_namespace(self, address: str) -> None:
        assert run(address, "import json").code == 0
        assert run(address, "__name__", "--ns", "json").out == "'json'\n"

    @pytest.mark.parametrize("code", ["-5", "-1", "- 1"])
    def test_code_that_looks_like_an_option(self, address: str, code: str) -> None:
        assert run("--ns", "__main__", "--", address, f"{code} if 0 else 1").out == "1\n"

    def test_options_anywhere(self, address: str) -> None:
        option = ("--ns", "__main__")
        for arguments in (
            (*option, address, "6 * 7"),
            (address, *option, "6 * 7"),
            (address, "6 * 7", *option),
        ):
            assert run(*arguments).out == "42\n"


class TestInput:
    def test_what_the_code_reads_comes_from_standard_input(self, address: str) -> None:
        finished = run(address, "input() + input()", stdin="one\nλ\nthree\n")
        assert finished == Finished(0, "'oneλ'\n", "")

    def test_a_prompt_of_the_code_is_output(self, address: str) -> None:
        assert run(address, "x = input('Name? ')\nx", stdin="me\n").out == "Name? \n'me'\n"

    def test_the_end_of_it(self, address: str) -> None:
        finished = run(address, "input()", stdin="")
        assert finished.code == 1
        assert "EOFError" in finished.err

    def test_it_is_not_read_when_the_code_came_from_there(self, address: str) -> None:
        finished = run(address, "-", stdin="input()\nx\n")
        assert finished.code == 1
        assert "EOFError" in finished.err


class TestJson:
    def test_a_value(self, address: str) -> None:
        finished = run(address, "--json", "1+1")
        assert (finished.code, finished.err) == (0, "")
        assert objects(finished) == [
            {"type": "value", "text": "2", "ns": "__main__"},
            {"type": "done", "status": []},
        ]

    def test_everything_goes_to_standard_output(self, address: str) -> None:
        code = "import sys\nprint('out')\nn = sys.stderr.write('err')\n1 / 0"
        finished = run(address, "--json", code)
        assert (finished.code, finished.err) == (1, "")
        found = objects(finished)
        assert found[0] == {"type": "out", "text": "out\n"}
        assert found[1] == {"type": "err", "text": "err"}
        (error,) = (each for each in found if each["type"] == "error")
        assert error["error"] == "ZeroDivisionError"
        assert error["message"] == "division by zero"
        assert isinstance(error["frames"], list)
        assert set(error["frames"][-1]) == {"name", "file", "line"}
        assert found[-1] == {"type": "done", "status": []}

    def test_each_line_is_ascii_and_one_object(self, address: str) -> None:
        finished = run(address, "--json", r"'λ\n\u2028\udcff'")
        assert finished.out.isascii()
        assert len(objects(finished)) == 2

    def test_input(self, address: str) -> None:
        finished = run(address, "--json", "x = input()", stdin="a\n")
        assert objects(finished) == [
            {"type": "need-input"},
            {"type": "done", "status": []},
        ]

    def test_a_refusal(self, address: str) -> None:
        finished = run(address, "--json", "1", "--ns", "no.such.module")
        (done,) = objects(finished)
        assert finished.code == 1
        assert done["type"] == "done"
        assert "namespace-not-found" in str(done["status"])
        assert "no.such.module" in str(done["problem"])

    def test_the_time_is_up(self, address: str) -> None:
        finished = run(address, "--json", "while True: pass", "--timeout", "1")
        assert finished.code == 4
        note, done = (each for each in objects(finished) if each["type"] in ("note", "done"))
        assert "time is up" in str(note["text"])
        assert done["status"] == ["interrupted"]


class TestStopping:
    def test_the_time_is_up(self, address: str) -> None:
        finished = run(address, "print('going')\nwhile True: pass", "--timeout", "1")
        assert (finished.code, finished.out) == (4, "going\n")
        assert "The time is up" in finished.err
        assert run(address, "6 * 7").out == "42\n"

    def test_time_enough(self, address: str) -> None:
        assert run(address, "6 * 7", "--timeout", "60") == Finished(0, "42\n", "")

    def test_control_c(self, address: str) -> None:
        with start(address, "print('going', flush=True)\nwhile True: pass") as process:
            assert process.stdout is not None
            assert process.stderr is not None
            assert process.stdout.readline() == b"going\n"
            process.send_signal(signal.SIGINT)
            assert process.wait(LONG) == 130
            assert b"oneshot.py" not in process.stderr.read()
        assert run(address, "6 * 7").out == "42\n"

    def test_whoever_reads_has_had_enough(self, address: str) -> None:
        code = "n = 0\nwhile True: n += 1; print('line', n)"
        with start(address, code) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            assert process.stdout.readline() == b"line 1\n"
            process.stdout.close()
            assert process.wait(LONG) == 0
            assert process.stderr.read() == b""
        assert run(address, "6 * 7").out == "42\n"

    def test_an_interrupt_from_elsewhere(self, address: str) -> None:
        with start(address, "print('going', flush=True)\nwhile True: pass") as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"going\n"
            with WireClient(address) as other:
                (session,) = set(other.ask({"op": "ls-sessions"})[0]["sessions"])
                assert other.ask({"op": "interrupt", "session": session})[-1]["status"] == ["done"]
            assert process.wait(LONG) == 4


class TestGuile:
    def test_values_output_and_errors(self, guile: GuileProgram) -> None:
        assert run(guile.address, '(display "λ") (values 1 "two")') == Finished(
            0, 'λ\n1\n"two"\n', ""
        )
        finished = run(guile.address, "(car 1)")
        assert (finished.code, finished.out) == (1, "")
        assert "wrong-type-arg" in finished.err or "In procedure car" in finished.err

    def test_a_module(self, guile: GuileProgram) -> None:
        assert run(guile.address, "(current-module)", "--ns", "(ice-9 format)").code == 0
        finished = run(guile.address, "1", "--ns", "(no such)")
        assert finished.code == 1
        assert "(no such)" in finished.err

    def test_a_global_of_the_loop(self, guile: GuileProgram) -> None:
        assert run(guile.address, "(define *myglobal* 3)").code == 0
        guile.value_after("3")

    def test_a_file(self, guile: GuileProgram, directory: Path) -> None:
        path = directory / "code.scm"
        path.write_text(';; comment\n(display "loaded")\n(newline)\n(* 6 7)\n')
        assert run(guile.address, "--file", str(path)).out == "loaded\n42\n"

    def test_input(self, guile: GuileProgram) -> None:
        code = "(use-modules (ice-9 rdelim)) (read-line)"
        assert run(guile.address, code, stdin="λ line\n").out == '"λ line"\n'

    def test_the_time_is_up(self, guile: GuileProgram) -> None:
        finished = run(guile.address, "(let lp () (lp))", "--timeout", "2")
        assert finished.code == 4
        turn = guile.turn()
        assert guile.turn() > turn

    def test_control_c(self, guile: GuileProgram) -> None:
        with start(guile.address, '(display "going\\n") (let lp () (lp))') as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"going\n"
            process.send_signal(signal.SIGINT)
            assert process.wait(LONG) == 130
        turn = guile.turn()
        assert guile.turn() > turn

    def test_json_with_the_names_of_values(self, guile: GuileProgram) -> None:
        found = objects(run(guile.address, "--json", "(+ 1 1)"))
        assert found[0] == {"type": "value", "text": "2", "ns": "(guile-user)", "label": "$1"}


def test_help_says_what_the_statuses_are() -> None:
    finished = run("--help")
    assert finished.code == 0
    for code in set(ExitCode) - {ExitCode.NREPL, ExitCode.PARTIAL}:  # of bridge, of map
        assert f"  {code.value} " in finished.out


def test_python_dash_m_is_the_same_command(address: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "repl_connect", "eval", address, "6 * 7"],
        capture_output=True,
        timeout=LONG,
        check=True,
        env=os.environ,
    )
    assert done.stdout == b"42\n"
