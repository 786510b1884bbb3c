from __future__ import annotations

import pytest
from dispatcher.toy import Peer, World

from repl_server.dispatch.dispatcher import Bounds


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def peer(world: World) -> Peer:
    return world.peer()


@pytest.fixture
def session(peer: Peer) -> str:
    return peer.clone()


def test_an_evaluation_from_start_to_end(world: World, peer: Peer, session: str) -> None:
    ident = peer.send("eval", session=session, code="1 2")
    (evaluation,) = world.running
    assert evaluation.code == "1 2"
    assert not evaluation.is_file
    evaluation.output("out", "text")
    evaluation.value("1", ns="toys")
    evaluation.value("2", ns="toys", truncated=True, label="$2")
    evaluation.finish()
    base = {"id": ident, "session": session}
    assert peer.to(ident) == [
        {**base, "out": "text"},
        {**base, "value": "1", "ns": "toys"},
        {
            **base,
            "value": "2",
            "ns": "toys",
            "label": "$2",
            "status": ["nrepl.middleware.print/truncated"],
        },
        {**base, "status": ["done"]},
    ]


def test_a_last_value_goes_out_together_with_done(world: World, peer: Peer, session: str) -> None:
    ident = peer.send("eval", session=session, code="1")
    (evaluation,) = world.running
    evaluation.value("1", ns="toys", last=True)
    assert peer.to(ident) == []
    evaluation.finish()
    assert [reply.get("value") for reply in peer.to(ident)] == ["1", None]
    assert peer.together[-1] == 2


def test_an_error(world: World, peer: Peer, session: str) -> None:
    ident = peer.send("eval", session=session, code="1")
    (evaluation,) = world.running
    evaluation.error("Boom: it\n", ex="Boom", message="it", frames=[{"name": "f", "line": 3}])
    evaluation.finish()
    err, head, done = peer.to(ident)
    assert err["err"] == "Boom: it\n"
    assert "status" not in err
    assert head["ex"] == head["root-ex"] == "Boom"
    assert head["status"] == ["eval-error"]
    assert head["repl-server/message"] == "it"
    assert head["repl-server/frames"] == [{"name": "f", "line": 3}]
    assert done["status"] == ["done"]


def test_one_at_a_time_in_the_order_they_came(world: World, peer: Peer, session: str) -> None:
    sent = [peer.send("eval", session=session, code=str(n)) for n in range(5)]
    for ident in sent:
        (evaluation,) = world.running
        assert evaluation.id == ident
        evaluation.finish()
    assert world.running == []
    assert [reply["id"] for reply in peer.replies if "status" in reply][1:] == sent


def test_sessions_do_not_wait_for_each_other(world: World, peer: Peer, session: str) -> None:
    peer.send("eval", session=session, code="1")
    peer.send("eval", session=peer.clone(), code="2")
    peer.send("eval", code="3")
    assert [one.code for one in world.running] == ["1", "2", "3"]


def test_two_clients_share_a_sessions_queue_and_get_their_own_answers(
    world: World, peer: Peer, session: str
) -> None:
    other = world.peer()
    mine = peer.send("eval", session=session, code="1", id="same")
    theirs = other.send("eval", session=session, code="2", id="same")
    world.running[0].value("1", ns="toys")
    assert [reply["value"] for reply in peer.to(mine)] == ["1"]
    assert other.to(theirs) == []
    world.running[0].finish()
    world.running[0].finish()
    assert [reply["status"] for reply in other.to(theirs)] == [["done"]]


def test_without_a_session_it_gets_one_that_ends_with_it(world: World, peer: Peer) -> None:
    ident = peer.send("eval", code="1")
    (evaluation,) = world.running
    assert evaluation.session is not None
    assert evaluation.session.ephemeral
    evaluation.finish()
    assert peer.to(ident)[-1]["status"] == ["done"]
    assert world.evaluator.closed == [evaluation.session]
    assert world.dispatcher.sessions == {}


def test_load_file_with_contents_and_with_a_path(world: World, peer: Peer, session: str) -> None:
    peer.send("load-file", session=session, file="(code)", file_path="/x/y.scm")
    (evaluation,) = world.running
    assert evaluation.is_file
    assert evaluation.code == "(code)"
    assert evaluation.text("file-path") == "/x/y.scm"
    evaluation.finish()
    peer.send("load-file", session=session, file_path="/x/y.scm")
    (evaluation,) = world.running
    assert evaluation.code == ""


def test_fields_as_text_and_numbers(world: World, peer: Peer, session: str) -> None:
    peer.send("eval", session=session, code="1", ns="", line="12", column=3, file=[])
    (evaluation,) = world.running
    assert evaluation.text("ns") is None
    assert evaluation.text("file") is None
    assert evaluation.number("line") == 12
    assert evaluation.number("column") == 3
    assert evaluation.number("file") is None
    assert evaluation.number("nothing") is None


def test_finishing_twice_answers_once(world: World, peer: Peer, session: str) -> None:
    ident = peer.send("eval", session=session, code="1")
    (evaluation,) = world.running
    peer.send("eval", session=session, code="2")
    evaluation.finish()
    evaluation.finish("interrupted")
    assert len(peer.to(ident)) == 1
    (following,) = world.running
    assert following.code == "2"


def test_output_after_the_end_is_sent_with_the_same_id(
    world: World, peer: Peer, session: str
) -> None:
    ident = peer.send("eval", session=session, code="1")
    (evaluation,) = world.running
    evaluation.finish()
    evaluation.output("out", "late")
    assert peer.to(ident)[-1] == {"id": ident, "session": session, "out": "late"}


def test_the_end_may_wait_if_the_same_client_is_about_to_be_answered_again(
    world: World, peer: Peer, session: str
) -> None:
    held: list[list[object]] = []
    peer.client.hold = lambda messages: held.append([reply["id"] for reply in messages])
    other = world.peer()
    first = peer.send("eval", session=session, code="1")
    second = peer.send("eval", session=session, code="2")
    other.send("eval", session=session, code="3", id="theirs")
    third = peer.send("eval", session=session, code="4")
    for _ in range(4):
        world.running[0].value("1", ns="toys", last=True)
        world.running[0].finish()
    assert held == [[first, first]]
    assert [len(peer.to(ident)) for ident in (first, second, third)] == [0, 2, 2]
    assert len(other.to("theirs")) == 2


def test_a_queue_is_bounded(world: World) -> None:
    peer = World(bounds=Bounds(queued=2)).peer()
    session = peer.clone()
    for _ in range(3):
        peer.send("eval", session=session, code="1")
    reply = peer.ask("eval", session=session, code="1")
    assert set(reply["status"]) == {"done", "error", "queue-full"}


class TestInterrupt:
    def test_what_runs(self, world: World, peer: Peer, session: str) -> None:
        ident = peer.send("eval", session=session, code="loop")
        (evaluation,) = world.running
        request = peer.send("interrupt", session=session, interrupt_id=ident)
        assert world.evaluator.interrupted == [evaluation]
        assert evaluation.interrupted
        assert peer.to(request) == []
        evaluation.finish("interrupted")
        assert [set(reply["status"]) for reply in peer.to(ident)] == [{"done", "interrupted"}]
        assert [reply["status"] for reply in peer.to(request)] == [["done"]]
        order = [reply["id"] for reply in peer.replies]
        assert order.index(ident) < order.index(request)

    @pytest.mark.parametrize("wanted", [{}, {"interrupt_id": ""}])
    def test_whatever_runs(
        self, world: World, peer: Peer, session: str, wanted: dict[str, str]
    ) -> None:
        peer.send("eval", session=session, code="loop")
        peer.send("interrupt", session=session, **wanted)
        assert world.evaluator.interrupted == world.running

    def test_twice(self, world: World, peer: Peer, session: str) -> None:
        peer.send("eval", session=session, code="loop")
        requests = [peer.send("interrupt", session=session) for _ in range(2)]
        world.running[0].finish("interrupted")
        assert [len(peer.to(request)) for request in requests] == [1, 1]

    def test_what_waits(self, world: World, peer: Peer, session: str) -> None:
        peer.send("eval", session=session, code="first")
        waiting = peer.send("eval", session=session, code="second")
        last = peer.send("eval", session=session, code="third")
        request = peer.send("interrupt", session=session, interrupt_id=waiting)
        assert world.evaluator.interrupted == []
        assert [set(reply["status"]) for reply in peer.to(waiting)] == [{"done", "interrupted"}]
        assert [reply["status"] for reply in peer.to(request)] == [["done"]]
        world.running[0].finish()
        assert [one.id for one in world.running] == [last]

    def test_something_else(self, world: World, peer: Peer, session: str) -> None:
        peer.send("eval", session=session, code="first")
        reply = peer.ask("interrupt", session=session, interrupt_id="other")
        assert set(reply["status"]) == {"done", "error", "interrupt-id-mismatch"}
        assert world.evaluator.interrupted == []

    @pytest.mark.parametrize("wanted", [{}, {"interrupt_id": "1"}])
    def test_nothing(self, peer: Peer, session: str, wanted: dict[str, str]) -> None:
        assert set(peer.ask("interrupt", session=session, **wanted)["status"]) == {
            "done",
            "session-idle",
        }

    def test_what_ends_by_itself_first(self, world: World, peer: Peer, session: str) -> None:
        ident = peer.send("eval", session=session, code="quick")
        request = peer.send("interrupt", session=session)
        world.running[0].finish()
        assert peer.to(ident)[-1]["status"] == ["done"]
        assert peer.to(request)[-1]["status"] == ["done"]

    def test_what_cannot_be_interrupted(self, world: World, peer: Peer, session: str) -> None:
        peer.send("eval", session=session, code="loop")
        request = peer.send("interrupt", session=session)
        world.running[0].not_interruptible("It is in C.")
        (reply,) = peer.to(request)
        assert set(reply["status"]) == {"done", "error", "repl-server/not-interruptible"}
        assert reply["err"] == "It is in C.\n"
        world.running[0].finish()
        assert len(peer.to(request)) == 1


class TestInput:
    def test_asked_for_and_given(self, world: World, peer: Peer, session: str) -> None:
        ident = peer.send("eval", session=session, code="read")
        world.running[0].need_input()
        assert peer.to(ident)[-1]["status"] == ["need-input"]
        assert peer.ask("stdin", session=session, stdin="line\n")["status"] == ["done"]
        ((where, text),) = world.evaluator.input
        assert (where.id, text) == (session, "line\n")

    def test_the_end_of_input_is_empty_text(self, world: World, peer: Peer, session: str) -> None:
        peer.send("stdin", session=session, stdin="")
        assert world.evaluator.input[-1][1] == ""

    def test_no_room_for_more(self, world: World, peer: Peer, session: str) -> None:
        world.evaluator.room_for_input = False
        reply = peer.ask("stdin", session=session, stdin="x")
        assert set(reply["status"]) == {"done", "error", "input-full"}

    @pytest.mark.parametrize("fields", [{}, {"stdin": 5}, {"stdin": ["a"]}])
    def test_no_text(self, peer: Peer, session: str, fields: dict[str, object]) -> None:
        assert "error" in peer.ask("stdin", session=session, **fields)["status"]


class TestClosing:
    def test_what_waits_ends_and_what_runs_is_the_evaluators(
        self, world: World, peer: Peer, session: str
    ) -> None:
        first = peer.send("eval", session=session, code="first")
        second = peer.send("eval", session=session, code="second")
        peer.send("close", session=session)
        assert set(peer.to(second)[-1]["status"]) == {"done", "interrupted", "session-closed"}
        assert [closed.id for closed in world.evaluator.closed] == [session]
        assert peer.to(first) == []
        world.running[0].finish("interrupted")
        assert set(peer.to(first)[-1]["status"]) == {"done", "interrupted"}
        assert world.running == []

    def test_leaving_while_something_runs(self, world: World, peer: Peer, session: str) -> None:
        peer.send("eval", session=session, code="first")
        peer.send("eval", session=session, code="second")
        peer.send("eval", code="without a session")
        peer.leave()
        assert len(world.evaluator.closed) == 2
        for evaluation in world.running:
            evaluation.finish("interrupted")
        assert world.running == []
        assert world.dispatcher.sessions == {}
        assert len(world.evaluator.closed) == 2
