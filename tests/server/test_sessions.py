"""Sessions, queues and statuses, as every nREPL client expects them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from server.conftest import server_threads, wait_until
from server.wire_client import WireClient, gather

import repl_server
from repl_server.dispatch.ops import OPS


def test_describe(client: WireClient) -> None:
    reply = client.ask({"op": "describe"})[0]
    assert set(reply["ops"]) == set(OPS)
    assert reply["versions"]["python"]["major"] == 3
    assert reply["aux"]["current-ns"] == "app"
    assert "clojure" not in reply["versions"]


def test_describe_verbose(client: WireClient) -> None:
    reply = client.ask({"op": "describe", "verbose?": 1})[0]
    assert "code" in reply["ops"]["eval"]["requires"]


def test_unknown_op(client: WireClient) -> None:
    replies = client.ask({"op": "no-such-op"})
    assert set(replies[0]["status"]) == {"done", "error", "unknown-op"}
    assert replies[0]["op"] == "no-such-op"


def test_unknown_session(client: WireClient) -> None:
    replies = client.ask({"op": "eval", "code": "1", "session": "nobody"})
    assert set(replies[0]["status"]) == {"done", "error", "unknown-session"}


def test_a_message_without_op(client: WireClient) -> None:
    assert "unknown-op" in client.ask({"nothing": "here"})[0]["status"]


@pytest.mark.parametrize(
    ("message", "status"),
    [
        ({"op": "eval"}, "no-code"),
        ({"op": "eval", "code": 5}, "unknown-code-type"),
        ({"op": "load-file"}, "no-file"),
        ({"op": "stdin"}, "invalid-field"),
        ({"op": "completions"}, "invalid-field"),
        ({"op": "lookup", "sym": ["x"]}, "invalid-field"),
    ],
)
def test_what_lacks_a_field(client: WireClient, message: dict[str, Any], status: str) -> None:
    assert status in client.ask(message)[0]["status"]


def test_close(client: WireClient) -> None:
    client.value("1")
    assert "session-closed" in client.ask({"op": "close"})[0]["status"]
    assert "unknown-session" in client.ask({"op": "eval", "code": "1"})[0]["status"]


def test_closing_ends_what_runs(client: WireClient, namespace: dict[str, Any]) -> None:
    begun = namespace["begun"] = threading.Event()
    running = client.eval("begun.set()\nwhile True: pass")
    waiting = client.eval("1")
    assert begun.wait(20)
    closing = client.send({"op": "close"})
    assert "interrupted" in gather(client.replies(running))["status"]
    assert "interrupted" in gather(client.replies(waiting))["status"]
    assert "session-closed" in client.replies(closing)[0]["status"]


def test_in_a_session_one_after_the_other(client: WireClient) -> None:
    ids = [client.eval(f"{n}") for n in range(200)]
    assert [gather(client.replies(ident))["values"] for ident in ids] == [
        [str(n)] for n in range(200)
    ]


@pytest.mark.modes("threads")
def test_sessions_run_beside_each_other(
    connect: Callable[[], WireClient], namespace: dict[str, Any]
) -> None:
    namespace["go"] = threading.Event()
    one, two = connect(), connect()
    waiting = one.eval("assert go.wait(); 'went'")
    assert two.value("1+1") == "2"
    two.result("go.set()")
    assert gather(one.replies(waiting))["values"] == ["'went'"]


@pytest.mark.modes("threads")
def test_two_sessions_of_one_client(client: WireClient, namespace: dict[str, Any]) -> None:
    namespace["go"] = threading.Event()
    waiting = client.eval("go.wait()")
    other = client.ask({"op": "clone"})[0]["new-session"]
    client.result("go.set()", session=other)
    assert gather(client.replies(waiting))["values"] == ["True"]


def test_a_shared_session_lives_until_its_last_client(
    connect: Callable[[], WireClient],
) -> None:
    one, two = connect(), connect()
    two.session = one.session
    two.value("1")
    one.close()
    assert two.value("_") == "1"


def test_a_running_loop_sees_what_a_client_changes(
    client: WireClient, namespace: dict[str, Any]
) -> None:
    seen, asked = threading.Event(), threading.Event()
    namespace["speed"] = 1

    def program() -> None:
        asked.set()
        while namespace["speed"] == 1:
            pass
        seen.set()

    thread = threading.Thread(target=program)
    thread.start()
    assert asked.wait(20)
    client.result("speed = 2")
    assert seen.wait(20)
    thread.join()


def test_more_keys_than_known(client: WireClient) -> None:
    assert client.result("1", content_type="true", nobody=["knows", 1])["values"] == ["1"]


def test_ids_may_be_numbers_or_absent(client: WireClient) -> None:
    ident: Any = 7
    client.send({"op": "eval", "code": "1", "id": ident})
    assert client.receive()["id"] == 7


def test_a_server_that_ends_leaves_no_thread_of_a_kept_session(
    server: repl_server.Server, connect: Callable[[], WireClient]
) -> None:
    for stays in (True, False):
        client = connect()
        (reply,) = client.ask({"op": "clone", "repl-server/keep": 60})
        client.session = reply["new-session"]
        assert client.value("1") == "1"
        if not stays:
            client.close()
    server.close()
    wait_until(lambda: not server_threads())
