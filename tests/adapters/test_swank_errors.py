"""The Swank adapter and errors that are held, fed with bytes as Swank sends them."""

from __future__ import annotations

import pytest
from adapters.playing_swank import Lisp, ready

from repl_server.wire import Message

RESTARTS = '(("USE-VALUE" "Use it.") ("STOP" "End this evaluation.") ("*ABORT" "Return"))'
OTHERS = '(("SKIP" "Skip it.") ("ABORT" "abort thread (#<SB-THREAD:THREAD \\"mine\\" RUNNING>)"))'


@pytest.fixture
def lisp() -> Lisp:
    """Ready, with a session open."""
    return ready()


@pytest.fixture
def session(lisp: Lisp) -> str:
    return str(lisp.to("c")[0]["new-session"])


def failing(lisp: Lisp, session: str) -> int:
    """An evaluation in its debugger, of a client that has asked for held errors."""
    lisp.ask(op="repl-server/held", id="h")
    number = lisp.evaluate(session=session)
    error = f':repl-connect :error {number} "UNBOUND-VARIABLE" nil ("USE-VALUE")'
    lisp.feed(f'(:write-string "X is unbound." ({error}))')
    debug = f'(:debug 1 1 ("X is unbound." "[...]" nil) {RESTARTS} () ({number} 3))'
    lisp.feed(debug, "(:debug-activate 1 1 nil)", debug)
    return number


def test_only_who_has_asked_has_errors_held(lisp: Lisp, session: str) -> None:
    lisp.ask(op="eval", id="a", code="x", session=session)
    first = lisp.sent()[0]
    assert first[1][-1] == []  # type: ignore[index]
    error = f':repl-connect :error {first[-1]} "ERROR" nil ("USE-VALUE")'
    lisp.feed(f'(:write-string "no" ({error}))', f'(:return (:ok (:error "P")) {first[-1]})')
    assert "It could go on (USE-VALUE)." in lisp.to("a")[0]["err"]
    lisp.ask(op="repl-server/held", id="h")
    lisp.ask(op="eval", id="b", code="x", session=session)
    assert lisp.sent()[0][1][-1] == "t"  # type: ignore[index]


def test_a_held_error_ends_its_evaluation(lisp: Lisp, session: str) -> None:
    failing(lisp, session)
    assert "done" in lisp.statuses("e")
    assert lisp.to("e")[2]["repl-server/held"] == "h1"
    lisp.ask(op="repl-server/held", id="l")
    (held,) = lisp.to("l")[0]["held"]
    assert held["restarts"] == ["use-value", "continue", "abort"]
    assert held["ex"] == "UNBOUND-VARIABLE"
    assert lisp.evaluate(session=session)


def test_choosing_a_restart(lisp: Lisp, session: str) -> None:
    number = failing(lisp, session)
    lisp.ask(op="repl-server/restart", id="r", held="h1", restart="continue", value="42")
    (message,) = lisp.sent()
    chosen = message[-1]
    assert message[1] == ["choose", chosen, "CL-USER", 1, 0, "42"]
    assert message[3] == 1
    lisp.feed(f'(:return (:abort "NIL") {chosen})', "(:debug-return 1 1 nil)")
    lisp.feed(f'(:return (:ok (:done "CL-USER" "(42)" nil)) {number})')
    assert [reply.get("value") for reply in lisp.to("r")] == ["(42)", None]
    assert {"done"} == lisp.statuses("r")
    lisp.ask(op="repl-server/held", id="l")
    assert lisp.to("l")[0]["held"] == []


def test_a_value_that_fails_leaves_the_error_held(lisp: Lisp, session: str) -> None:
    failing(lisp, session)
    lisp.ask(op="repl-server/restart", id="r", held="h1", restart="use-value", value="(car 1)")
    number = lisp.number()
    lisp.feed(f'(:return (:ok (:error "CL-USER")) {number})')
    assert {"done"} == lisp.statuses("r")
    lisp.ask(op="repl-server/held", id="l")
    assert len(lisp.to("l")[0]["held"]) == 1


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"held": "h9", "restart": "abort"}, "repl-server/unknown-held"),
        ({"held": 1, "restart": "abort"}, "repl-server/unknown-held"),
        ({"held": "h1", "restart": "retry"}, "repl-server/unknown-restart"),
        ({"held": "h1"}, "repl-server/unknown-restart"),
        ({"held": "h1", "restart": "abort", "value": "1"}, "invalid-field"),
        ({"held": "h1", "restart": "use-value", "value": ""}, "invalid-field"),
        ({"held": "h1", "restart": "continue"}, "invalid-field"),
    ],
)
def test_a_choice_there_is_not(lisp: Lisp, session: str, asked: Message, status: str) -> None:
    failing(lisp, session)
    lisp.ask(op="repl-server/restart", id="r", **asked)
    assert status in lisp.statuses("r")
    assert lisp.sent() == []


def test_closing_the_session_lets_go_of_its_errors(lisp: Lisp, session: str) -> None:
    number = failing(lisp, session)
    lisp.ask(op="close", id="x", session=session)
    (message,) = lisp.sent()
    assert message[1] == ["stop", number, ":aborted"]
    assert message[3] == 1


def test_a_frame_of_a_held_error(lisp: Lisp, session: str) -> None:
    failing(lisp, session)
    held = {"repl-server/held": "h1", "repl-server/frame": "2"}
    lisp.adapter.send({"op": "eval", "id": "f", "code": "y", "session": session, **held})
    lisp.take()
    (message,) = lisp.sent()
    assert message[1] == ["evaluate-in-frame", message[-1], "CL-USER", 1, 2, "y", []]


def test_a_thread_of_the_program_is_held(lisp: Lisp, session: str) -> None:
    lisp.feed(f'(:debug 9 1 ("oh" "   [Condition of type FAULT]" nil) {OTHERS} ((0 "(f)")) ())')
    told = next(reply for reply in lisp.replies if "repl-server/held" in reply)
    assert told["session"] == session
    assert told["err"].startswith('thread "mine" failed, and is held here as h1: FAULT: oh\n')
    lisp.ask(op="repl-server/restart", id="r", held="h1", restart="skip")
    (message,) = lisp.sent()
    assert message[3] == 9
    lisp.feed(f"(:return (:abort nil) {message[-1]})", "(:debug-return 9 1 nil)")
    assert {"done"} == lisp.statuses("r")


def test_a_thread_held_before_it_was_ready_is_told_of_then() -> None:
    lisp = Lisp()
    lisp.feed(f'(:debug 9 1 ("oh" "[Condition of type FAULT]" nil) {OTHERS} () ())')
    lisp.prepare()
    lisp.feed(f"(:return (:ok t) {lisp.number()})")
    lisp.ask(op="repl-server/held", id="l")
    assert [held["id"] for held in lisp.to("l")[0]["held"]] == ["h1"]


def test_no_more_threads_are_held_than_there_may_be(lisp: Lisp) -> None:
    for thread in range(200):
        lisp.feed(f'(:debug {thread} 1 ("oh" "" nil) {OTHERS} () ())')
    lisp.ask(op="repl-server/held", id="l")
    assert len(lisp.to("l")[0]["held"]) == 100
    leave = [message for message in lisp.sent() if message[1] == ["swank:throw-to-toplevel"]]
    assert len(leave) == 100
