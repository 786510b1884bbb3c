"""Which servers are announced, and which are not."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from client.command import repl_connect
from lan.programs import LO, TOKEN, AnnouncedProgram, Browsing, unique_name

import repl_server
from repl_connect.cli import main_exit
from repl_connect.errors import UsageError
from repl_connect.lan import NotAnnounced, announce
from repl_server.network.listen import listen


class At(NamedTuple):
    """What says that it is a server, and where."""

    address: str


@pytest.fixture
def silence(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing at all is said on a network."""

    def spoken(*_: object) -> None:
        raise AssertionError("it has been said on the network")

    monkeypatch.setattr("repl_connect.lan.multicast.open_zeroconf", spoken)


@pytest.mark.usefixtures("here", "silence")
class TestRefused:
    @pytest.mark.parametrize("interfaces", [None, [LO]])
    @pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.9.9.9"])
    def test_what_is_bound_to_loopback(self, host: str, interfaces: list[str] | None) -> None:
        with (
            repl_server.serve(f"{host}:0", namespace={}, token=TOKEN) as server,
            pytest.raises(NotAnnounced, match="from this machine only: it is not announced"),
        ):
            announce(server, interfaces=interfaces)

    @pytest.mark.parametrize("address", ["[::1]:7888", "[::ffff:127.0.0.1]:7888"])
    def test_however_it_is_written(self, address: str) -> None:
        with pytest.raises(NotAnnounced, match="from this machine only"):
            announce(At(address))

    def test_a_unix_socket(self) -> None:
        with (
            repl_server.serve("./app.sock", namespace={}, token=TOKEN) as server,
            pytest.raises(NotAnnounced, match=r"app.sock is a Unix socket.*0.0.0.0:PORT"),
        ):
            announce(server)

    def test_what_asks_for_no_token(self) -> None:
        """Whatever it says of itself: it is tried."""
        with repl_server.serve("localhost:0", namespace={}) as server:
            port = server.address.rpartition(":")[2]
            with pytest.raises(NotAnnounced, match=r"asks for no token.*make_token"):
                announce(At(f"0.0.0.0:{port}"), interfaces=[LO])

    def test_where_nobody_is(self) -> None:
        listener = listen("0.0.0.0:0", token=TOKEN)
        listener.close()
        with pytest.raises(NotAnnounced, match="has not asked a client for a token"):
            announce(listener, interfaces=[LO])

    def test_the_sentence_is_for_a_user(self) -> None:
        assert issubclass(NotAnnounced, UsageError)


@pytest.mark.usefixtures("here")
def test_where_zeroconf_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "zeroconf", None)
    with pytest.raises(NotAnnounced, match=r"needs zeroconf, which is missing in .*Install it"):
        announce(At("0.0.0.0:1"))
    assert main_exit(["list", "--lan"]) == 2
    assert "needs zeroconf, which is missing in" in capsys.readouterr().err


@pytest.mark.usefixtures("here")
class TestTold:
    def test_by_a_name_of_its_own_until_it_ends(self) -> None:
        name = unique_name()
        with Browsing() as browsing, AnnouncedProgram(f"/x/{name}.py") as first:
            assert first.name.startswith(f"{name} on ")
            browsing.wait_for(lambda: browsing.named(first.name) is not None)
            found = browsing.named(first.name)
            assert found is not None
            assert (str(found.address), found.program) == (f"{LO}:{first.port}", f"{name}.py")
            assert (found.language, found.mode, found.token) == ("python", "threads", True)
            # A second of that program, in this process.
            with repl_server.serve("0.0.0.0:0", namespace={}, token=TOKEN) as server:
                with announce(server, program=name, interfaces=[LO]) as second:
                    assert second.name != first.name
                    browsing.wait_for(lambda: browsing.named(second.name) is not None)
                browsing.wait_for(lambda: browsing.named(second.name) is None)
                assert browsing.named(first.name) == found
            first.__exit__()  # it says goodbye when it ends, although it does not close it
            browsing.wait_for(lambda: browsing.named(first.name) is None)

    def test_one_that_was_killed_is_gone_when_it_is_not_believed_any_more(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("repl_connect.lan.browsing.TTL", 1)
        monkeypatch.setattr("repl_connect.lan.browsing._ASKING", 1_000)
        with Browsing() as browsing, AnnouncedProgram(unique_name(), ttl=1) as program:
            browsing.wait_for(lambda: browsing.named(program.name) is not None)
            program.kill()
            browsing.wait_for(lambda: browsing.named(program.name) is None)

    def test_a_program_with_a_loop_does_not_wait(self) -> None:
        async def told() -> None:
            async with await repl_server.start("0.0.0.0:0", namespace={}, token=TOKEN) as server:
                with (
                    repl_server.CoopServer("0.0.0.0:0", namespace={}, token=TOKEN) as unpolled,
                    announce(server, program=unique_name(), interfaces=[LO]) as one,
                    announce(unpolled, program=unique_name(), interfaces=[LO]) as other,
                ):
                    assert not one.wait(0)
                    assert await asyncio.to_thread(one.wait, 60)
                    assert await asyncio.to_thread(other.wait, 60)

        asyncio.run(told())

    def test_closed_before_it_is_told_it_is_not(self) -> None:
        with repl_server.serve("0.0.0.0:0", namespace={}, token=TOKEN) as server:
            announcement = announce(server, interfaces=[LO])
            announcement.close()
            announcement.close()
            assert repr(announcement).endswith("(closed)>")


_BRIDGE = f"""
import sys
from repl_connect.address import parse_address
from repl_connect.bridge.running import serve_listening
serve_listening(
    parse_address(sys.argv[1]), "0.0.0.0:0", token={TOKEN!r}, announced_as=sys.argv[2],
    interfaces=[{LO!r}],
)
"""


def test_a_bridge_is_announced_by_the_name_of_what_is_behind_it(here: Path) -> None:
    """Which is not there, and is not asked for."""
    name = unique_name()
    command = [sys.executable, "-c", _BRIDGE, "./nobody.sock", f"/x/{name}.sock"]
    with Browsing() as browsing, subprocess.Popen(command, stdout=subprocess.PIPE) as bridge:
        browsing.wait_for(lambda: browsing.starting(f"{name} on ") is not None)
        found = browsing.starting(f"{name} on ")
        assert found is not None
        assert (found.program, found.mode, found.language) == (f"{name}.sock", "bridge", "")
        bridge.terminate()
        browsing.wait_for(lambda: browsing.starting(f"{name} on ") is None)
        assert bridge.wait(60) == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--listen", "127.0.0.1:0"), "can be reached from this machine only"),
        (("--listen", "./b.sock"), "is a Unix socket"),
        (("--stdio",), "leave --announce out"),
        (("--keep-jobs", "5"), "leave --announce out"),
    ],
)
def test_a_bridge_that_is_not_to_be_announced_does_not_start(
    here: Path, arguments: tuple[str, ...], words: str
) -> None:
    done = repl_connect("bridge", "./nobody.sock", "--announce", *arguments)
    assert (done.code, done.out) == (2, "")
    assert words in done.err
    assert list(here.iterdir()) == []
