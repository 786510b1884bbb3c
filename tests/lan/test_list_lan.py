"""`repl-connect list --lan`: who announces himself on the network, and how one connects."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from client.command import repl_connect
from lan.programs import LO, TOKEN, AnnouncedProgram, Watching, unique_name
from lan.stranger import Stranger

from repl_connect.cli import main_exit

NETWORK = ("--lan", "--interface", LO)


def test_a_program_is_found_watched_and_connected_to(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Watching(*NETWORK, directory=here) as watching:
        with AnnouncedProgram(unique_name()) as program, Stranger() as stranger:
            address = f"{LO}:{program.port}"
            joined = watching.wait_for("joined", announced=program.name)
            assert (joined["address"], joined["state"]) == (address, "token")
            assert (joined["local"], joined["pid"], joined["clients"]) == (False, None, None)

            # What strangers say is listed, and nobody connects to where they say.
            with socket.socket() as trap:
                trap.bind((LO, 0))
                trap.listen()
                trap.setblocking(False)
                name, port = unique_name(), trap.getsockname()[1]
                stranger.announce(name, LO, port, program=b"\x1b[2J", language=b"a\tb")
                watching.wait_for("joined", announced=name, state="announced")
                done = repl_connect("list", *NETWORK, "--seconds", "3", directory=here)
                with pytest.raises(BlockingIOError):
                    trap.accept()
            (row,) = (line for line in done.out.splitlines() if line.endswith(program.name))
            assert row.split()[:6] == [address, "python", "threads,", "wants", "a", "token"]
            assert row.endswith(f"(network) {program.name}")
            assert name in done.out
            assert "\x1b" not in done.out
            assert "REPL_CONNECT_TOKEN=ITS_TOKEN repl-connect ADDRESS" in done.err

            assert repl_connect("eval", address, "40 + 2").code == 3
            monkeypatch.setenv("REPL_CONNECT_TOKEN", TOKEN)
            assert repl_connect("eval", address, "40 + 2").out == "42\n"
        watching.wait_for("left", announced=program.name)


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("interface", ["192.0.2.77", "soon"])
def test_a_network_that_this_machine_is_not_on(
    interface: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main_exit(["list", "--lan", "--interface", interface]) == 3
    out, err = capsys.readouterr()
    assert out == ""
    assert f"mDNS can't be spoken on the network of {interface}: " in err
