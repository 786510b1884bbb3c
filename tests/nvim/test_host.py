"""The host process, and what it talks with, killed and stopped at the worst moment.

`Editor` looks for what stays behind, for tracebacks and for a Neovim that does not quit.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from editors.programs import Program
from nvim.editor import Editor
from nvim.isolated import HOST
from server.wire_client import WireClient

StartEditor = Callable[..., Editor]

LONG_AGO = """
local now, more = vim.loop.now, 0
vim.loop.now = function() return now() + more end
_G.later = function(milliseconds) more = more + milliseconds end
"""
"""Lua that lets a test have time go by."""


def connected(editor: Editor, program: Program, name: str = "work") -> Editor:
    """The editor, with a buffer of the program's language and a connection to it."""
    editor.lua(LONG_AGO)
    editor.open(f"{name}{program.suffix}", "", program.filetype)
    editor.command(f"ReplConnect {program.address}")
    editor.until(lambda: state(editor) == ["connected"], "it is connected")
    editor.lua("_G.later(10000)")
    return editor


def running_forever(editor: Editor, program: Program) -> Editor:
    """The same, with an evaluation that does not end."""
    connected(editor, program)
    editor.lua(
        "vim.api.nvim_buf_set_lines(0, 0, -1, false, ...)", program.words.forever.split("\n")
    )
    editor.command("ReplEvalBuffer")
    editor.until(lambda: "going" in log(editor), "its output")
    return editor


def state(editor: Editor) -> list[str]:
    found: list[str] = editor.lua(
        "return vim.tbl_map(function(each) return each.state end,"
        " require('repl_connect.connections').all())"
    )
    return found


def log(editor: Editor) -> str:
    return "\n".join(editor.lines("repl-connect://"))


def running(editor: Editor) -> int:
    return int(editor.lua("return #require('repl_connect.evaluations').running()"))


def statuses(editor: Editor) -> list[str]:
    found: list[str] = editor.lua(
        "return vim.tbl_map(function(each) return each.status or 'running' end,"
        " require('repl_connect.evaluations').all())"
    )
    return found


def sends(editor: Editor, program: Program) -> None:
    """The next use works."""
    editor.command(f"ReplEval {program.words.sum}")
    editor.until(lambda: "=> " + program.words.value in log(editor), "the value in the log")


def host_of(editor: Editor) -> int:
    (pid,) = editor.hosts
    return pid


def others(address: str) -> tuple[list[Any], list[Any]]:
    """The clients that a server has beside the one that asks, and the sessions it has."""
    with WireClient(address) as peer:
        clients = peer.ask({"op": "repl-server/clients"})[-1]["clients"]
        sessions = peer.ask({"op": "ls-sessions"})[-1]["sessions"]
    return [each for each in clients if each.get("name")], sessions


class TestTheHostIsKilled:
    def test_during_an_evaluation(
        self, editor: Editor, start_program: Callable[..., Program]
    ) -> None:
        program = start_program("python_server")
        running_forever(editor, program)
        before = host_of(editor)
        os.kill(before, signal.SIGKILL)
        editor.until_said("The session goes on: ")
        assert running(editor) == 0
        assert statuses(editor) == ["lost"]
        assert editor.messages().count("The host process has ended (killed by signal 9)") == 1
        assert "lost" in editor.virtual_text(1)
        assert host_of(editor) != before
        editor.command("ReplInterrupt")
        sends(editor, program)

    def test_the_session_goes_on(self, editor: Editor, python_server: Program) -> None:
        connected(editor, python_server)
        editor.command("ReplEval kept_value = 40 + 2; 'done'")
        editor.until(lambda: "=> 'done'" in log(editor), "the value")
        os.kill(host_of(editor), signal.SIGKILL)
        editor.until_said("The session goes on: ")
        sends(editor, python_server)
        editor.command("ReplEval kept_value + 1")
        editor.until(lambda: "=> 43" in log(editor), "what was there before")

    def test_again_and_again_it_is_not_started_for_ever(
        self, editor: Editor, python_server: Program
    ) -> None:
        connected(editor, python_server)
        for _ in range(3):
            os.kill(host_of(editor), signal.SIGKILL)
            editor.until(lambda: state(editor) == ["lost"], "it is noticed")
            editor.until(lambda: state(editor) == ["connected"], "it is connected again")
            editor.lua("_G.later(10000)")
        os.kill(host_of(editor), signal.SIGKILL)
        editor.until_said(":ReplReconnect starts it again.")
        assert editor.hosts == []
        assert state(editor) == ["lost"]
        editor.command("ReplReconnect")
        editor.until(lambda: state(editor) == ["connected"], "it is connected on request")
        sends(editor, python_server)

    def test_right_after_its_start(self, editor: Editor, python_server: Program) -> None:
        editor.lua("require('repl_connect.host').notify('servers', {request = 0, directory = '/'})")
        os.kill(editor.until(lambda: editor.hosts, "the host")[0], signal.SIGKILL)
        editor.until_said(":ReplReconnect starts it again.")
        assert editor.hosts == []
        connected(editor, python_server)
        sends(editor, python_server)

    def test_with_code_sent_before_it_is_noticed(
        self, editor: Editor, python_server: Program
    ) -> None:
        connected(editor, python_server)
        editor.lua(
            "vim.loop.kill(require('repl_connect.host').pid(), 'sigkill')\n"
            "for _ = 1, 10 do vim.cmd('ReplEval 1') end"
        )
        editor.until_said("The session goes on: ")
        assert running(editor) == 0
        sends(editor, python_server)


class TestTheHostIsStopped:
    def test_nothing_waits_for_it(self, editor: Editor, python_server: Program) -> None:
        connected(editor, python_server)
        pid = host_of(editor)
        os.kill(pid, signal.SIGSTOP)
        editor.command("ReplEval 'first'")
        editor.command("ReplEval 'second'")
        editor.command("ReplInterrupt")
        editor.command("ReplLog")
        assert running(editor) == 2
        os.kill(pid, signal.SIGCONT)
        editor.until(lambda: "=> 'second'" in log(editor), "what was asked for meanwhile")

    def test_what_waits_for_it_is_bounded(self, editor: Editor, python_server: Program) -> None:
        connected(editor, python_server)
        pid = host_of(editor)
        os.kill(pid, signal.SIGSTOP)
        editor.lua("_G.code = '1' .. (' '):rep(1024 * 1024)")
        before = editor.lua("return vim.loop.resident_set_memory()")
        for _ in range(60):
            editor.lua("require('repl_connect.sending').code(_G.code)")
        assert editor.lua("return vim.loop.resident_set_memory()") - before < 400 * 1024 * 1024
        assert running(editor) < 20
        assert editor.messages().count("takes nothing") == 1
        os.kill(pid, signal.SIGCONT)
        editor.until(lambda: running(editor) == 0, "what was sent")
        editor.until_said("The host process goes on.")
        sends(editor, python_server)

    def test_it_can_be_started_again(self, editor: Editor, python_server: Program) -> None:
        connected(editor, python_server)
        pid = host_of(editor)
        os.kill(pid, signal.SIGSTOP)
        editor.command("ReplEval 1")
        editor.until_said(f"The host process ({pid}) takes nothing")
        editor.command("ReplReconnect")
        editor.until_said("The session goes on: ")
        assert host_of(editor) != pid
        assert statuses(editor) == ["lost"]
        sends(editor, python_server)

    def test_quitting_does_not_wait_for_it(self, editor: Editor, python_server: Program) -> None:
        connected(editor, python_server)
        os.kill(host_of(editor), signal.SIGSTOP)
        editor.command("ReplEval 1")
        editor.close()

    def test_checkhealth(self, editor: Editor, python_server: Program) -> None:
        connected(editor, python_server)
        pid = host_of(editor)
        os.kill(pid, signal.SIGSTOP)
        editor.command("checkhealth repl_connect")
        assert "connected" in "\n".join(editor.lines())
        os.kill(pid, signal.SIGCONT)


class TestTheServer:
    def test_is_killed_and_comes_back(
        self, editor: Editor, start_program: Callable[..., Program]
    ) -> None:
        program = start_program("python_server")
        running_forever(editor, program)
        program.stop()
        editor.until_said("An evaluation was under way: how it ended is not known.")
        assert statuses(editor) == ["lost"]
        assert state(editor) == ["lost"]
        assert running(editor) == 0
        Path(program.address).unlink(missing_ok=True)
        again = start_program("python_server", program.address)
        editor.until(lambda: state(editor) == ["connected"], "it is connected again")
        editor.until_said("A new session: ")
        sends(editor, again)

    def test_is_stopped_and_goes_on(
        self, editor: Editor, start_program: Callable[..., Program]
    ) -> None:
        program = start_program("python_server")
        connected(editor, program)
        os.kill(program.process.pid, signal.SIGSTOP)
        editor.command("ReplEval 'late'")
        editor.command("ReplInterrupt")
        assert running(editor) == 1
        os.kill(program.process.pid, signal.SIGCONT)
        editor.until(lambda: running(editor) == 0, "it has ended")
        sends(editor, program)

    def test_is_stopped_and_neovim_quits(
        self, editor: Editor, start_program: Callable[..., Program]
    ) -> None:
        program = start_program("python_server")
        connected(editor, program)
        os.kill(program.process.pid, signal.SIGSTOP)
        editor.command("ReplEval 1")
        editor.close()


class TestNeovimEnds:
    def test_what_it_had_on_the_server_ends_when_it_quits(
        self, editor: Editor, start_program: Callable[..., Program]
    ) -> None:
        program = start_program("python_server")
        running_forever(editor, program)
        assert len(others(program.address)[0]) == 1
        editor.close()
        assert others(program.address) == ([], [])

    def test_what_it_had_on_the_server_ends_when_it_is_killed(
        self, editor: Editor, start_program: Callable[..., Program]
    ) -> None:
        program = start_program("python_server")
        running_forever(editor, program)
        editor.kill()
        assert others(program.address) == ([], [])

    def test_two_of_them_on_one_server(
        self, start_editor: StartEditor, start_program: Callable[..., Program]
    ) -> None:
        program = start_program("python_server")
        first, second = start_editor(), start_editor()
        for editor in (first, second):
            connected(editor, program)
        assert len(others(program.address)[0]) == 2
        first.command("ReplEval shared = 42; 1")
        first.until(lambda: "=> 1" in log(first), "the value")
        first.close()
        sends(second, program)
        assert len(others(program.address)[0]) == 1


class TestAFileThatCanNotBeRead:
    def test_a_pipe_stops_nothing(self, editor: Editor, python_server: Program) -> None:
        connected(editor, python_server)
        os.mkfifo(editor.project / "pipe.py")
        editor.command("noautocmd file pipe.py")
        editor.command("set nomodified")
        editor.command("ReplLoadFile")
        editor.until(lambda: statuses(editor) == ["refused"], "it is refused")
        sends(editor, python_server)


class TestTheSettings:
    def test_what_is_wrong_with_them_is_said(
        self, start_editor: StartEditor, python_server: Program
    ) -> None:
        editor = start_editor(environment={"REPL_CONNECT_CONNECTION__TIMEOUT": "soon"})
        connected(editor, python_server)
        editor.until_said("REPL_CONNECT_CONNECTION__TIMEOUT")
        sends(editor, python_server)


class TestErrorsOfItsOwn:
    def test_are_told_and_it_goes_on(self, editor: Editor, python_server: Program) -> None:
        connected(editor, python_server)
        pid = host_of(editor)
        editor.lua(
            "require('repl_connect.host').notify('evaluate', {evaluation = 7, unit = 8, "
            "connection = 1, text = 5})"
        )
        editor.until_said("The host has met an error of its own: ")
        assert host_of(editor) == pid
        assert "Traceback" in "\n".join(editor.lua("return require('repl_connect.host').stderr()"))
        editor.command("checkhealth repl_connect")
        assert "Traceback" in "\n".join(editor.lines())
        editor.command("edit work.py")
        sends(editor, python_server)

    def test_do_not_keep_what_waits_for_the_connection_from_being_sent(
        self, editor: Editor, python_server: Program
    ) -> None:
        editor.open("work.py", "", "python")
        editor.lua(
            "require('repl_connect.connections').connect(...) "
            "require('repl_connect.host').notify('evaluate', {evaluation = 1001, unit = 'dance', "
            "connection = 1, text = 'x'}) vim.cmd('ReplEval 6 * 7')",
            python_server.address,
        )
        editor.until_said("The host has met an error of its own: ")
        editor.until(lambda: "=> 42" in log(editor), "the value in the log")

    def test_requests_that_it_does_not_know(self, editor: Editor, python_server: Program) -> None:
        connected(editor, python_server)
        editor.lua("require('repl_connect.host').notify('dance', {})")
        editor.until_said("The plugin and its host do not fit")
        sends(editor, python_server)

    @pytest.mark.parametrize(
        ("command", "said"),
        [
            (("sh", "-c", "echo 'repl-connect: X is missing.' >&2; exit 2"), "X is missing."),
            (("sh", "-c", "echo oops >&2; exit 1"), "(status 1): oops."),
            (("/no/such/program",), "can't be run"),
        ],
    )
    def test_one_that_does_not_start(
        self, start_editor: StartEditor, command: tuple[str, ...], said: str
    ) -> None:
        editor = start_editor(command=command)
        editor.open("a.py", "1", "python")
        editor.command("ReplConnect ./x.sock")
        editor.until_said(said)
        assert editor.messages().count(said) == 1
        assert editor.hosts == []

    def test_what_python_prints_does_not_disturb(
        self, start_editor: StartEditor, tmp_path: Path, python_server: Program
    ) -> None:
        (tmp_path / "sitecustomize.py").write_text("import sys; print('hello', file=sys.stderr)")
        editor = start_editor(environment={"PYTHONPATH": str(tmp_path)})
        assert HOST
        connected(editor, python_server)
        sends(editor, python_server)
