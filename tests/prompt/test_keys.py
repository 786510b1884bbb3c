"""The keys, without a terminal: keys from a pipe, drawing to nowhere."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from prompt.conftest import StartServer
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput

from repl_connect.channel import WireChannel
from repl_connect.conversation.connecting import open_link
from repl_connect.exit_codes import ExitCode
from repl_connect.link import Link
from repl_connect.prompt.app import Prompt
from repl_connect.settings import Settings

Type = Callable[[str], None]


@pytest.fixture
def work(
    start_server: StartServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str, Callable[[Prompt, Type], Awaitable[None]]], ExitCode]:
    """Run a prompt on a server of some language, with somebody who types."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))

    def run(language: str, user: Callable[[Prompt, Type], Awaitable[None]]) -> ExitCode:
        server = start_server(language)

        def connect(_: str | None) -> Link:
            stream = socket.socket(socket.AF_UNIX)
            stream.connect(str(server.path))
            return Link(stream, WireChannel(), name="toy")

        async def main() -> ExitCode:
            with create_pipe_input() as keys:
                prompt = Prompt(
                    open_link(connect),
                    connect,
                    settings=Settings(),
                    input=keys,
                    output=DummyOutput(),
                )

                async def use() -> None:
                    try:
                        await user(prompt, keys.send_text)
                    finally:
                        prompt.leave()

                using = asyncio.ensure_future(use())
                code = await prompt.run()
                await using
                return code

        return asyncio.run(asyncio.wait_for(main(), 20))

    return run


async def until(condition: Callable[[], object]) -> None:
    while not condition():
        await asyncio.sleep(0.001)


Work = Callable[[str, Callable[[Prompt, Type], Awaitable[None]]], ExitCode]


def test_enter_indents_and_tab_mends_the_indentation(work: Work) -> None:
    async def user(prompt: Prompt, send: Type) -> None:
        send("def f():\r")
        await until(lambda: prompt.buffer.text == "def f():\n    ")
        send("\x7f\x7f\x7f\x7f\t")
        await until(lambda: prompt.buffer.text == "def f():\n    ")
        send("\t")
        await until(lambda: prompt.buffer.text == "def f():\n        ")

    assert work("python", user) == ExitCode.OK


def test_enter_above_the_last_line_starts_a_line(work: Work) -> None:
    async def user(prompt: Prompt, send: Type) -> None:
        send("\x1b[200~(f\n(add 1\n2))\x1b[201~")
        await until(lambda: prompt.buffer.text.endswith("2))"))
        send("\x1b[A\r")
        await until(lambda: prompt.buffer.text.count("\n") == 3)
        assert not prompt.conversation.running

    work("guile", user)


def test_enter_in_the_middle_of_a_complete_line_sends_it(work: Work) -> None:
    async def user(prompt: Prompt, send: Type) -> None:
        send("(add 1 2)\x1b[D\x1b[D\r")
        await until(lambda: prompt.buffer.history.get_strings() == ["(add 1 2)"])
        await until(lambda: not prompt.buffer.text)

    work("guile", user)


def test_a_paste_is_verbatim(work: Work) -> None:
    async def user(prompt: Prompt, send: Type) -> None:
        send("\x1b[200~if x:\r\n\ty\r\n\r\nz\x1b[201~")
        await until(lambda: prompt.buffer.text == "if x:\n\ty\n\nz")

    work("python", user)


def test_blank_lines_send_nothing(work: Work) -> None:
    async def user(prompt: Prompt, send: Type) -> None:
        send("\r  \r\radd")
        await until(lambda: prompt.buffer.text == "add")
        assert prompt.buffer.history.get_strings() == []

    work("python", user)


def test_prefix_search_in_the_history(work: Work) -> None:
    async def user(prompt: Prompt, send: Type) -> None:
        send("add(1, 1)\rsay('x')\radd(2, 2)\rsay('y')\r")
        await until(lambda: len(prompt.buffer.history.get_strings()) == 4)
        send("add\x1b[A")
        await until(lambda: prompt.buffer.text == "add(2, 2)")
        send("\x1b[A")
        await until(lambda: prompt.buffer.text == "add(1, 1)")

    work("python", user)


def test_repeated_entries_are_kept_once(work: Work) -> None:
    async def user(prompt: Prompt, send: Type) -> None:
        send("add(1, 1)\radd(1, 1)\radd(2, 2)\r")
        await until(lambda: prompt.buffer.history.get_strings() == ["add(1, 1)", "add(2, 2)"])

    work("python", user)


def test_a_terminal_that_goes_away_ends_it(work: Work) -> None:
    async def user(prompt: Prompt, send: Type) -> None:
        send("half")
        await until(lambda: prompt.buffer.text == "half")
        prompt.application.exit(exception=EOFError)

    assert work("python", user) == ExitCode.OK
