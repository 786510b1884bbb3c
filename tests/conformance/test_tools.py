"""Completion and lookup: what an editor asks for beside evaluating."""

from __future__ import annotations

import pytest
from conformance.languages import Language
from conformance.peers import Client, Peer
from server.wire_client import gather


@pytest.fixture(params=["idle", "evaluating"])
def asking(request: pytest.FixtureRequest, client: Client, say: Language) -> Client:
    """A client that asks while nothing runs in its session, and while something does."""
    if request.param == "evaluating":
        client.until(client.eval(say.sleeps), "out", "begun")
    return client


def test_completions(asking: Client, say: Language) -> None:
    prefix, candidate, kind = say.prefix
    (reply,) = asking.ask({"op": "completions", "prefix": prefix})
    assert reply["status"] == ["done"]
    (found,) = [each for each in reply["completions"] if each["candidate"] == candidate]
    assert found["type"] == kind
    assert all(each["candidate"].startswith(prefix) for each in reply["completions"])


def test_completions_in_a_namespace(client: Client, say: Language) -> None:
    client.result(say.defines.code)
    (reply,) = client.ask({"op": "completions", "prefix": "answe", "ns": say.ns})
    assert [each["candidate"] for each in reply["completions"]] == ["answer"]


def test_nothing_to_complete(client: Client) -> None:
    (reply,) = client.ask({"op": "completions", "prefix": "zz-no-such"})
    assert reply["completions"] == []
    assert reply["status"] == ["done"]


def test_lookup(asking: Client, say: Language) -> None:
    name, documentation = say.documented
    (reply,) = asking.ask({"op": "lookup", "sym": name})
    assert reply["status"] == ["done"]
    info = reply["info"]
    assert info["name"] == name
    assert info["doc"].startswith(documentation)
    assert isinstance(info["arglists-str"], str)


def test_where_it_is_defined(client: Client, say: Language) -> None:
    message = {"op": "load-file", "file": say.file.code, "file-path": "/no/game.x"}
    assert gather(client.ask(message | {"file-name": "game.x"}))["status"] == {"done"}
    (reply,) = client.ask({"op": "lookup", "sym": "add"})
    assert reply["info"]["file"].endswith("game.x")
    assert reply["info"]["line"] == 1
    assert reply["info"]["ns"] == say.ns


def test_lookup_of_an_unknown_name(client: Client, peer: Peer) -> None:
    (reply,) = client.ask({"op": "lookup", "sym": "zz-no-such"})
    assert reply["info"] == peer.differs("lookup of an unknown name")
    assert reply["status"] == ["done"]


def test_an_empty_namespace(client: Client, say: Language, peer: Peer) -> None:
    (reply,) = client.ask({"op": "completions", "prefix": say.prefix[0], "ns": ""})
    assert set(reply["status"]) == peer.differs("an empty namespace")


def test_what_is_missing_is_an_error(client: Client, peer: Peer) -> None:
    (reply,) = client.ask({"op": "completions"})
    assert set(reply["status"]) == peer.differs("completions without a prefix")
    (reply,) = client.ask({"op": "lookup"})
    assert set(reply["status"]) == peer.differs("lookup without a name")
