"""An error of the program is held until a client has said how to go on."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from server.conftest import server_threads, wait_until
from server.doing import STEP, Program, call, held, outcome, program, restart, told
from server.wire_client import WireClient, gather


@pytest.fixture
def app(mode: str, directory: Path, namespace: dict[str, Any]) -> Iterator[Program]:
    exec(compile(STEP, "/app/step.py", "exec"), namespace)
    with program(mode, directory / "app.sock", namespace=namespace) as found:
        namespace["server"] = found.server
        yield found
    wait_until(lambda: not server_threads())


@pytest.fixture
def client(app: Program) -> WireClient:
    return app.connect()


# Held, and how it goes on.


def test_a_mended_function_is_called_again(
    app: Program, client: WireClient, namespace: dict[str, Any]
) -> None:
    future = call(app, namespace)
    ident = told(client)["repl-server/held"]
    assert client.result("def step(n): return f'mended {n}'")["err"] == ""
    assert not future.done()
    assert restart(client, ident, "retry")["status"] == {"done"}
    assert outcome(future) == "mended 42"
    assert held(client) == []


def test_a_helper_that_is_mended_is_enough(
    app: Program, client: WireClient, namespace: dict[str, Any]
) -> None:
    future = call(app, namespace)
    ident = told(client)["repl-server/held"]
    assert client.result("limit = 100")["status"] == {"done"}
    restart(client, ident, "retry")
    assert outcome(future) == 21


def test_what_fails_again_is_held_again(
    app: Program, client: WireClient, namespace: dict[str, Any]
) -> None:
    future = call(app, namespace)
    first = told(client)["repl-server/held"]
    client.send({"op": "repl-server/restart", "held": first, "restart": "retry"})
    second = told(client)["repl-server/held"]
    assert second != first
    refused = restart(client, first, "retry")
    assert refused["status"] == {"done", "error", "repl-server/unknown-held"}
    restart(client, second, "continue")
    assert outcome(future) is None


def test_the_call_returns_a_value_that_a_client_gives(
    app: Program, client: WireClient, namespace: dict[str, Any]
) -> None:
    future = call(app, namespace)
    ident = told(client)["repl-server/held"]
    assert restart(client, ident, "continue", value="limit * 2,")["status"] == {"done"}
    assert outcome(future) == (20,)


def test_a_value_of_the_failing_frame(
    app: Program, client: WireClient, namespace: dict[str, Any]
) -> None:
    future = call(app, namespace)
    ident = told(client)["repl-server/held"]
    restart(client, ident, "continue", value="half + n", **{"repl-server/frame": 1})
    assert outcome(future) == 63


@pytest.mark.parametrize("value", ["1/0", "missing", "1 +", "x = 1"])
def test_a_value_that_fails_leaves_it_held(
    app: Program, client: WireClient, namespace: dict[str, Any], value: str
) -> None:
    future = call(app, namespace)
    ident = told(client)["repl-server/held"]
    result = restart(client, ident, "continue", value=value)
    assert result["err"]
    assert [each["id"] for each in held(client)] == [ident]
    restart(client, ident, "continue")
    assert outcome(future) is None


def test_the_error_is_raised_in_the_program(
    app: Program, client: WireClient, namespace: dict[str, Any]
) -> None:
    future = call(app, namespace)
    ident = told(client)["repl-server/held"]
    restart(client, ident, "abort")
    with pytest.raises(ValueError, match=r"^21.0 is too much$") as raised:
        outcome(future)
    names = [entry.name for entry in raised.traceback]
    assert names[-3:] == ["continued", "step", "check"]
    assert names.count("step") == 1


def test_choosing_in_what_is_evaluated(
    app: Program, client: WireClient, namespace: dict[str, Any]
) -> None:
    future = call(app, namespace)
    told(client)
    assert "step failed, ValueError: 21.0 is too much (held)" in client.value("server.held()")
    assert client.result("server.restart('continue', value='given')")["status"] == {"done"}
    assert outcome(future) == "given"
    assert client.result("server.restart('retry')")["ex"] == "LookupError"


def test_what_clients_are_told_to_evaluate_goes_on(
    app: Program, client: WireClient, namespace: dict[str, Any]
) -> None:
    client.value("1")
    future = call(app, namespace)
    message = told(client)
    assert message["session"] == client.session
    assert message["err"].startswith(
        f"step failed, and is held here as {message['repl-server/held']}: "
        "ValueError: 21.0 is too much\n"
    )
    _, _, code = message["err"].strip().partition("evaluate: ")
    client.result("limit = 100")
    result = client.result(code.partition(" (or")[0])
    assert result["status"] == {"done"}, result
    assert outcome(future) == 21


def test_what_clients_are_told_has_the_id_of_what_they_evaluated_last(
    app: Program, client: WireClient, namespace: dict[str, Any]
) -> None:
    client.value("1", id="mine")
    future = call(app, namespace)
    message = told(client)
    assert message["id"] == "mine"
    assert "status" not in message
    restart(client, message["repl-server/held"], "continue")
    outcome(future)


def test_every_client_is_told_once_also_who_comes_later(
    app: Program, client: WireClient, namespace: dict[str, Any]
) -> None:
    client.clone()
    other = app.connect()
    future = call(app, namespace)
    ident = told(client)["repl-server/held"]
    assert told(other)["repl-server/held"] == ident
    late = app.connect()
    assert told(late)["repl-server/held"] == ident
    replies = client.ask({"op": "repl-server/held"})
    assert client._seen == []
    (found,) = replies[-1]["held"]
    assert found["id"] == ident
    restart(late, ident, "continue")
    outcome(future)


def test_the_list_says_what_there_is_to_know(
    app: Program, client: WireClient, namespace: dict[str, Any]
) -> None:
    future = call(app, namespace)
    told(client)
    (found,) = held(client)
    assert found["name"] == "step"
    assert found["ex"] == "ValueError"
    assert found["message"] == "21.0 is too much"
    assert found["restarts"] == ["retry", "continue", "abort"]
    assert found["since"] > 1_700_000_000_000
    assert found["frames"] == [
        {"name": "step", "file": "/app/step.py", "line": 5},
        {"name": "check", "file": "/app/step.py", "line": 7},
    ]
    assert found["err"].startswith("Traceback (most recent call last):\n")
    assert found["err"].endswith("ValueError: 21.0 is too much\n")
    assert "continuable.py" not in found["err"]
    restart(client, found["id"], "continue")
    outcome(future)


def test_a_huge_message_is_cut(app: Program, client: WireClient, namespace: dict[str, Any]) -> None:
    def fail() -> None:
        raise ValueError("x\n" * 1_000_000)

    future = app.do(app.server.continuable(fail))
    assert len(told(client)["err"]) < 1_000
    (found,) = held(client)
    assert found["repl-server/cut"] == ["message", "err"]
    assert len(found["message"]) + len(found["err"]) < 100_000
    restart(client, found["id"], "continue")
    outcome(future)


def test_subscribers_hear_of_it(
    app: Program, client: WireClient, namespace: dict[str, Any]
) -> None:
    events = client.send({"op": "repl-server/subscribe", "events": ["errors"]})
    assert client.next(events)["status"] == ["repl-server/subscribed"]
    future = call(app, namespace)
    event = client.next(events)
    assert (event["repl-server/event"], event["what"]) == ("errors", "held")
    assert event["frames"][-1]["name"] == "check"
    ident = held(client)[0]["id"]
    assert (event["held"], event["id"]) == (ident, events)
    restart(client, event["restarts"] and ident, "continue")
    event = client.next(events)
    assert (event["what"], event["held"], event["restart"]) == ("ended", ident, "continue")
    outcome(future)


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"restart": "again"}, "repl-server/unknown-restart"),
        ({"restart": ["retry"]}, "repl-server/unknown-restart"),
        ({}, "repl-server/unknown-restart"),
        ({"restart": "retry", "value": "1"}, "invalid-field"),
        ({"restart": "continue", "value": 5}, "invalid-field"),
        ({"restart": "continue", "value": ""}, "invalid-field"),
    ],
)
def test_what_can_not_be_chosen_is_refused(
    app: Program,
    client: WireClient,
    namespace: dict[str, Any],
    more: dict[str, Any],
    status: str,
) -> None:
    future = call(app, namespace)
    ident = told(client)["repl-server/held"]
    result = gather(client.ask({"op": "repl-server/restart", "held": ident, **more}))
    assert result["status"] == {"done", "error", status}
    assert len(result["err"].splitlines()) == 1
    restart(client, ident, "continue")
    outcome(future)


# Blocks.


def test_a_block_is_left(app: Program, client: WireClient, namespace: dict[str, Any]) -> None:
    def turn() -> str:
        with app.server.continuable("the turn"):
            namespace["step"](42)
        return "after it"

    future = app.do(turn)
    ident = told(client)["repl-server/held"]
    assert held(client)[0]["restarts"] == ["continue", "abort"]
    refused = restart(client, ident, "retry")
    assert refused["status"] == {"done", "error", "repl-server/unknown-restart"}
    assert "a block, which can't be run again" in refused["err"]
    assert client.result("server.restart('retry')")["ex"] == "ValueError"
    restart(client, ident, "continue")
    assert outcome(future) == "after it"


def test_a_block_raises(app: Program, client: WireClient, namespace: dict[str, Any]) -> None:
    def turn() -> None:
        with app.server.continuable("the turn"):
            namespace["step"](42)

    future = app.do(turn)
    restart(client, told(client)["repl-server/held"], "abort")
    with pytest.raises(ValueError, match="too much"):
        outcome(future)


@pytest.mark.modes("cooperative", "asyncio")
@pytest.mark.parametrize("form", ["block", "call"])
def test_errors_of_clients_are_not_said_to_come_from_the_held_one(
    app: Program, client: WireClient, namespace: dict[str, Any], form: str
) -> None:
    """The thread that handles the error is the one that evaluates."""

    def turn() -> Any:
        if form == "call":
            return app.server.continuable(namespace["step"])(42)
        with app.server.continuable("the turn"):
            return namespace["step"](42)

    future = app.do(turn)
    ident = told(client)["repl-server/held"]
    assert "During handling" not in client.result("1/0")["err"]
    assert client.value("import sys; sys.exc_info()[0] is None") == "True"
    restart(client, ident, "abort")
    with pytest.raises(ValueError, match="too much"):
        outcome(future)


# In the failing frame.


def frame(client: WireClient, ident: str, code: str, number: int = 0) -> dict[str, Any]:
    more = {"repl-server/held": ident, "repl-server/frame": number}
    return gather(client.ask({"op": "eval", "code": code, **more}))


def test_evaluating_where_it_failed(
    app: Program, client: WireClient, namespace: dict[str, Any]
) -> None:
    future = call(app, namespace)
    ident = told(client)["repl-server/held"]
    result = frame(client, ident, "half, limit")
    assert (result["values"], result["ns"]) == (["(21.0, 10)"], "app")
    assert frame(client, ident, "[half * each for each in items]")["values"] == ["[21.0, 42.0]"]
    assert frame(client, ident, "half, n", 1)["values"] == ["(21.0, 42)"]
    assert frame(client, ident, "n")["ex"] == "NameError"
    found = client.ask({"op": "completions", "prefix": "hal", "repl-server/held": ident})[-1][
        "completions"
    ]
    assert [each["candidate"] for each in found] == ["half"]
    restart(client, ident, "continue")
    outcome(future)


def test_what_is_assigned_there_is_seen_there_and_nowhere_else(
    app: Program, client: WireClient, namespace: dict[str, Any]
) -> None:
    future = call(app, namespace)
    ident = told(client)["repl-server/held"]
    frame(client, ident, "half = 1; new = 2")
    assert frame(app.connect(), ident, "half, new")["values"] == ["(1, 2)"]
    assert frame(client, ident, "half", 1)["values"] == ["21.0"]
    assert "new" not in namespace
    frame(client, ident, "global limit; limit = 100")
    restart(client, ident, "retry")
    assert outcome(future) == 21


@pytest.mark.parametrize("number", [4, "x", "-1", 10**30])
def test_a_frame_that_is_not_there(
    app: Program, client: WireClient, namespace: dict[str, Any], number: Any
) -> None:
    future = call(app, namespace)
    ident = told(client)["repl-server/held"]
    result = frame(client, ident, "1", number)
    assert result["status"] == {"done", "error", "repl-server/unknown-held"}
    assert "There is no frame" in result["err"]
    restart(client, ident, "continue")
    outcome(future)


def test_an_error_that_is_not_held(app: Program, client: WireClient) -> None:
    result = frame(client, "h0", "1")
    assert result["status"] == {"done", "error", "repl-server/unknown-held"}
    assert restart(client, "h0", "retry")["status"] == {
        "done",
        "error",
        "repl-server/unknown-held",
    }
    assert held(client) == []


@pytest.mark.parametrize("kind", ["result", "exception"])
def test_nothing_is_kept_alive_by_an_error_that_was_held(
    app: Program, client: WireClient, kind: str
) -> None:
    class Thing:
        pass

    gone: list[weakref.ref[Thing]] = []

    def fail() -> None:
        thing = Thing()
        gone.append(weakref.ref(thing))
        raise ValueError("held")

    future = app.do(app.server.continuable(fail))
    ident = told(client)["repl-server/held"]
    frame(client, ident, "copy = thing")
    client.value("server.held()")
    assert gone[0]() is not None
    restart(client, ident, "continue")
    outcome(future)
    del future
    gc.collect()
    wait_until(lambda: gone[0]() is None)
