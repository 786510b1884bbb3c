"""nREPL servers as they are: replies of other shapes than the reference's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from client.fakes import FakeServer, Talk
from driver import Client

from repl_server.wire import Message, encode

Answer = Callable[[Talk, Message], None]


def connected(
    answers: dict[str, Answer], use: Callable[[Client], None], *, tool: bool = True
) -> None:
    """A client of a server that answers each op so."""

    def behave(talk: Talk) -> None:
        while (message := talk.read_message()) is not None:
            if message["op"] in answers:
                answers[message["op"]](talk, message)

    with (
        FakeServer(behave, None) as server,
        Client(server.address, dialect="nrepl", tool=tool) as client,
    ):
        use(client)


def replies(*shapes: dict[str, Any]) -> Answer:
    """Answers with these, each with the request's id."""

    def answer(talk: Talk, message: Message) -> None:
        for shape in shapes:
            talk.say(encode({"id": message["id"], **shape}))

    return answer


DONE: dict[str, Any] = {"status": ["done"]}
OPS = ["clone", "eval", "completions", "lookup", "load-file"]
USUAL: dict[str, Answer] = {
    "describe": replies({"ops": {op: {} for op in OPS}, **DONE}),
    "clone": replies({"new-session": "s", **DONE}),
    "eval": replies({"value": "42", "ns": "user"}, DONE),
}


def evaluates(client: Client) -> None:
    assert client.value("(+ 40 2)") == "42"


@pytest.mark.parametrize("ops", [OPS, {op: {} for op in OPS}, {op: {"doc": "…"} for op in OPS}])
def test_both_generations_of_describe(ops: object) -> None:
    connected(USUAL | {"describe": replies({"ops": ops, **DONE})}, evaluates)


@pytest.mark.parametrize(
    "shape", [({"ops": OPS}, DONE), ({"ops": OPS},), ({"ops": OPS, **DONE}, DONE, DONE)]
)
@pytest.mark.parametrize(
    "opened",
    [({"new-session": "s"}, DONE), ({"new-session": "s"},), ({"new-session": "s", **DONE}, DONE)],
)
def test_done_apart_or_never_or_twice(
    shape: tuple[dict[str, Any], ...], opened: tuple[dict[str, Any], ...]
) -> None:
    asked: list[str] = []

    def clone(talk: Talk, message: Message) -> None:
        asked.append(message["op"])
        replies(*opened)(talk, message)

    def use(client: Client) -> None:
        evaluates(client)
        assert asked == ["clone", "clone"]  # the user's session, and the tools'

    connected(USUAL | {"describe": replies(*shape), "clone": clone}, use)


def test_completions_and_documentation_with_done_apart() -> None:
    def use(client: Client) -> None:
        assert [found.text for found in client.complete("ma")] == ["map"]
        assert client.lookup("map") == {"doc": "maps"}
        assert [found.text for found in client.complete("ma")] == ["map"]

    connected(
        USUAL
        | {
            "completions": replies({"completions": [{"candidate": "map"}]}, DONE),
            "lookup": replies({"info": {"doc": "maps"}}, DONE, DONE),
        },
        use,
    )


def test_an_evaluation_that_is_done_twice() -> None:
    def use(client: Client) -> None:
        outcome = client.evaluate("1")
        evaluates(client)
        assert outcome.done is not None
        assert "namespace-not-found" in outcome.done.statuses
        assert client.late == []

    refused = {"ns": "no.such", "status": ["namespace-not-found", "done", "error"]}
    seen: list[Message] = []

    def evaluate(talk: Talk, message: Message) -> None:
        seen.append(message)
        shapes = (refused, DONE) if len(seen) == 1 else ({"value": "42"}, DONE)
        replies(*shapes)(talk, message)

    connected(USUAL | {"eval": evaluate}, use)


def test_an_error_without_done_ends_an_evaluation() -> None:
    def use(client: Client) -> None:
        done = client.evaluate("1").done
        assert done is not None
        assert done.problem == "no such op"

    connected(USUAL | {"eval": replies({"status": ["error"], "err": "no such op\n"})}, use)


@pytest.mark.parametrize(("value", "shown"), [(42, "42"), ([], "[]"), ([1, "a"], "[1, 'a']")])
def test_values_that_are_no_text(value: object, shown: str) -> None:
    def use(client: Client) -> None:
        assert client.value("1") == shown

    connected(USUAL | {"eval": replies({"value": value, "ns": 1}, DONE)}, use)


def test_keys_unsorted_and_twice() -> None:
    def evaluate(talk: Talk, message: Message) -> None:
        ident = message["id"]
        talk.say(
            f"d5:value2:41 2:ns1:u2:id{len(ident)}:{ident}5:value2:42e".replace(" ", "").encode()
        )
        replies(DONE)(talk, message)

    connected(USUAL | {"eval": evaluate}, evaluates)


def test_a_file_goes_as_contents_and_as_a_path() -> None:
    seen: list[Message] = []

    def load(talk: Talk, message: Message) -> None:
        seen.append(message)
        replies({"value": "42"}, DONE)(talk, message)

    def use(client: Client) -> None:
        assert client.value("(+ 40 2)\n", file="/src/a.clj", as_file=True) == "42"

    connected(USUAL | {"load-file": load}, use)
    (message,) = seen
    assert (message["file"], message["file-path"]) == ("(+ 40 2)\n", "/src/a.clj")
    assert message["file-name"] == "a.clj"


def test_two_connections_use_the_same_ids() -> None:
    seen: list[object] = []

    def evaluate(talk: Talk, message: Message) -> None:
        seen.append(message["id"])
        replies({"value": "42"}, DONE)(talk, message)

    for _ in range(2):
        connected(USUAL | {"eval": evaluate}, evaluates)
    assert seen[0] == seen[1]


def test_a_server_without_sessions() -> None:
    connected(
        USUAL | {"describe": replies({"ops": ["eval"], **DONE})},
        evaluates,
    )
