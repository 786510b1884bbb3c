from __future__ import annotations

from typing import Any

import pytest
from dispatcher.toy import Clock, Peer, World

from repl_server.dispatch.dispatcher import Bounds
from repl_server.dispatch.ops import OPS


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def peer(world: World) -> Peer:
    return world.peer()


def test_clone_opens_a_session(world: World, peer: Peer) -> None:
    reply = peer.ask("clone", id="first")
    assert reply == {"id": "first", "new-session": "s1", "status": ["done"]}
    ((session, parent),) = world.evaluator.opened
    assert (session.id, parent) == ("s1", None)


def test_clone_with_a_session_copies_it(world: World, peer: Peer) -> None:
    first = peer.clone()
    world.dispatcher.sessions[first].state["x"] = 1
    reply = peer.ask("clone", session=first)
    assert reply["session"] == first
    session, parent = world.evaluator.opened[-1]
    assert parent is world.dispatcher.sessions[first]
    assert session.state == {"x": 1}


def test_clone_says_who_the_client_is(peer: Peer) -> None:
    peer.clone(client_name="Emacs", client_version="31")
    assert (peer.client.name, peer.client.version) == ("Emacs", "31")
    peer.clone(client_name=5)
    assert peer.client.name == "Emacs"


def test_ls_sessions_names_those_of_all_clients(world: World, peer: Peer) -> None:
    mine, others = peer.clone(), world.peer().clone()
    assert peer.ask("ls-sessions")["sessions"] == [mine, others]


def test_close_ends_a_session(world: World, peer: Peer) -> None:
    session = peer.clone()
    reply = peer.ask("close", session=session)
    assert set(reply["status"]) == {"done", "session-closed"}
    assert [closed.id for closed in world.evaluator.closed] == [session]
    assert peer.ask("ls-sessions")["sessions"] == []
    assert "unknown-session" in peer.ask("eval", session=session, code="1")["status"]


def test_close_without_a_session_is_refused(peer: Peer) -> None:
    assert set(peer.ask("close")["status"]) == {"done", "error", "session-ephemeral"}


@pytest.mark.parametrize(
    "op", ["clone", "close", "describe", "eval", "interrupt", "stdin", "completions", "lookup"]
)
def test_a_session_nobody_knows(peer: Peer, op: str) -> None:
    reply = peer.ask(op, session="gone", code="1", prefix="x", sym="x", stdin="x")
    assert set(reply["status"]) == {"done", "error", "unknown-session"}
    assert reply["err"].endswith("\n")
    assert "session" not in reply


def test_an_empty_session_is_no_session(peer: Peer) -> None:
    assert peer.ask("clone", session="")["status"] == ["done"]


def test_describe(peer: Peer) -> None:
    reply = peer.ask("describe")
    assert set(reply["ops"]) == {op for op in OPS if not op.startswith("repl-server/")}
    assert all(told == {} for told in reply["ops"].values())
    assert reply["versions"] == {"toy": {"version-string": "1.0"}}
    assert reply["aux"] == {"current-ns": "toys"}
    assert reply["status"] == ["done"]


@pytest.mark.parametrize("verbose", [1, "1", "true", ["x"]])
def test_describe_verbose_has_each_ops_documentation(peer: Peer, verbose: object) -> None:
    ops = peer.ask("describe", **{"verbose?": verbose})["ops"]
    for name, told in ops.items():
        assert told["doc"] == OPS[name].doc
        assert dict(told["requires"]) == dict(OPS[name].requires)
        assert set(told) == {"doc", "requires", "optional", "returns"}


@pytest.mark.parametrize("verbose", [0, "", "false", []])
def test_describe_not_verbose(peer: Peer, verbose: object) -> None:
    assert peer.ask("describe", **{"verbose?": verbose})["ops"]["eval"] == {}


def test_only_the_ops_the_evaluator_has_and_the_standard_ones() -> None:
    peer = World(ops=frozenset({"eval"})).peer()
    assert set(peer.ask("describe")["ops"]) == {
        "classpath",
        "clone",
        "close",
        "describe",
        "ls-sessions",
        "eval",
    }
    for op in ("completions", "lookup", "interrupt", "stdin", "load-file"):
        assert "unknown-op" in peer.ask(op, prefix="x", sym="x")["status"]


def test_a_class_path_is_an_empty_list_for_clients_that_ask_everybody_for_one(peer: Peer) -> None:
    reply = peer.ask("classpath")
    assert reply["classpath"] == []
    assert reply["status"] == ["done"]


def test_an_unknown_op(peer: Peer) -> None:
    reply = peer.ask("make-tea")
    assert set(reply["status"]) == {"done", "error", "unknown-op"}
    assert reply["op"] == "make-tea"
    assert "describe" in reply["err"] or "make-tea" in reply["err"]


@pytest.mark.parametrize("op", [None, 5, [], {}, ["eval"], ""])
def test_a_message_without_an_op_or_with_one_that_is_no_text(peer: Peer, op: Any) -> None:
    reply = peer.ask(op)
    assert {"done", "error"} < set(reply["status"])


def test_an_id_that_is_a_number_comes_back_as_it_was(peer: Peer) -> None:
    peer.dispatcher.receive(peer.client, {"op": "clone", "id": 7})
    assert peer.replies[-1]["id"] == 7


@pytest.mark.parametrize("ident", [[], {}, ["1"]])
def test_an_id_of_the_wrong_kind_is_not_sent_back(peer: Peer, ident: object) -> None:
    peer.dispatcher.receive(peer.client, {"op": "clone", "id": ident})
    assert peer.replies[-1]["status"] == ["done", "error", "invalid-field"]
    assert "id" not in peer.replies[-1]


def test_a_message_without_an_id_is_answered_without_one(peer: Peer) -> None:
    peer.dispatcher.receive(peer.client, {"op": "describe"})
    assert "id" not in peer.replies[-1]
    assert peer.replies[-1]["status"] == ["done"]


@pytest.mark.parametrize(
    ("op", "fields", "status"),
    [
        ("eval", {}, "no-code"),
        ("eval", {"code": 5}, "unknown-code-type"),
        ("eval", {"code": ["1"]}, "unknown-code-type"),
        ("load-file", {}, "no-file"),
        ("load-file", {"file": 5}, "no-file"),
        ("completions", {}, "invalid-field"),
        ("completions", {"prefix": []}, "invalid-field"),
        ("lookup", {"sym": 1}, "invalid-field"),
        ("stdin", {"stdin": "x"}, "invalid-field"),
        ("interrupt", {}, "session-ephemeral"),
    ],
)
def test_what_is_missing_or_of_the_wrong_kind(
    peer: Peer, op: str, fields: dict[str, Any], status: str
) -> None:
    reply = peer.ask(op, **fields)
    assert set(reply["status"]) == {"done", "error", status}
    assert reply["err"]


def test_fields_nobody_knows_are_ignored(peer: Peer) -> None:
    assert peer.ask("clone", colour="blue", nested={"a": [1]})["status"] == ["done"]


def test_tools_answer_with_or_without_a_session(peer: Peer) -> None:
    session = peer.clone()
    assert peer.ask("completions", prefix="x")["completions"] == [{"candidate": "x"}]
    reply = peer.ask("lookup", sym="x", session=session)
    assert reply["info"] == {"name": "x"}
    assert reply["session"] == session


def test_leaving_closes_the_sessions_nobody_else_uses(world: World, peer: Peer) -> None:
    other = world.peer()
    mine, shared, others = peer.clone(), peer.clone(), other.clone()
    other.send("eval", session=shared, code="1")
    peer.leave()
    assert [session.id for session in world.evaluator.closed] == [mine]
    assert other.ask("ls-sessions")["sessions"] == [shared, others]
    other.leave()
    assert world.dispatcher.sessions == {}


def test_sessions_are_bounded() -> None:
    peer = World(bounds=Bounds(sessions=2)).peer()
    first = peer.clone()
    peer.clone()
    assert set(peer.ask("clone")["status"]) == {"done", "error", "too-many-sessions"}
    peer.send("close", session=first)
    assert peer.ask("clone")["status"] == ["done"]


def test_evaluations_without_a_session_are_bounded_too() -> None:
    world = World(bounds=Bounds(sessions=2))
    peer = world.peer()
    for _ in range(2):
        peer.send("eval", code="1")
    assert len(world.running) == 2
    assert "too-many-sessions" in peer.ask("eval", code="1")["status"]
    assert len(world.running) == 2


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_session_that_is_kept_outlives_its_connection_for_so_long(clock: Clock) -> None:
    world = World(clock=clock)
    peer = world.peer()
    session = peer.clone(**{"repl-server/keep": "60"})
    peer.leave()
    clock.step(59)
    assert world.peer().ask("ls-sessions")["sessions"] == [session]
    clock.step(2)
    assert world.dispatcher.sessions == {}


def test_who_comes_back_to_a_kept_session_has_it(clock: Clock) -> None:
    world = World(clock=clock)
    peer = world.peer()
    session = peer.clone(**{"repl-server/keep": 60})
    peer.leave()
    clock.step(50)
    later = world.peer()
    later.send("eval", session=session, code="1")
    clock.step(100)
    assert [each.id for each in world.dispatcher.sessions.values()] == [session]
    later.leave()
    clock.step(59)
    assert session in world.dispatcher.sessions
    clock.step(2)
    assert session not in world.dispatcher.sessions


def test_what_a_kept_session_runs_is_interrupted_when_its_client_is_lost(clock: Clock) -> None:
    world = World(clock=clock)
    peer = world.peer()
    session = peer.clone(**{"repl-server/keep": 60})
    peer.send("eval", session=session, code="1")
    peer.send("eval", session=session, code="2")
    peer.leave()
    (running,) = world.running
    assert world.evaluator.interrupted == [running]
    running.finish("interrupted")
    assert [evaluation.code for evaluation in world.evaluator.started] == ["1"]


def test_a_session_that_is_closed_is_not_kept(clock: Clock) -> None:
    world = World(clock=clock)
    peer = world.peer()
    session = peer.clone(**{"repl-server/keep": 60})
    peer.send("close", session=session)
    assert world.dispatcher.sessions == {}


def test_a_session_is_kept_for_five_minutes_at_most(clock: Clock) -> None:
    world = World(clock=clock)
    peer = world.peer()
    peer.clone(**{"repl-server/keep": 100_000})
    peer.leave()
    clock.step(301)
    assert world.dispatcher.sessions == {}


def test_a_server_that_ends_keeps_no_session(clock: Clock) -> None:
    world = World(clock=clock)
    here, gone = world.peer(), world.peer()
    here.clone(**{"repl-server/keep": 60})
    gone.clone(**{"repl-server/keep": 60})
    gone.leave()
    world.dispatcher.close()
    here.leave()
    assert world.dispatcher.sessions == {}
    assert len(world.evaluator.closed) == 2
