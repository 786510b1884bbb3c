"""No room left on the disk: a process that may make no file larger sees what a full one does.

The limit (RLIMIT_FSIZE) needs no rights, can be set for a process that runs, and taken back. It is
told by another error (EFBIG instead of ENOSPC), at the same places.
"""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest
from client.command import COMMAND, LONG
from jobs.collecting import Shell
from proofs import Prove
from server.running import Running
from terminal import Terminal

from repl_connect.address import TcpAddress, UnixAddress
from repl_connect.detection.remembered import remember
from repl_connect.jobs.keepers import Keeper
from repl_connect.prompt.history.file import Entry, HistoryFile
from repl_server.errors import ServerError
from repl_server.network.port_file import PortFile
from repl_server.network.records import add_record, remove_record

ROOMS: Final = (0, 1, 20)
"""Bytes; each of the files that are tried is longer."""


def limit(pid: int, room: int | None) -> None:
    """From now on the process (0: this one) can make files so many bytes large; None: any size."""
    _, most = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (most if room is None else room, most))


@contextmanager
def limited(room: int) -> Iterator[None]:
    """The same for this process, for a while."""
    limit(0, room)
    try:
        yield
    finally:
        limit(0, None)


LIMITED: Final = (
    sys.executable,
    "-c",
    "import sys; from resource import RLIMIT_FSIZE, setrlimit;"
    "setrlimit(RLIMIT_FSIZE, (int(sys.argv.pop(1)),) * 2);"
    "from repl_connect.__main__ import main; main()",
)
"""The command, which can make no file larger than so many bytes: they are its first argument."""


def files(directory: Path) -> dict[str, bytes]:
    """What is in a directory and below it, hidden files too."""
    found = (each for each in directory.rglob("*") if each.is_file())
    return {str(each): each.read_bytes() for each in found}


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str]) -> Shell:
    """Where commands are typed; they run in this process."""
    return Shell(capsys)


COMMANDS: dict[str, tuple[str, ...]] = {
    "eval": ("eval", "{app}", "print('x'); 1"),
    "eval, a flood": ("eval", "{app}", "while True: print('x' * 1000)"),
    "eval --json": ("eval", "--json", "{app}", "1"),
    "map": ("map", "{app}", "1"),
    "submit": ("submit", "{app}", "1"),
    "list": ("list",),
}


def test_what_a_command_prints_has_no_room(directory: Path, proof: Prove) -> None:
    with Running("threads", directory / "app.sock") as program:
        for words in COMMANDS.values():
            arguments = [word.format(app=program.address) for word in words]
            with (directory / "out").open("wb") as out:
                done = subprocess.run(
                    [*LIMITED, "0", *arguments],
                    stdout=out,
                    stderr=subprocess.PIPE,
                    timeout=LONG,
                    check=False,
                )
            assert done.returncode == 2, (words, done)
            assert done.stderr.startswith(b"repl-connect: "), (words, done)
            assert b"written: File too large.\n" in done.stderr
            assert done.stderr.count(b"\n") == 1, (words, done)
        with (directory / "err").open("wb") as err:  # nothing can be said: the status is right
            nobody = [*LIMITED, "0", "eval", f"{directory}/none.sock", "1"]
            assert subprocess.run(nobody, stderr=err, timeout=LONG, check=False).returncode == 3
        with program.connect() as client:
            program.goes_on(client)
    proof(
        "no room for what is printed (standard output, then standard error, is a file)",
        ", ".join(f"`{name}`" for name in COMMANDS),
        "one line on standard error, status 2, and the server goes on",
        len(COMMANDS) + 1,
    )


def test_no_room_for_what_is_kept(
    directory: Path, monkeypatch: pytest.MonkeyPatch, shell: Shell, proof: Prove
) -> None:
    state, project = directory / "state", directory / "project"
    monkeypatch.setenv("XDG_STATE_HOME", str(state))
    project.mkdir()
    assert shell("partners", "add", "one", "localhost:7001").code == 0
    remember(TcpAddress("localhost", 7001), "nrepl")
    HistoryFile(str(state / "history")).append(Entry("before", None))
    keeper = Keeper(UnixAddress(str(directory / "app.sock")), None)
    before = files(directory)
    for room in ROOMS:
        with limited(room):
            done = shell("partners", "add", "two", "localhost:7002")
            remember(TcpAddress("localhost", 7002), "nrepl")
            with pytest.raises(OSError, match="File too large"):
                HistoryFile(str(state / "history")).append(Entry("x" * 100, None))
            with pytest.raises(OSError, match="File too large"):
                keeper.note()
            add_record("localhost:7001")
        assert done.code == 2
        assert "File too large. Nothing was changed." in done.err
        assert done.err.count("\n") == 1
        remove_record("localhost:7001")
        assert files(directory) == before
    with limited(0), pytest.raises(ServerError, match="can't be written"):
        PortFile(7001, project / ".nrepl-port")
    assert files(directory) == before
    proof(
        "no room for a file that is written, or for the end of it",
        "configuration, history, what was found at addresses, notes of servers and bridges",
        "the file is as before, and no part of a new one is left",
        len(ROOMS),
    )


def test_no_room_for_the_history_while_the_prompt_goes_on(directory: Path, proof: Prove) -> None:
    state = {"XDG_STATE_HOME": str(directory / "state")}
    with (
        Running("threads", directory / "app.sock") as program,
        Terminal([*COMMAND, program.address], environment=state, columns=200) as terminal,
    ):
        terminal.wait_for_current("__main__>")
        terminal.enter("40 + 1")
        terminal.wait_for_line("41")
        assert terminal.child.pid
        limit(terminal.child.pid, 0)
        for number in (2, 3, 4):
            terminal.enter(f"40 + {number}")
            terminal.wait_for_line(f"4{number}")
        assert terminal.all_text.count("The history can't be kept in ") == 1
        terminal.press("up")
        terminal.wait_for_current("__main__> 40 + 4")
        terminal.press("ctrl-c")
        limit(terminal.child.pid, None)
        terminal.enter("40 + 5")
        terminal.wait_for_line("45")
        terminal.press("ctrl-d")
        assert terminal.wait_exit() == 0
    (kept,) = (directory / "state" / "repl-connect" / "history").iterdir()
    texts = [entry.text for entry in HistoryFile(str(kept)).read().entries]
    assert texts == ["40 + 1", "40 + 5"]
    proof(
        "no room for the history, and room again",
        "prompt",
        "said once, entries are there until one leaves, later ones are kept",
    )
