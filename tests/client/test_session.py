"""A session without any I/O: what it sends, and what it makes of odd replies."""

from __future__ import annotations

import pytest

from repl_connect.session import Completions, Done, Event, Output, Session, Value
from repl_server.wire import Message


class Sent(list[Message]):
    """What a session has sent; `to` is its session, which is open."""

    def __init__(self, *, in_order: bool = False) -> None:
        self.output: list[Output] = []
        self.to = Session(self.append, self.output.append)
        self.to.start(lambda: None, lambda error: pytest.fail(str(error)))
        versions = {"repl-server": "0.1.0"} if in_order else {"nrepl": "1.0.0"}
        self.answer(ops=["clone", "eval", "interrupt", "stdin", "completions"], versions=versions)
        self.answer(**{"new-session": "first"})
        self.answer(**{"new-session": "tool"})
        assert self.to.ready

    def answer(self, **fields: object) -> None:
        """Answer the last request, and end it."""
        self.to.receive({"id": self[-1]["id"], "status": ["done"], **fields})

    @property
    def code(self) -> list[str]:
        """What was sent to be evaluated."""
        return [each["code"] for each in self if each["op"] == "eval"]


def test_an_interrupt_goes_to_the_session_in_which_it_runs() -> None:
    sent = Sent()
    running = sent.to.evaluate("(wait)", lambda _: None)
    sent.to.use("second")
    sent.to.interrupt()
    assert sent[-1]["op"] == "interrupt"
    assert (sent[-1]["session"], sent[-1]["interrupt-id"]) == ("first", running.id)


def test_input_goes_to_the_session_that_waits_for_it() -> None:
    sent = Sent()
    waiting = sent.to.evaluate("(read-line)", lambda _: None)
    sent.to.use("second")
    sent.to.give_input("text\n", waiting)
    assert (sent[-1]["op"], sent[-1]["session"]) == ("stdin", "first")


def test_what_still_runs_in_another_session_does_not_change_the_namespace() -> None:
    sent = Sent()
    before = sent.to.evaluate("1", lambda _: None)
    sent.to.use("second")
    here = sent.to.evaluate("2", lambda _: None)
    sent.to.receive({"id": here.id, "ns": "here", "value": "2"})
    sent.to.receive({"id": before.id, "ns": "there", "value": "1"})
    assert sent.to.namespace == "here"


@pytest.mark.parametrize("status", [5, {"done": 1}, ["done", 7], [["done"]], ""])
def test_odd_statuses_are_no_error(status: object) -> None:
    sent = Sent()
    events: list[Event] = []
    evaluation = sent.to.evaluate("1", events.append)
    sent.to.receive({"id": evaluation.id, "value": "1", "status": status})
    sent.to.receive({"id": evaluation.id, "status": "done"})
    assert [type(event) for event in events] == [Value, Done]


@pytest.mark.parametrize("ops", [5, None, "eval", ["eval", 1]])
def test_odd_ops_are_no_error(ops: object) -> None:
    sent: list[Message] = []
    session = Session(sent.append, lambda _: None)
    ready: list[bool] = []
    session.start(lambda: ready.append(True), lambda error: pytest.fail(str(error)))
    session.receive({"id": sent[0]["id"], "ops": ops, "status": ["done"]})
    assert ready == [True]


def test_a_completion_never_replaces_what_is_behind_the_cursor() -> None:
    sent = Sent()
    found: list[Completions] = []
    sent.to.complete("ab", "ab", found.append)
    sent.answer(completions=[{"candidate": "abc"}], **{"repl-server/replaces": -3})
    assert found[0].replaces == 0


def test_evaluations_go_one_by_one_where_the_order_is_not_kept() -> None:
    sent = Sent()
    ended: list[str] = []

    def event(event: Event) -> None:
        if isinstance(event, Done):
            ended.append(sent[-1]["code"])

    for code in ("1", "2", "3"):
        sent.to.evaluate(code, event)
    sent.to.use("second")
    sent.to.evaluate("elsewhere", lambda _: None)
    assert sent.code == ["1", "elsewhere"]
    first = next(each for each in sent if each.get("code") == "1")
    sent.to.receive({"id": first["id"], "status": ["done"]})
    assert sent.code == ["1", "elsewhere", "2"]
    assert sent[-1]["session"] == "first"
    sent.answer()
    sent.answer()
    assert sent.code == ["1", "elsewhere", "2", "3"]
    assert ended == ["elsewhere", "2", "3"]


def test_evaluations_go_at_once_where_the_order_is_kept() -> None:
    sent = Sent(in_order=True)
    for code in ("1", "2", "3"):
        sent.to.evaluate(code, lambda _: None)
    assert sent.code == ["1", "2", "3"]


def test_what_waits_for_its_turn_is_interrupted_without_being_sent() -> None:
    sent = Sent()
    events: list[Event] = []
    answers: list[str | None] = []
    sent.to.evaluate("1", lambda _: None)
    waiting = sent.to.evaluate("2", events.append)
    sent.to.evaluate("3", lambda _: None)
    sent.to.interrupt(waiting, answers.append)
    assert isinstance(events[0], Done)
    assert events[0].interrupted
    assert answers == [None]
    sent.answer()
    assert sent.code == ["1", "3"]


def test_what_waits_for_its_turn_is_not_sent_when_the_connection_is_lost() -> None:
    sent = Sent()
    events: list[Event] = []
    for code in ("1", "2"):
        sent.to.evaluate(code, events.append)
    sent.to.lost("gone")
    assert [isinstance(each, Done) and each.lost for each in events] == [True, True]
    assert sent.code == ["1"]
