"""Connecting to a server that asks for a token."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from client.command import refused, run

import repl_server

TOKEN = "correct horse battery staple"


@pytest.fixture(params=["unix", "tcp"])
def address(request: pytest.FixtureRequest, directory: Path) -> Iterator[str]:
    where = directory / "app.sock" if request.param == "unix" else 0
    with repl_server.serve(where, namespace={"__name__": "app"}, token=TOKEN) as server:
        yield server.address


@pytest.fixture(autouse=True)
def no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REPL_CONNECT_TOKEN", raising=False)
    monkeypatch.delenv("REPL_CONNECT_TOKEN_FILE", raising=False)


def test_from_the_environment(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REPL_CONNECT_TOKEN", TOKEN)
    assert run(address, "6*7") == (0, "42\n", "")


def test_from_a_file(address: str, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (directory / "token").write_text(TOKEN + "\n")
    monkeypatch.setenv("REPL_CONNECT_TOKEN_FILE", str(directory / "token"))
    assert run(address, "6*7") == (0, "42\n", "")


def test_without_a_record_of_the_server(
    address: str, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the probe is answered is known as nREPL."""
    (directory / "other").mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(directory / "other"))
    monkeypatch.setenv("REPL_CONNECT_TOKEN", TOKEN)
    assert run(address, "6*7") == (0, "42\n", "")


def test_without_a_token_it_says_how_to_give_it(address: str) -> None:
    said = refused(address)
    assert "asks for a token" in said
    assert "REPL_CONNECT_TOKEN" in said


def test_a_wrong_one(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REPL_CONNECT_TOKEN", "some other horse, staple")
    said = refused(address)
    assert "is not this server's" in said
    assert "horse" not in said


def test_a_file_that_is_not_there(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REPL_CONNECT_TOKEN_FILE", "/no/such/file")
    assert "can't be read from /no/such/file" in refused(address, code=2)


def test_it_is_given_to_no_server_that_does_not_ask(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REPL_CONNECT_TOKEN_FILE", "/no/such/file")  # reading it would fail
    with repl_server.serve(directory / "open.sock", namespace={}) as server:
        assert run(server.address, "6*7") == (0, "42\n", "")
