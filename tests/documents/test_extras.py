"""What client/PARTNERS.md and client/DASHBOARD.md show, which needs the extras."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import pytest
from client.programs import PythonProgram
from cluster.programs import dask_cluster
from documents.comparing import difference
from documents.reading import Block
from documents.showing import shows
from documents.user import User
from guile.programs import free_port

_TOKEN: Final = "a token of some length"

_EXTRAS: Final[Mapping[str, str]] = {
    "repl-connect dashboard": "textual",
    "repl-connect list --lan": "zeroconf",
    "repl-connect partners import dask://localhost:8786": "distributed",
    "repl-connect nvim-host": "pynvim",
}
"""A command, and what it needs beside what `pip install .` brings."""


@pytest.mark.parametrize("command", _EXTRAS)
def test_without_an_extra_it_is_said_how_to_add_it(command: str, user: User) -> None:
    done = user.run(command)
    said = " ".join(done.lines)
    assert done.status == 2, done
    assert len(done.lines) <= 2
    assert _EXTRAS[command] in said
    assert re.search(r"(?:uv )?pip install|pipx inject", said), said


@shows("client/PARTNERS.md#dask")
def test_dask(shown: list[Block], complete_user: User) -> None:
    """At the scheduler's port, for the one that is shown."""
    user = complete_user
    add, set_speed, worker, dealt = shown[0].steps
    place = user.directory / "cluster"
    place.mkdir()
    with dask_cluster(place) as cluster:
        user.write("names.txt", "a.png\nb.png\n")
        port = cluster.url.rpartition(":")[2]
        address = f"dask://localhost:{port}"
        printed = user.succeed(add.command.replace("dask://localhost:8786", address))
        sockets = re.compile(r"/\S*/(?=repl-server/)")
        shown_lines = [sockets.sub("", line) for line in add.output]
        printed = [sockets.sub("", line) for line in printed]
        assert not (told := difference(shown_lines, printed)), told
        user.follow(set_speed)
        user.follow(worker)
        for number in range(2):
            user.succeed(f"repl-connect eval @dask-{number} 'def resize(name): return len(name)'")
        outcomes = user.succeed(dealt.command.replace("dask://localhost:8786", address))
        assert sum("#" in line for line in outcomes) == 2, outcomes


@shows("client/PARTNERS.md#on-the-network", "client/PARTNERS.md#on-the-network (2)")
def test_the_network(shown: list[Block], complete_user: User) -> None:
    """On this machine's own network, at a port that is free, for those that are shown."""
    user = complete_user
    program, session = shown
    port = str(free_port())
    announce = "announce(server)"
    assert announce in program.text
    code = program.text.replace(announce, "announce(server, interfaces=['127.0.0.1'])")
    user.write(
        "game.py",
        f"TOKEN = {_TOKEN!r}\n{code.replace('7888', port)}\n"
        "announcement.wait()\nprint('ready', flush=True)\nserver_is_up = input()\n",
    )
    user.program("python game.py", "ready")
    listed, connect = session.steps
    lines: list[str] = []
    for _ in range(10):  # it listens for two seconds, which may be short for a busy machine
        lines = user.succeed(f"{listed.command} --interface 127.0.0.1")
        if any("(network)" in line for line in lines):
            break
    (found,) = (line for line in lines if f":{port} " in line and "(network)" in line)
    head, row = listed.output
    assert lines[0].split() == head.split()
    assert _columns(found)[1:-1] == _columns(row)[1:-1]
    token = user.write("tower.token", _TOKEN)
    token.chmod(0o600)
    address = f"127.0.0.1:{port}"
    terminal = user.prompt(re.sub(r"192\S+", address, connect.command), "__main__>")
    terminal.enter("server_is_up = 6 * 7; server_is_up")
    terminal.wait_for_line("42")
    user.leave(terminal)


def _columns(line: str) -> list[str]:
    return re.split(r" {2,}", line.strip())


@shows("client/DASHBOARD.md#the-dashboard")
def test_the_dashboard(shown: list[Block], complete_user: User) -> None:
    user = complete_user
    with (
        PythonProgram(str(user.home / "sim.sock")),
        PythonProgram(str(user.home / "app.sock")),
    ):
        user.succeed("repl-connect partners add sim ./sim.sock --tag web")
        for step in shown[0].steps:
            command = step.command.partition("  ")[0]
            terminal = user.terminal(command, columns=120)
            for name in ("@sim", "./app.sock"):
                if name in command or name == "@sim":
                    terminal.wait_for(name)
            terminal.wait_for("connected")
            terminal.send("q")
            assert terminal.wait_exit() == 0, command
