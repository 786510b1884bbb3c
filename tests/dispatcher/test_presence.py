from __future__ import annotations

from typing import Any

import pytest
from dispatcher.toy import Clock, Peer, World

from repl_server.dispatch.dispatcher import Dispatcher
from repl_server.dispatch.ops import OPS
from repl_server.dispatch.presence import KINDS, MOST_SUBSCRIPTIONS
from repl_server.wire import Message


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def world(clock: Clock) -> World:
    return World(clock=clock)


@pytest.fixture
def peer(world: World) -> Peer:
    return world.peer()


def subscribe(peer: Peer, *events: str, **fields: Any) -> str:
    ident = peer.send("repl-server/subscribe", events=list(events), **fields)
    reply = peer.to(ident)[0]
    assert reply["status"] == ["repl-server/subscribed"]
    assert reply["client"] == peer.client.id
    return ident


def events(peer: Peer, ident: str) -> list[Message]:
    """The events of a subscription so far, without its id and session."""
    found = [reply for reply in peer.to(ident) if "repl-server/event" in reply]
    assert not [reply for reply in found if "status" in reply]
    return [
        {key: value for key, value in reply.items() if key not in ("id", "session")}
        for reply in found
    ]


def refusal(reply: Message) -> str:
    """The status that says why; with it comes a sentence."""
    done, error, why = reply["status"]
    assert (done, error) == ("done", "error")
    assert reply["err"].endswith("\n")
    return str(why)


class TestOps:
    def test_are_those_of_nrepl_without_a_clock(self) -> None:
        peer = World().peer()
        assert not [op for op in peer.ask("describe")["ops"] if op.startswith("repl-server/")]
        for op in ("submit", "clients", "subscribe", "watch"):
            assert refusal(peer.ask(f"repl-server/{op}", code="1")) == "unknown-op"

    def test_are_more_with_one_and_described(self, peer: Peer) -> None:
        told = peer.ask("describe", **{"verbose?": 1})["ops"]
        ours = {op.removeprefix("repl-server/") for op in told if op.startswith("repl-server/")}
        assert ours == {
            *("submit", "result", "jobs", "cancel"),
            *("clients", "subscribe", "unsubscribe", "watch", "unwatch"),
        }
        assert all(told[f"repl-server/{op}"]["doc"] for op in ours)

    def test_can_be_offered_by_others(
        self, world: World, peer: Peer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(OPS, "repl-server/tea", OPS["clone"])
        world.dispatcher.offer(
            "repl-server/tea", lambda request: request.reply({"tea": 1, "status": ["done"]})
        )
        assert "repl-server/tea" in peer.ask("describe")["ops"]
        session = peer.clone()
        reply = peer.ask("repl-server/tea", session=session)
        assert (reply["tea"], reply["session"]) == (1, session)

    def test_that_are_not_documented_are_not(self, world: World) -> None:
        with pytest.raises(KeyError):
            world.dispatcher.offer("repl-server/coffee", lambda request: None)

    def test_describe_says_the_limits(self, peer: Peer) -> None:
        aux = peer.ask("describe")["aux"]
        assert aux["current-ns"] == "toys"
        limits = aux["repl-server/limits"]
        assert (limits["sessions"], limits["queued"]) == (1_000, 1_000)
        assert (limits["subscriptions"], limits["watches"]) == (100, 50)

    def test_describe_keeps_the_limits_of_the_evaluator(
        self, world: World, peer: Peer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        own = {"aux": {"repl-server/limits": {"message-bytes": 5}}}
        monkeypatch.setattr(world.evaluator, "describe", lambda: own)
        limits = peer.ask("describe")["aux"]["repl-server/limits"]
        assert (limits["message-bytes"], limits["sessions"]) == (5, 1_000)
        assert own == {"aux": {"repl-server/limits": {"message-bytes": 5}}}


class TestClients:
    def test_are_listed_with_what_is_known_of_them(self, world: World, clock: Clock) -> None:
        first = world.peer("unix pid 123")
        clock.step(1.5)
        second = world.peer("127.0.0.1:4242")
        mine = second.clone(client_name="Emacs", client_version="31")
        shared = first.clone()
        second.ask("clone", session=shared)
        reply = second.ask("repl-server/clients")
        assert reply["client"] == "c2"
        assert reply["clients"] == [
            {
                "client": "c1",
                "address": "unix pid 123",
                "since": 1_700_001_000_000,
                "sessions": [shared],
            },
            {
                "client": "c2",
                "name": "Emacs",
                "version": "31",
                "address": "127.0.0.1:4242",
                "since": 1_700_001_001_500,
                "sessions": [mine, shared, "s3"],
            },
        ]

    def test_that_have_gone_are_not(self, world: World, peer: Peer) -> None:
        other = world.peer()
        other.leave()
        other.leave()
        assert [each["client"] for each in peer.ask("repl-server/clients")["clients"]] == ["c1"]

    def test_that_join_say_their_name_and_leave_are_told_of(self, world: World, peer: Peer) -> None:
        ident = subscribe(peer, "clients")
        other = world.peer("unix pid 5")
        other.clone()
        other.clone(client_name="Emacs")
        other.clone(client_name="Emacs")
        other.leave()
        told = events(peer, ident)
        assert [event["what"] for event in told] == ["joined", "named", "left"]
        assert {event["repl-server/event"] for event in told} == {"clients"}
        assert {event["client"] for event in told} == {"c2"}
        assert told[0]["address"] == "unix pid 5"
        assert [event.get("name") for event in told] == [None, "Emacs", "Emacs"]


class TestEvaluations:
    def test_of_a_shared_session_are_seen(self, world: World, peer: Peer) -> None:
        other = world.peer()
        session = other.clone()
        ident = subscribe(peer, "evaluations", session=session)
        asked = other.send("eval", session=session, code="1 2", ns="toys", line=3)
        (evaluation,) = world.running
        evaluation.output("out", "text")
        evaluation.value("2", ns="toys", last=True)
        evaluation.finish()
        whose = {"repl-server/event": "evaluations", "client": "c2", "evaluation": asked}
        replies = other.to(asked)
        assert len(replies) == 3
        assert events(peer, ident) == [
            {**whose, "what": "begun", "op": "eval", "code": "1 2", "ns": "toys", "line": 3},
            {**whose, "what": "reply", "reply": replies[0]},
            {**whose, "what": "reply", "reply": replies[1]},
            {**whose, "what": "ended", "reply": replies[2]},
        ]

    def test_that_wait_begin_when_they_run(self, world: World, peer: Peer) -> None:
        other = world.peer()
        session = other.clone()
        ident = subscribe(peer, "evaluations", session=session)
        for code in ("first", "second"):
            other.send("eval", session=session, code=code)
        assert [event["what"] for event in events(peer, ident)] == ["begun"]
        world.running[0].finish()
        told = events(peer, ident)
        assert [event["what"] for event in told] == ["begun", "ended", "begun"]
        assert [event.get("code") for event in told] == ["first", None, "second"]

    def test_that_run_already_are_told_of_at_once(self, world: World, peer: Peer) -> None:
        session = peer.clone()
        asked = peer.send("eval", session=session, code="long")
        ident = subscribe(peer, "evaluations", session=session)
        (event,) = events(peer, ident)
        assert (event["what"], event["code"], event["evaluation"]) == ("begun", "long", asked)

    def test_of_a_file(self, world: World, peer: Peer) -> None:
        session = peer.clone()
        ident = subscribe(peer, "evaluations", session=session)
        peer.send("load-file", session=session, file="(code)", file_path="/x.scm")
        (event,) = events(peer, ident)
        assert (event["op"], event["code"], event["file-path"]) == ("load-file", "(code)", "/x.scm")
        assert "file" not in event

    def test_of_other_sessions_are_not(self, world: World, peer: Peer) -> None:
        session = peer.clone()
        ident = subscribe(peer, "evaluations", session=session)
        peer.send("eval", session=peer.clone(), code="1")
        peer.send("eval", code="1")
        peer.ask("completions", session=session, prefix="x")
        assert events(peer, ident) == []

    def test_long_code_is_cut(self, peer: Peer) -> None:
        session = peer.clone()
        ident = subscribe(peer, "evaluations", session=session)
        peer.send("eval", session=session, code="λ" * 50_000)
        (event,) = events(peer, ident)
        assert event["code"] == "λ" * 32_768
        assert event["repl-server/cut"] == ["code"]

    def test_need_a_session(self, peer: Peer) -> None:
        reply = peer.ask("repl-server/subscribe", events=["evaluations"])
        assert refusal(reply) == "session-ephemeral"

    def test_end_with_the_session(self, world: World, peer: Peer) -> None:
        session = peer.clone()
        ident = subscribe(peer, "evaluations", session=session)
        other = subscribe(peer, "clients", session=session)
        world.peer().ask("close", session=session)
        assert peer.last(ident)["status"] == ["done", "session-closed"]
        assert events(peer, other)[-1]["what"] == "joined"

    def test_are_no_more_seen_after_the_end(self, world: World, peer: Peer) -> None:
        session = world.peer().clone()
        ident = subscribe(peer, "evaluations", session=session)
        peer.ask("repl-server/unsubscribe", subscription=ident)
        peer.send("eval", session=session, code="1")
        assert events(peer, ident) == []


def test_jobs_are_told_of_in_every_state(world: World, peer: Peer) -> None:
    ident = subscribe(peer, "jobs")
    other = world.peer()
    job = other.ask("repl-server/submit", code="1", name="one")["job"]
    other.ask("repl-server/submit", code="2")
    world.running[0].finish()
    told = [(event["job"][-1], event["state"]) for event in events(peer, ident)]
    assert told == [
        ("1", "queued"),
        ("1", "running"),
        ("2", "queued"),
        ("1", "finished"),
        ("2", "running"),
    ]
    first = events(peer, ident)[0]
    assert (first["repl-server/event"], first["job"], first["name"]) == ("jobs", job, "one")


def test_held_errors_are_told_of(world: World, peer: Peer) -> None:
    ident = subscribe(peer, "errors")
    world.dispatcher.announce("errors", {"what": "held", "name": "step"})
    world.dispatcher.announce("clients", {"what": "joined"})
    assert events(peer, ident) == [
        {"repl-server/event": "errors", "what": "held", "name": "step"},
    ]


class TestTopics:
    def test_reach_who_has_subscribed(self, world: World, peer: Peer) -> None:
        weather = peer.send("repl-server/subscribe", topics=["weather", "news"])
        everything = peer.send("repl-server/subscribe", topics="*")
        world.dispatcher.publish("weather", "rain")
        world.dispatcher.publish("sports", "1:0")
        rain = {"repl-server/event": "topic", "topic": "weather", "text": "rain"}
        assert events(peer, weather) == [rain]
        assert [event["text"] for event in events(peer, everything)] == ["rain", "1:0"]

    def test_long_text_is_cut(self, world: World, peer: Peer) -> None:
        ident = peer.send("repl-server/subscribe", topics=["*"])
        world.dispatcher.publish("log", "x" * 1_048_577)
        (event,) = events(peer, ident)
        assert len(event["text"]) == 1_048_576
        assert event["repl-server/cut"] == ["text"]

    def test_without_anybody(self) -> None:
        World().dispatcher.publish("weather", "rain")
        world = World(clock=Clock())
        world.dispatcher.publish("weather", "rain")
        world.dispatcher.announce("errors", {})


class TestSlowClients:
    def test_miss_events_and_are_told_how_many(self, world: World, peer: Peer) -> None:
        ident = peer.send("repl-server/subscribe", topics=["log"])
        quick = world.peer()
        other = quick.send("repl-server/subscribe", topics=["log"])
        world.dispatcher.publish("log", "1")
        peer.reads = False
        for number in range(3):
            world.dispatcher.publish("log", f"missed {number}")
        peer.reads = True
        world.dispatcher.publish("log", "2")
        world.dispatcher.publish("log", "3")
        told = [(event["text"], event.get("repl-server/dropped")) for event in events(peer, ident)]
        assert told == [("1", None), ("2", 3), ("3", None)]
        assert len(events(quick, other)) == 6

    def test_are_told_at_the_end_at_least(self, world: World, peer: Peer) -> None:
        ident = peer.send("repl-server/subscribe", topics=["log"])
        peer.reads = False
        world.dispatcher.publish("log", "missed")
        peer.send("repl-server/unsubscribe", subscription=ident)
        assert peer.last(ident)["repl-server/dropped"] == 1


class TestEnding:
    def test_answers_both(self, world: World, peer: Peer) -> None:
        ident = subscribe(peer, "clients")
        request = peer.send("repl-server/unsubscribe", subscription=ident)
        assert peer.last(ident)["status"] == ["done"]
        assert peer.last(request)["status"] == ["done"]
        order = [reply["id"] for reply in peer.replies]
        assert order[-2:] == [ident, request]
        world.peer()
        assert peer.last(ident)["status"] == ["done"]

    @pytest.mark.parametrize("fields", [{}, {"subscription": "9"}, {"subscription": []}])
    def test_what_there_is_not(self, peer: Peer, fields: dict[str, object]) -> None:
        subscribe(peer, "clients")
        reply = peer.ask("repl-server/unsubscribe", **fields)
        assert refusal(reply) == "repl-server/unknown-subscription"

    def test_that_of_another_client(self, world: World, peer: Peer) -> None:
        ident = subscribe(peer, "clients", id="mine")
        reply = world.peer().ask("repl-server/unsubscribe", subscription=ident)
        assert refusal(reply) == "repl-server/unknown-subscription"

    def test_by_leaving(self, world: World, peer: Peer) -> None:
        other = world.peer()
        session = other.clone()
        ident = subscribe(peer, "clients", "evaluations", session=session, topics=["*"])
        peer.leave()
        before = len(peer.replies)
        world.peer()
        world.dispatcher.publish("log", "text")
        other.send("eval", session=session, code="1")
        assert len(peer.replies) == before
        assert world.dispatcher.sessions[session].observers == ()
        assert peer.last(ident)["status"] == ["repl-server/subscribed"]

    def test_with_the_server(self, world: World, peer: Peer) -> None:
        ident = subscribe(peer, "clients")
        world.dispatcher.close()
        assert peer.last(ident)["status"] == ["done"]


class TestRefusals:
    @pytest.mark.parametrize(
        "fields",
        [
            {},
            {"events": []},
            {"events": 5},
            {"events": [5]},
            {"events": [["clients"]]},
            {"events": {}},
            {"topics": [1]},
            {"topics": []},
            {"topics": [str(number) for number in range(1_001)]},
            {"events": ["weather"]},
            {"events": ["clients", ""]},
        ],
    )
    def test_of_what_is_not_there(self, peer: Peer, fields: dict[str, object]) -> None:
        assert refusal(peer.ask("repl-server/subscribe", **fields)) == "invalid-field"

    def test_name_the_events_there_are(self, peer: Peer) -> None:
        reply = peer.ask("repl-server/subscribe", events=["weather"])
        assert all(kind in reply["err"] for kind in KINDS)

    def test_of_a_second_one_with_the_same_id(self, world: World, peer: Peer) -> None:
        subscribe(peer, "clients", id="same")
        peer.send("repl-server/subscribe", events=["jobs"], id="same")
        assert refusal(peer.last("same")) == "invalid-field"
        subscribe(world.peer(), "clients", id="same")

    def test_of_one_without_an_id(self, world: World, peer: Peer) -> None:
        message = {"op": "repl-server/subscribe", "events": ["clients"]}
        world.dispatcher.receive(peer.client, message)
        assert refusal(peer.replies[-1]) == "invalid-field"

    def test_of_too_many(self, world: World, peer: Peer) -> None:
        first = subscribe(peer, "clients")
        for _ in range(MOST_SUBSCRIPTIONS - 1):
            subscribe(peer, "clients")
        reply = peer.ask("repl-server/subscribe", events=["clients"])
        assert refusal(reply) == "repl-server/too-many-subscriptions"
        peer.send("repl-server/unsubscribe", subscription=first)
        subscribe(peer, "clients")
        subscribe(world.peer(), "clients")


def test_a_client_may_be_connected_where_nobody_has_a_clock() -> None:
    world = World()
    dispatcher: Dispatcher = world.dispatcher
    client = world.peer("here").client
    assert (client.address, client.since, client.room()) == ("here", 0.0, True)
    assert list(dispatcher.clients) == [client]
