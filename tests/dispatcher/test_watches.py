from __future__ import annotations

from typing import Any

import pytest
from dispatcher.toy import Clock, Peer, World

from repl_server.dispatch.watches import MOST_WATCHES
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


def watch(peer: Peer, every: object = 1, code: str = "x", **fields: Any) -> str:
    ident = peer.send("repl-server/watch", code=code, every=every, **fields)
    assert peer.to(ident) == []
    return ident


def answer(world: World, *values: str) -> None:
    """Let the turn that runs bring these values."""
    (evaluation,) = world.running
    for value in values:
        evaluation.value(value, ns="toys")
    evaluation.finish()


def fail(world: World, ex: str, message: str | None, text: str) -> None:
    """Let the turn that runs end with an error."""
    (evaluation,) = world.running
    evaluation.error(text, ex=ex, message=message)
    evaluation.finish()


def values(peer: Peer, ident: str) -> list[str]:
    return [reply["value"] for reply in peer.to(ident) if "value" in reply]


def refusal(reply: Message) -> str:
    """The status that says why; with it comes a sentence."""
    done, error, why = reply["status"]
    assert (done, error) == ("done", "error")
    assert reply["err"].endswith("\n")
    return str(why)


@pytest.mark.parametrize("every", ["0.5", ".5", "5e-1"])
def test_values_come_again_and_again(world: World, clock: Clock, peer: Peer, every: str) -> None:
    session = peer.clone()
    ident = watch(peer, every, "(f)", session=session, ns="toys")
    for number in range(4):
        (evaluation,) = world.running
        assert (evaluation.code, evaluation.text("ns")) == ("(f)", "toys")
        answer(world, str(number))
        assert peer.last(ident) == {
            "id": ident,
            "session": session,
            "value": str(number),
            "ns": "toys",
        }
        clock.step(0.49)
        assert world.running == []
        clock.step(0.01)
    assert len(peer.to(ident)) == 4


def test_each_has_a_session_of_its_own_that_begins_as_a_copy(world: World, peer: Peer) -> None:
    session = peer.clone()
    watch(peer, session=session)
    own, parent = world.evaluator.opened[-1]
    assert parent is world.dispatcher.sessions[session]
    assert world.running[0].session is own
    assert peer.ask("ls-sessions")["sessions"] == [session]
    watch(peer)
    assert world.evaluator.opened[-1][1] is None
    peer.send("eval", session=session, code="1")
    assert len(world.running) == 3


def test_a_turn_that_still_runs_is_not_doubled(world: World, clock: Clock, peer: Peer) -> None:
    ident = watch(peer, 1)
    clock.step(3.5)
    assert len(world.evaluator.started) == 1
    answer(world, "late")
    assert world.running == []
    clock.step(0.5)
    answer(world, "in step again")
    assert values(peer, ident) == ["late", "in step again"]


def test_a_clock_that_is_late_does_not_bring_two_turns_at_once(
    world: World, clock: Clock, peer: Peer
) -> None:
    watch(peer, 1)
    answer(world, "1")
    clock.now += 5.3
    clock.step(0)
    assert len(world.evaluator.started) == 2
    answer(world, "2")
    clock.step(0.69)
    assert world.running == []
    clock.step(0.01)
    answer(world, "3")


def test_watches_do_not_wait_for_each_other(world: World, clock: Clock, peer: Peer) -> None:
    watch(peer, 1, "slow")
    ident = watch(peer, "0.2", "quick")
    for number in range(5):
        (evaluation,) = (one for one in world.running if one.code == "quick")
        evaluation.value(str(number), ns="toys", last=True)
        evaluation.finish()
        clock.step(0.2)
    assert values(peer, ident) == ["0", "1", "2", "3", "4"]
    assert clock.waiting < 5


def test_so_many_times(world: World, clock: Clock, peer: Peer) -> None:
    ident = watch(peer, 1, times="2")
    answer(world, "1")
    clock.step(2)
    answer(world, "2")
    assert [reply.get("status") for reply in peer.to(ident)] == [None, None, ["done"]]
    clock.step(10)
    assert len(world.evaluator.started) == 2
    assert world.evaluator.closed == [world.evaluator.started[0].session]


def test_only_changes(world: World, clock: Clock, peer: Peer) -> None:
    ident = watch(peer, 1, changes=1)
    for number in (1, 1, 2, 2, 1):
        answer(world, str(number), "same")
        clock.step(1)
    assert values(peer, ident) == ["1", "same", "2", "same", "1", "same"]


def test_what_is_printed_is_sent_too(world: World, clock: Clock, peer: Peer) -> None:
    ident = watch(peer, 1, changes=1)
    for _ in range(2):
        world.running[0].output("out", "printed\n")
        world.running[0].output("err", "warned\n")
        answer(world, "1")
        clock.step(1)
    told = [
        {key: reply[key] for key in reply if key in ("out", "err", "value")}
        for reply in peer.to(ident)
    ]
    printed = [{"out": "printed\n"}, {"err": "warned\n"}]
    assert told == [*printed, {"value": "1"}, *printed]


def test_nothing_is_sent_of_a_turn_that_brings_nothing(
    world: World, clock: Clock, peer: Peer
) -> None:
    ident = watch(peer)
    answer(world)
    clock.step(1)
    answer(world)
    assert peer.to(ident) == []


def test_a_turn_that_reads_input_gets_its_end(world: World, peer: Peer) -> None:
    ident = watch(peer)
    (evaluation,) = world.running
    evaluation.need_input()
    assert world.evaluator.input == [(evaluation.session, "")]
    assert peer.to(ident) == []


class TestErrors:
    def test_are_sent_and_it_goes_on(self, world: World, clock: Clock, peer: Peer) -> None:
        ident = watch(peer, 1)
        (evaluation,) = world.running
        evaluation.error("Boom: it\n", ex="Boom", message="it", frames=[{"name": "f", "line": 3}])
        evaluation.finish()
        err, head = peer.to(ident)
        assert err["err"] == "Boom: it\n"
        assert (head["ex"], head["root-ex"], head["status"]) == ("Boom", "Boom", ["eval-error"])
        assert head["repl-server/message"] == "it"
        assert head["repl-server/frames"] == [{"name": "f", "line": 3}]
        clock.step(1)
        answer(world, "well again")
        assert values(peer, ident) == ["well again"]

    @pytest.mark.parametrize("changes", [0, 1])
    def test_are_not_sent_twice_in_a_row(
        self, world: World, clock: Clock, peer: Peer, changes: int
    ) -> None:
        ident = watch(peer, 1, changes=changes)
        for turn in range(3):
            fail(world, "Boom", "it", f"in turn {turn}\nBoom: it\n")
            clock.step(1)
        assert [reply["err"] for reply in peer.to(ident) if "err" in reply] == [
            "in turn 0\nBoom: it\n"
        ]
        fail(world, "Boom", "another", "Boom: another\n")
        clock.step(1)
        fail(world, "Bang", "another", "Bang: another\n")
        clock.step(1)
        answer(world, "1")
        clock.step(1)
        fail(world, "Bang", "another", "Bang: another\n")
        assert len([reply for reply in peer.to(ident) if "err" in reply]) == 4

    def test_without_a_message_are_known_by_their_text(
        self, world: World, clock: Clock, peer: Peer
    ) -> None:
        ident = watch(peer, 1)
        for text in ("one", "one", "two"):
            fail(world, "Boom", None, text)
            clock.step(1)
        assert [reply["err"] for reply in peer.to(ident) if "err" in reply] == ["one", "two"]

    def test_of_the_request_are_sent_once_and_do_not_end_it(
        self, world: World, clock: Clock, peer: Peer
    ) -> None:
        ident = watch(peer, 1, ns="nowhere")
        for _ in range(2):
            world.running[0].finish("error", "namespace-not-found", err="No nowhere.\n")
            clock.step(1)
        (reply,) = peer.to(ident)
        assert (reply["err"], reply["status"]) == ("No nowhere.\n", ["namespace-not-found"])
        answer(world, "1")
        assert values(peer, ident) == ["1"]

    def test_an_interrupt_from_within_does_not_end_it(
        self, world: World, clock: Clock, peer: Peer
    ) -> None:
        ident = watch(peer, 1)
        world.running[0].finish("interrupted")
        (reply,) = peer.to(ident)
        assert reply["status"] == ["interrupted"]
        clock.step(1)
        assert len(world.running) == 1


class TestEnding:
    def test_by_unwatch(self, world: World, clock: Clock, peer: Peer) -> None:
        ident = watch(peer, 1)
        answer(world, "1")
        request = peer.send("repl-server/unwatch", watch=ident)
        assert peer.last(ident)["status"] == ["done", "interrupted"]
        assert peer.last(request)["status"] == ["done"]
        assert [reply["id"] for reply in peer.replies[-2:]] == [ident, request]
        assert world.evaluator.closed == [world.evaluator.started[0].session]
        clock.step(10)
        assert len(world.evaluator.started) == 1
        assert clock.waiting == 0

    def test_in_the_middle_of_a_turn(self, world: World, clock: Clock, peer: Peer) -> None:
        ident = watch(peer, 1)
        (evaluation,) = world.running
        peer.send("repl-server/unwatch", watch=ident)
        assert world.evaluator.closed == [evaluation.session]
        evaluation.value("late", ns="toys", last=True)
        evaluation.finish("interrupted")
        assert peer.last(ident)["status"] == ["done", "interrupted"]
        assert len(peer.to(ident)) == 1

    def test_by_an_interrupt_in_its_session(self, world: World, peer: Peer) -> None:
        session = peer.clone()
        ident = watch(peer, 1, session=session)
        request = peer.send("interrupt", session=session, interrupt_id=ident)
        assert peer.last(ident)["status"] == ["done", "interrupted"]
        assert peer.last(request)["status"] == ["done"]
        assert world.evaluator.interrupted == []

    def test_by_an_interrupt_while_the_session_evaluates(self, world: World, peer: Peer) -> None:
        session = peer.clone()
        ident = watch(peer, 1, session=session)
        evaluation = peer.send("eval", session=session, code="1")
        peer.send("interrupt", session=session, interrupt_id=ident)
        assert peer.last(ident)["status"] == ["done", "interrupted"]
        assert peer.to(evaluation) == []

    def test_not_by_an_interrupt_of_something_else(self, world: World, peer: Peer) -> None:
        session, other = peer.clone(), peer.clone()
        ident = watch(peer, 1, session=session)
        for fields in (
            {"session": session},
            {"session": session, "interrupt_id": "other"},
            {"session": other, "interrupt_id": ident},
        ):
            assert peer.ask("interrupt", **fields)["status"] == ["done", "session-idle"]
        assert peer.to(ident) == []

    @pytest.mark.parametrize("fields", [{}, {"watch": "9"}, {"watch": []}])
    def test_what_there_is_not(self, peer: Peer, fields: dict[str, object]) -> None:
        watch(peer)
        assert refusal(peer.ask("repl-server/unwatch", **fields)) == "repl-server/unknown-watch"

    def test_that_of_another_client(self, world: World, peer: Peer) -> None:
        ident = watch(peer, id="mine")
        reply = world.peer().ask("repl-server/unwatch", watch=ident)
        assert refusal(reply) == "repl-server/unknown-watch"

    def test_with_its_session(self, world: World, clock: Clock, peer: Peer) -> None:
        session = peer.clone()
        ident = watch(peer, 1, session=session)
        kept = watch(peer, 1, "kept")
        peer.send("close", session=session)
        assert peer.last(ident)["status"] == ["done", "interrupted", "session-closed"]
        assert peer.to(kept) == []
        assert len(world.evaluator.closed) == 2

    def test_with_its_client(self, world: World, clock: Clock, peer: Peer) -> None:
        shared = world.peer().clone()
        peer.send("stdin", session=shared, stdin="x")
        watch(peer, 1, session=shared)
        (evaluation,) = world.running
        before = len(peer.replies)
        peer.leave()
        assert world.evaluator.closed == [evaluation.session]
        evaluation.finish("interrupted")
        clock.step(10)
        assert len(world.evaluator.started) == 1
        assert len(peer.replies) == before

    def test_with_the_server(self, world: World, clock: Clock, peer: Peer) -> None:
        ident = watch(peer)
        world.dispatcher.close()
        assert peer.last(ident)["status"] == ["done", "interrupted"]
        assert world.evaluator.closed == [world.evaluator.started[0].session]


class TestBounds:
    @pytest.mark.parametrize(
        "fields",
        [
            {"every": 0},
            {"every": "0.04"},
            {"every": -1},
            {"every": "often"},
            {"every": "nan"},
            {"every": 86_401},
            {"every": []},
            {},
            {"every": 1, "times": 0},
            {"every": 1, "times": -5},
            {"every": 1, "times": "many"},
        ],
    )
    def test_of_fields(self, world: World, peer: Peer, fields: dict[str, object]) -> None:
        assert refusal(peer.ask("repl-server/watch", code="1", **fields)) == "invalid-field"
        assert world.evaluator.opened == []

    @pytest.mark.parametrize("fields", [{}, {"code": 5}, {"code": ["1"]}])
    def test_of_code(self, peer: Peer, fields: dict[str, object]) -> None:
        assert refusal(peer.ask("repl-server/watch", every=1, **fields)) == "no-code"

    def test_of_watches(self, world: World, peer: Peer) -> None:
        first = watch(peer)
        for _ in range(MOST_WATCHES - 1):
            watch(peer)
        reply = peer.ask("repl-server/watch", code="1", every=1)
        assert refusal(reply) == "repl-server/too-many-watches"
        peer.send("repl-server/unwatch", watch=first)
        watch(peer)
        watch(world.peer())

    def test_of_ids(self, world: World, peer: Peer) -> None:
        watch(peer, id="same")
        assert refusal(peer.ask("repl-server/watch", code="1", every=1, id="same"))
        watch(world.peer(), id="same")
        world.dispatcher.receive(peer.client, {"op": "repl-server/watch", "code": "1", "every": 1})
        assert refusal(peer.replies[-1]) == "invalid-field"

    def test_of_one_turn(self, world: World, clock: Clock, peer: Peer) -> None:
        ident = watch(peer, 1)
        (evaluation,) = world.running
        assert evaluation.number("nrepl.middleware.print/quota") == 1_048_576
        for _ in range(20):
            evaluation.output("out", "x" * 100_000)
        answer(world, "1")
        out, value = peer.to(ident)
        assert len(out["out"]) == 1_048_576
        assert value["repl-server/cut"] == ["out"]

    def test_of_what_waits_for_a_client_that_does_not_read(
        self, world: World, clock: Clock, peer: Peer
    ) -> None:
        ident = watch(peer, 1, changes=1)
        answer(world, "1")
        peer.reads = False
        for number in ("2", "3"):
            clock.step(1)
            answer(world, number)
        peer.reads = True
        clock.step(1)
        answer(world, "1")
        clock.step(1)
        answer(world, "3")
        told = [(reply["value"], reply.get("repl-server/dropped")) for reply in peer.to(ident)]
        assert told == [("1", None), ("3", 2)]
