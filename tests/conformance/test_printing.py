"""How values are printed and sent, by the keys `nrepl.middleware.print/…` of a request."""

from __future__ import annotations

from typing import Any

import pytest
from conformance.languages import Language
from conformance.peers import Client

from repl_server.wire import Message

PRINT = "nrepl.middleware.print/"
TRUNCATED = PRINT + "truncated"


def replies(client: Client, code: str, **keys: Any) -> list[Message]:
    """The replies to an `eval` with these keys, without their ids."""
    names = {
        PRINT + {"stream": "stream?", "size": "buffer-size"}.get(key, key): key for key in keys
    }
    message = {"op": "eval", "code": code, **{name: keys[key] for name, key in names.items()}}
    return [
        {key: value for key, value in reply.items() if key not in ("id", "session")}
        for reply in client.ask(message)
    ]


def test_a_quota(client: Client, say: Language) -> None:
    assert replies(client, f"1234\n{say.long}", quota=5) == [
        {"value": "1234", "ns": say.ns},
        {
            "value": f"{say.quote}xxxx",
            "ns": say.ns,
            "status": [TRUNCATED],
            PRINT + "truncated-keys": ["value"],
        },
        {"status": ["done"]},
    ]


def test_a_quota_that_is_enough(client: Client, say: Language) -> None:
    value, done = replies(client, say.long, quota=3002)
    assert value == {"value": f"{say.quote}{'x' * 3000}{say.quote}", "ns": say.ns}
    assert done == {"status": ["done"]}


def test_streamed(client: Client, say: Language) -> None:
    *chunks, ns, done = replies(client, say.long, stream=1, size=1000)
    assert "".join(chunk["value"] for chunk in chunks) == f"{say.quote}{'x' * 3000}{say.quote}"
    assert all(set(chunk) == {"value"} for chunk in chunks)
    assert len(chunks) == 4
    assert (ns, done) == ({"ns": say.ns}, {"status": ["done"]})


def test_streamed_in_pieces_of_the_usual_size(client: Client, say: Language) -> None:
    chunks = replies(client, say.long, stream="1")[:-2]
    assert [len(chunk["value"]) for chunk in chunks] == [1024, 1024, 954]


def test_streamed_with_a_quota(client: Client, say: Language) -> None:
    assert replies(client, f"1234\n{say.long}", stream=1, size=10, quota=15) == [
        {"value": "1234"},
        {"ns": say.ns},
        {"value": f"{say.quote}{'x' * 9}"},
        {"value": "xxxxx"},
        {"status": [TRUNCATED]},
        {"ns": say.ns},
        {"status": ["done"]},
    ]


def test_an_empty_list_is_false(client: Client, say: Language) -> None:
    assert replies(client, "1234", stream=[], size=2)[0] == {"value": "1234", "ns": say.ns}


@pytest.mark.parametrize("name", ["no.such/printer", "no-such-printer"])
def test_an_unknown_printer_is_said_and_the_value_comes(
    client: Client, say: Language, name: str
) -> None:
    said, value, done = replies(client, "1234", print=name)
    assert said["status"] == [PRINT + "error"]
    assert name in said[PRINT + "error"]
    assert value == {"value": "1234", "ns": say.ns}
    assert done == {"status": ["done"]}


def test_a_printer_that_both_have(client: Client, say: Language) -> None:
    for name in ("nrepl.util.print/pr", "nrepl.util.print/pprint"):
        assert replies(client, "1234", print=name)[0] == {"value": "1234", "ns": say.ns}
