"""What was found at an address before: the file, and what comes of it when one connects."""

from __future__ import annotations

import contextlib
import stat
from pathlib import Path

import pytest
from client.fakes import FakeServer, Talk, speaks_nrepl
from driver import Client

from repl_connect.address import Address, TcpAddress, UnixAddress, parse_address
from repl_connect.connect import connect, reach
from repl_connect.detection.remembered import forget, path, recall, remember
from repl_connect.errors import ConnectError
from repl_server.wire import Message, encode

PROBE = encode({"op": "describe", "id": "0"})
HERE = TcpAddress("localhost", 4005)


def silence(talk: Talk) -> None:
    talk.read_to_end()


def no_evaluation(talk: Talk, message: Message) -> None:
    talk.reply(message)


class TestFile:
    def test_nothing_is_known_at_first(self) -> None:
        assert recall(HERE) is None
        assert not Path(path()).exists()

    @pytest.mark.parametrize(
        "address", [HERE, UnixAddress("./with blanks.sock"), UnixAddress("/tmp/ü\udcff.sock")]
    )
    def test_the_last_one_found_is_kept(self, address: Address) -> None:
        remember(address, "node")
        remember(TcpAddress("localhost", 1), "python")
        remember(address, "racket")
        assert recall(address) == "racket"
        assert recall(TcpAddress("localhost", 1)) == "python"

    def test_a_socket_is_known_from_every_directory(
        self, directory: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        remember(UnixAddress(str(directory / "a.sock")), "sbcl")
        monkeypatch.chdir(directory)
        assert recall(UnixAddress("a.sock")) == "sbcl"

    def test_it_is_forgotten(self) -> None:
        remember(HERE, "node")
        remember(TcpAddress("localhost", 1), "python")
        forget(HERE)
        assert recall(HERE) is None
        assert recall(TcpAddress("localhost", 1)) == "python"

    def test_it_is_written_only_when_it_changes(self) -> None:
        remember(HERE, "node")
        before = Path(path()).stat().st_ino
        remember(HERE, "node")
        forget(TcpAddress("elsewhere", 1))
        assert Path(path()).stat().st_ino == before

    def test_it_is_the_users_alone(self) -> None:
        remember(HERE, "node")
        assert stat.S_IMODE(Path(path()).stat().st_mode) == 0o600

    def test_the_oldest_make_room(self) -> None:
        for port in range(1, 302):
            remember(TcpAddress("localhost", port), "node")
        assert recall(TcpAddress("localhost", 101)) is None
        assert recall(TcpAddress("localhost", 102)) == "node"
        assert len(Path(path()).read_text().splitlines()) == 200

    @pytest.mark.parametrize(
        "contents",
        [b"", b"\0\xff\xfe", b"node\n", b"cobol 1 localhost:4005\n", b"node x localhost:4005\n"],
    )
    def test_what_can_not_be_understood_is_passed_over(self, contents: bytes) -> None:
        Path(path()).parent.mkdir(parents=True)
        Path(path()).write_bytes(contents)
        assert recall(HERE) is None
        remember(HERE, "node")
        assert recall(HERE) == "node"

    def test_where_nothing_can_be_written_nothing_is_kept(
        self, directory: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (directory / "file").touch()
        monkeypatch.setenv("XDG_STATE_HOME", str(directory / "file"))
        remember(HERE, "node")
        assert recall(HERE) is None


class TestConnecting:
    def test_what_was_found_is_remembered(self, directory: Path) -> None:
        with FakeServer(speaks_nrepl(no_evaluation), directory) as fake:
            Client(fake.address).close()
        assert recall(parse_address(fake.address)) == "nrepl"

    def test_what_the_user_said_is_remembered_if_it_was_right(self, directory: Path) -> None:
        with FakeServer(silence, directory) as fake:
            with pytest.raises(ConnectError, match="opened no session"):
                connect(parse_address(fake.address), dialect="guile", timeout=0.2)
            assert recall(parse_address(fake.address)) is None
        with FakeServer(speaks_nrepl(no_evaluation), None) as fake:
            Client(fake.address, dialect="nrepl").close()
        assert recall(parse_address(fake.address)) == "nrepl"

    def test_what_failed_is_not(self, directory: Path) -> None:
        def close(talk: Talk) -> None:
            talk.say(b">>> ")
            talk.read()

        with FakeServer(close, directory) as fake, pytest.raises(ConnectError):
            Client(fake.address)
        assert recall(parse_address(fake.address)) is None

    def test_of_prompts_that_look_the_same_it_tells_which(self, directory: Path) -> None:
        def prompt(talk: Talk) -> None:
            talk.say(b"> ")
            talk.read_to_end()

        with FakeServer(prompt, directory) as fake:
            remember(parse_address(fake.address), "racket")
            stream, channel = reach(parse_address(fake.address))
            stream.close()
            assert type(channel).__name__ == "RacketAdapter"

    def test_one_that_does_not_fit_is_forgotten_and_found_out_anew(self, directory: Path) -> None:
        def changed(talk: Talk) -> None:
            talk.say(b"> ")
            while talk.read():
                with contextlib.suppress(ConnectionError):
                    talk.say(b"what?\n> ")

        with FakeServer(changed, directory) as fake:
            remember(parse_address(fake.address), "racket")
            with Client(fake.address) as client:
                assert client.link.dialect == "prompt"
        assert recall(parse_address(fake.address)) is None

    def test_a_swank_that_became_an_nrepl_server(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("repl_connect.connect.peer_of", lambda _: None)  # as on other machines
        nrepl = speaks_nrepl(no_evaluation)

        def behave(talk: Talk) -> None:
            if len(fake.talks) == 1:
                talk.read()  # a Swank message, which is no bencode
            else:
                nrepl(talk)

        with FakeServer(behave, None) as fake:
            remember(parse_address(fake.address), "swank")
            with Client(fake.address) as client:
                assert client.link.dialect == "nrepl"
            fake.wait()
        assert not fake.talks[0].received.startswith(PROBE)
