from __future__ import annotations

from pathlib import Path

import pytest

from repl_connect.address import LONGEST_PATH, HttpAddress, TcpAddress, UnixAddress, parse_address
from repl_connect.errors import AddressError
from repl_connect.exit_codes import ExitCode


@pytest.fixture(autouse=True)
def empty_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/somebody")
    return tmp_path


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("./guile-socket", "./guile-socket"),
        ("/run/x.sock", "/run/x.sock"),
        ("dir/x.sock", "dir/x.sock"),
        ("../x", "../x"),
        ("~/x.sock", "/home/somebody/x.sock"),
        ("unix:x.sock", "x.sock"),
        ("unix:/run/x.sock", "/run/x.sock"),
        ("unix:///run/x.sock", "/run/x.sock"),
        ("nrepl+unix:x.sock", "x.sock"),
        ("nrepl+unix:/run/x.sock", "/run/x.sock"),
        ("unix:7888", "7888"),
        ("unix:localhost:7888", "localhost:7888"),
        ("./localhost:7888", "./localhost:7888"),
        ("./with space", "./with space"),
        ("./\udcff", "./\udcff"),
        ("/" + "x" * (LONGEST_PATH - 1), "/" + "x" * (LONGEST_PATH - 1)),
    ],
)
def test_a_unix_socket(text: str, path: str) -> None:
    assert parse_address(text) == UnixAddress(path)


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("localhost:7888", "localhost", 7888),
        ("7888", "localhost", 7888),
        ("1", "localhost", 1),
        ("65535", "localhost", 65535),
        (":7888", "localhost", 7888),
        ("127.0.0.1:1", "127.0.0.1", 1),
        ("[::1]:7888", "::1", 7888),
        ("[fe80::1%eth0]:7888", "fe80::1%eth0", 7888),
        ("my-host.example.org:7888", "my-host.example.org", 7888),
        ("nrepl://localhost:7000", "localhost", 7000),
        ("nrepl://localhost:7000/", "localhost", 7000),
        ("nrepl://localhost", "localhost", 7888),
        ("nrepl://[::1]:7000", "::1", 7000),
        ("nrepl://[::1]", "::1", 7888),
    ],
)
def test_tcp(text: str, host: str, port: int) -> None:
    assert parse_address(text) == TcpAddress(host, port)


@pytest.mark.parametrize(
    ("text", "host", "port", "path"),
    [
        ("http://localhost:4242", "localhost", 4242, ""),
        ("http://localhost:4242/", "localhost", 4242, ""),
        ("http://localhost", "localhost", 80, ""),
        ("http://[::1]:4242", "::1", 4242, ""),
        ("http://[::1]", "::1", 80, ""),
        ("http://host:4242/lisp/one/", "host", 4242, "/lisp/one"),
    ],
)
def test_telephone(text: str, host: str, port: int, path: str) -> None:
    assert parse_address(text) == HttpAddress(host, port, path)


def test_a_bare_name_is_a_path_if_such_a_file_is_there(empty_directory: Path) -> None:
    for name in ("guile-socket", "odd:1"):
        (empty_directory / name).touch()
        assert parse_address(name) == UnixAddress(name)


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("./x", "./x"),
        ("/x", "/x"),
        ("unix:x", "./x"),
        ("7888", "localhost:7888"),
        ("[::1]:7888", "[::1]:7888"),
        ("nrepl://localhost", "localhost:7888"),
        ("http://localhost:4242/", "http://localhost:4242"),
        ("http://[::1]/x", "http://[::1]:80/x"),
    ],
)
def test_it_is_printed_one_way_and_that_reads_as_the_same(text: str, printed: str) -> None:
    assert str(parse_address(text)) == printed
    assert str(parse_address(printed)) == printed


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "host:port, or a port"),
        ("guile-socket", "./guile-socket"),
        ("no such", "host:port, or a port"),
        ("localhost:", "host:port, or a port"),
        ("localhost:http", "host:port, or a port"),
        ("a:b:7888", "host:port, or a port"),
        ("::1:7888", "host:port, or a port"),
        ("[localhost]:7888", "host:port, or a port"),
        ("localhost:0", "from 1 to 65535"),
        ("localhost:65536", "from 1 to 65535"),
        ("localhost:99999999999999999999", "from 1 to 65535"),
        ("0", "from 1 to 65535"),
        ("65536", "from 1 to 65535"),
        ("123456", "from 1 to 65535"),
        ("-1", "host:port, or a port"),
        ("٣٤", "host:port, or a port"),
        ("nrepl://", "host:port"),
        ("nrepl://localhost:x", "host:port"),
        ("https://localhost:80/", "not known"),
        ("http://", "http://host:port"),
        ("http:///x", "http://host:port"),
        ("http://user@localhost", "http://host:port"),
        ("http://localhost:4242/tres?id=1", "http://host:port"),
        ("http://localhost:99999", "from 1 to 65535"),
        ("http://localhost/a b", "http://host:port"),
        ("ssh://host", "through ssh"),
        ("unix:", "names no socket"),
        ("nrepl+unix:", "names no socket"),
        ("./a\0b", "names no socket"),
        ("a\0b", "host:port, or a port"),
        ("/" + "x" * LONGEST_PATH, "108"),
        ("./" + "é" * 60, "122"),
    ],
)
def test_what_is_no_address_is_told_what_would_be(text: str, says: str) -> None:
    with pytest.raises(AddressError) as caught:
        parse_address(text)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == ExitCode.USAGE
