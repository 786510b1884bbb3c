"""Where replies go that answer nothing, with no REPL at all."""

from __future__ import annotations

from typing import Any, cast

import pytest

from repl_connect.bridge.guest import NO_UPSTREAM, Guest
from repl_connect.bridge.shared import Shared
from repl_server.dispatch.requests import Client
from repl_server.wire import Message


class Outbox:
    """A connection whose client reads, or does not."""

    is_full = False
    on_room = None
    lingers = False
    ended = False

    def end(self) -> None:
        self.ended = True


class Around:
    """What a guest tells the REPL's keeper."""

    def __init__(self) -> None:
        self.jobs: list[str] = []
        self.slow: list[Guest] = []

    def fetched(self, job: str) -> None:
        self.jobs.append(job)

    def wait_for(self, guest: Guest) -> None:
        self.slow.append(guest)


class World:
    def __init__(self) -> None:
        self.sent: list[Message] = []
        self.around = Around()
        client = Client(self.sent.extend)
        self.outbox = client.state = Outbox()
        self.guest = Guest(client, cast("Shared", self.around))

    def asked(self, **message: Any) -> None:
        self.guest.asked(message)


@pytest.fixture
def world() -> World:
    return World()


def test_stray_output_is_not_sent_before_an_evaluation(world: World) -> None:
    world.asked(op="describe", id="1")
    world.guest.deliver([{"out": "stray"}])
    assert world.sent == []


def test_stray_output_has_the_id_and_session_of_the_last_evaluation(world: World) -> None:
    world.asked(op="eval", id="1", session="s", code="x")
    world.asked(op="load-file", id="2", session="t", file="x")
    world.asked(op="completions", id="3", session="u", prefix="x")
    world.guest.deliver([{"out": "stray"}])
    assert world.sent == [{"out": "stray", "id": "2", "session": "t"}]


def test_what_answers_a_request_without_an_id_is_no_stray_output(world: World) -> None:
    world.asked(op="eval", id="1", session="s", code="x")
    world.asked(op="eval", session="s", code="x")
    reply = {"out": "mine", "session": "s"}
    world.guest.deliver([reply])
    assert world.sent == [reply]


def test_all_that_is_not_answered_is_refused_once(world: World) -> None:
    world.asked(op="eval", id="1", session="s", code="x")
    world.asked(op="eval", id=2, session="s", code="x")
    world.asked(op="describe")
    world.guest.deliver([{"id": "1", "status": ["done"]}])
    world.sent.clear()
    world.guest.refuse_all("It is gone.")
    refused = {"err": "It is gone.\n", "status": ["done", "error", NO_UPSTREAM]}
    assert world.sent == [{"id": 2, "session": "s", **refused}, refused]
    world.sent.clear()
    world.guest.refuse_all("It is gone.")
    assert world.sent == []


def test_requests_of_one_id_are_answered_one_by_one(world: World) -> None:
    for code in ("first", "second", "third"):
        world.asked(op="eval", id="1", session=code, code="x")
    world.guest.deliver([{"id": "1", "status": ["done"]}])
    world.sent.clear()
    world.guest.refuse_all("It is gone.")
    assert [message["session"] for message in world.sent] == ["second", "third"]


@pytest.mark.parametrize("odd", [["a"], {"a": 1}])
def test_an_op_and_an_id_that_are_no_text_are_refused_like_others(world: World, odd: Any) -> None:
    world.asked(op=odd, id=odd)
    world.guest.deliver([{"status": ["done", "error", "unknown-op"]}])
    assert world.guest.pending == {}


def test_the_result_of_a_job_is_fetched_when_it_has_ended(world: World) -> None:
    world.guest.deliver([{"id": "1", "job": "a", "state": "running", "status": ["done"]}])
    world.guest.deliver([{"id": "1", "job": "b", "state": "failed", "status": ["done"]}])
    assert world.around.jobs == ["b"]


def test_a_client_that_does_not_read_is_told_of(world: World) -> None:
    world.outbox.is_full = True
    world.guest.deliver([{"id": "1", "out": "x"}])
    assert world.around.slow == [world.guest]


def test_a_client_that_has_said_its_last_is_let_go_with_the_last_answer(world: World) -> None:
    world.asked(op="eval", id="1", session="s", code="x")
    world.outbox.lingers = True
    world.guest.deliver([{"id": "1", "value": "1"}])
    assert not world.outbox.ended
    world.guest.deliver([{"id": "1", "status": ["done"]}])
    assert world.outbox.ended
