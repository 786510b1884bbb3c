"""What is said on the network, and what is believed."""

from __future__ import annotations

import pytest

from repl_connect.address import TcpAddress
from repl_connect.lan.service import SERVICE, Found, found_in, instance_name, properties_of


def found(*addresses: str, port: int | None = 7888) -> Found | None:
    return found_in(f"x.{SERVICE}", addresses or ["192.0.2.1"], port, {b"program": None})


def test_what_is_said_is_what_is_found() -> None:
    said = properties_of("/home/ada/secret/game.py", "python", "threads")
    assert said == {"program": "game.py", "language": "python", "mode": "threads", "token": "1"}
    heard = {key.encode(): value.encode() for key, value in said.items()}
    assert found_in(f"game on tower:7888.{SERVICE}", ["192.0.2.1"], 7888, heard) == Found(
        "game on tower:7888", TcpAddress("192.0.2.1", 7888), "game.py", "python", "threads", True
    )


@pytest.mark.parametrize(
    ("program", "host", "name"),
    [
        ("/home/ada/secret/game.py", "tower.example.org", "game on tower:7888"),
        ("a.b.py", "tower", "a-b on tower:7888"),
        ("a\x1b[2J\n", "tower", "a?[2J? on tower:7888"),
    ],
)
def test_the_name_tells_no_path_and_is_one_label(program: str, host: str, name: str) -> None:
    assert instance_name(program, host, 7888) == name


def test_a_long_name_is_cut_between_characters() -> None:
    name = instance_name("é" * 100, "tower", 65535)
    assert name == "é" * 25 + ":65535"
    assert len(f"{name}-9999".encode()) <= 63
    assert len(properties_of("é" * 500, "", "")["program"].encode()) == 100


@pytest.mark.parametrize(
    "value",
    [
        b"\x1b]0;owned\x07",
        b"a\nb\r\tc",
        "\u202egnp.exe\u200b".encode(),  # turns the direction of what follows
        b"\xff\xfe\x00",
        b"x" * 250,
    ],
    ids=repr,
)
def test_texts_from_the_network_are_short_and_printable(value: bytes) -> None:
    properties = dict.fromkeys((b"program", b"language", b"mode", b"token"), value)
    one = found_in(f"{value.decode('utf-8', 'replace')}.{SERVICE}", ["192.0.2.1"], 1, properties)
    assert one is not None
    for text in (one.name, one.program, one.language, one.mode):
        assert text
        assert text.isprintable()
        assert len(text) <= 64
    assert one.token is False


def test_what_says_nothing_is_shown_too() -> None:
    """Others than we use this type of service."""
    assert found() == Found("x", TcpAddress("192.0.2.1", 7888))


@pytest.mark.parametrize("port", [None, 0, -1, 65536])
def test_there_is_no_such_port(port: int | None) -> None:
    assert found(port=port) is None


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "::1", "::ffff:127.0.0.1", "0.0.0.0", "::", "224.0.0.251", "ff02::fb"),
        *("240.0.0.1", "fe80::1", "far.example", "192.0.2.1;rm", ""),
    ],
)
def test_an_address_that_is_no_other_machines_is_left_out(address: str) -> None:
    assert found(address) is None
    one = found(address, "2001:db8::7")
    assert one is not None
    assert str(one.address) == "[2001:db8::7]:7888"


def test_only_so_many_addresses_are_looked_at() -> None:
    assert found(*["0.0.0.0"] * 16, "192.0.2.1") is None
