"""Where a REPL may be: what files and records say, and which process listens."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

import repl_server
from repl_connect.address import TcpAddress, UnixAddress
from repl_connect.listeners import Listeners, is_local
from repl_connect.places import (
    EMBEDDED,
    PORT_FILE,
    BadPortFile,
    Place,
    address_of,
    places,
    record_at,
    shown_path,
)
from repl_server.network.records import Record


def record(address: str) -> Record:
    return Record(
        pid=1, program="p", cwd="/", language="python", address=address, mode="threads", started=0
    )


@pytest.fixture
def project(directory: Path) -> Path:
    path = directory / "project"
    (path / "src").mkdir(parents=True)
    return path


@pytest.fixture
def listening(project: Path) -> Iterator[str]:
    """A socket file in the project that this process listens on."""
    path = str(project / "app.sock")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        yield path


class TestPlaces:
    def test_nothing(self, project: Path) -> None:
        assert places(str(project)) == ([], [])

    def test_the_nearest_first(self, project: Path, listening: str) -> None:
        (project / "src" / PORT_FILE).write_text("7001")
        (project / PORT_FILE).write_text("7002\n")
        found, bad = places(str(project / "src"))
        assert found == [
            Place(TcpAddress("localhost", 7001), True, str(project / "src" / PORT_FILE)),
            Place(TcpAddress("localhost", 7002), True, str(project / PORT_FILE)),
            Place(UnixAddress(listening), True, listening),
        ]
        assert bad == []

    def test_what_holds_no_port(self, project: Path) -> None:
        (project / PORT_FILE).write_text("soon")
        assert places(str(project)) == ([], [BadPortFile(str(project / PORT_FILE), "soon")])

    def test_other_files_are_no_places(self, project: Path) -> None:
        (project / "file").touch()
        (project / "link").symlink_to("nowhere")
        os.mkfifo(project / "pipe")
        assert places(str(project)) == ([], [])

    def test_the_home_directory_is_the_last(
        self, project: Path, listening: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HOME", str(project / "src"))
        assert places(str(project / "src")) == ([], [])
        monkeypatch.setenv("HOME", str(project))
        assert [place.file for place in places(str(project / "src"))[0]] == [listening]

    def test_directories_open_to_others_are_passed_by(self, project: Path, listening: str) -> None:
        project.chmod(0o777)
        assert places(str(project / "src")) == ([], [])
        assert len(places(str(project))[0]) == 1  # unless one is in it

    def test_a_server_with_a_record_is_one_place(self, project: Path, directory: Path) -> None:
        elsewhere = directory / "elsewhere"
        elsewhere.mkdir()
        with repl_server.serve(project / "app.sock", namespace={}):
            (place,), _ = places(str(project))
            assert place.record is not None
            assert place.record.pid == os.getpid()
            assert place.local
            (place,), _ = places(str(elsewhere))
            assert not place.local
            assert record_at(place.address) is not None
        assert record_at(place.address) is None

    @pytest.mark.parametrize(
        ("path", "embedded"),
        [(f"/tmp/{EMBEDDED}0af1/python.sock", True), ("/tmp/app/python.sock", False)],
    )
    def test_the_server_of_a_prompt_is_known_by_its_directory(
        self, path: str, embedded: bool
    ) -> None:
        assert Place(UnixAddress(path), local=False).embedded == embedded

    @pytest.mark.parametrize(
        ("written", "address"),
        [
            ("unix:/a b/x.sock", UnixAddress("/a b/x.sock")),
            ("localhost:7888", TcpAddress("localhost", 7888)),
            ("0.0.0.0:7888", TcpAddress("localhost", 7888)),
            ("[::]:7888", TcpAddress("localhost", 7888)),
            ("10.0.0.1:7888", TcpAddress("10.0.0.1", 7888)),
        ],
    )
    def test_where_a_record_points(self, written: str, address: UnixAddress | TcpAddress) -> None:
        assert address_of(record(written)) == address

    @pytest.mark.parametrize(
        ("path", "here", "shown"),
        [
            ("/a/b/x.sock", "/a/b", "./x.sock"),
            ("/a/b/c/x.sock", "/a/b", "./c/x.sock"),
            ("/a/bc/x.sock", "/a/b", "/a/bc/x.sock"),
            ("/a/x.sock", "/a/b", "/a/x.sock"),
            ("/x.sock", "/", "./x.sock"),
        ],
    )
    def test_paths_as_one_would_type_them(self, path: str, here: str, shown: str) -> None:
        assert shown_path(path, here) == shown


class TestListeners:
    def test_the_owner_of_a_socket_file(self, listening: str) -> None:
        assert Listeners().unix_owner(UnixAddress(listening)) == os.getpid()

    def test_by_a_path_from_here(
        self, project: Path, listening: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(project / "src")
        assert Listeners().unix_owner(UnixAddress("../app.sock")) == os.getpid()

    def test_bound_by_a_path_from_there(
        self, project: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(project)
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind("with  blanks.sock")
            listener.listen()
            found = Listeners().unix_owner(UnixAddress(str(project / "with  blanks.sock")))
            assert found == os.getpid()

    def test_nobody_listens(self, project: Path) -> None:
        path = project / "app.sock"
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind(str(path))
            assert Listeners().unix_owner(UnixAddress(str(path))) is None

    def test_the_owner_of_a_port(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
            assert Listeners().tcp_owner(TcpAddress("localhost", port)) == os.getpid()
        assert Listeners().tcp_owner(TcpAddress("localhost", port)) is None

    def test_of_other_machines_nothing_is_known(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
            assert Listeners().tcp_owner(TcpAddress("example.org", port)) is None

    @pytest.mark.parametrize(
        ("host", "local"),
        [
            *(("localhost", True), ("127.0.0.1", True), ("127.1.2.3", True), ("::1", True)),
            *(("example.org", False), ("10.0.0.1", False)),
        ],
    )
    def test_which_addresses_are_this_machines(self, host: str, local: bool) -> None:
        assert is_local(TcpAddress(host, 7888)) == local
