"""The Swank adapter alone, fed with bytes as Swank sends them."""

from __future__ import annotations

from pathlib import Path

import pytest
from adapters.playing_swank import Lisp, ready

from repl_connect.adapters.swank.adapter import SwankAdapter
from repl_connect.adapters.swank.lisp_data import Datum
from repl_connect.adapters.swank.packets import packet
from repl_server.wire import CLOSED, NEED_DATA, RemoteProtocolError


@pytest.fixture
def lisp() -> Lisp:
    """Ready, with a session open."""
    return ready()


@pytest.fixture
def session(lisp: Lisp) -> str:
    return str(lisp.to("c")[0]["new-session"])


# Becoming ready.


def test_it_speaks_first() -> None:
    lisp = Lisp()
    (message,) = lisp.sent()
    assert message[0] == ":emacs-rex"
    assert message[3] == "t"


def test_our_functions_are_sent_to_who_has_not_got_them() -> None:
    lisp = Lisp()
    lisp.prepare(installed="nil")
    (message,) = lisp.sent()
    assert any("defun call-evaluating" in part for part in texts(message))


def test_they_are_not_sent_twice() -> None:
    lisp = Lisp()
    lisp.prepare()
    (message,) = lisp.sent()
    assert message[1] == ["open-connection"]


def texts(datum: Datum) -> list[str]:
    if isinstance(datum, str):
        return [datum]
    return [text for each in datum for text in texts(each)] if isinstance(datum, list) else []


def test_what_is_asked_before_is_answered_after() -> None:
    lisp = Lisp()
    lisp.ask(op="describe", id="d")
    lisp.prepare()
    assert not lisp.replies
    lisp.feed(f"(:return (:ok t) {lisp.number()})")
    (described,) = lisp.to("d")
    assert {"eval", "interrupt", "repl-server/held", "repl-server/restart"} <= set(described["ops"])
    assert described["versions"]["sbcl"] == {"version-string": "2.2.9"}
    assert described["aux"]["current-ns"] == "CL-USER"


def test_another_lisp_without_threads_says_so() -> None:
    lisp = Lisp()
    lisp.prepare(style="nil", type='"CLISP"', name='"clisp"')
    lisp.feed(f"(:return (:ok t) {lisp.number()})")
    lisp.ask(op="describe", id="d")
    (described,) = lisp.to("d")
    assert "interrupt" not in described["ops"]
    assert described["aux"]["repl-connect/language"] == "common-lisp"
    assert described["aux"]["repl-connect/greeting"].startswith("CLISP 2.2.9, Swank 2.27")


@pytest.mark.parametrize(
    "answer",
    [
        "(:return (:abort nil) {number})",
        '(:reader-error "(:emacs-rex (swank:nothing) t {number})" "no such symbol")',
        '(:debug 1 1 ("no module" "[Condition of type ERROR]" nil) () () ({number}))',
        "(:return (:ok (1 2 3)) {number})",
        "(:return",
    ],
)
def test_a_swank_that_can_not_be_prepared_is_an_error(answer: str) -> None:
    lisp = Lisp()
    with pytest.raises(RemoteProtocolError):
        lisp.feed(answer.format(number=lisp.number()))


def test_a_server_that_closes_is_an_error() -> None:
    lisp = Lisp()
    lisp.adapter.receive_data(b"")
    with pytest.raises(RemoteProtocolError, match=r"\.slime-secret"):
        lisp.adapter.next_event()


def test_a_password_is_sent_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".slime-secret").write_text("open sesame\nmore\n", encoding="utf-8")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert SwankAdapter().data_to_send().startswith(b"00000bopen sesame")


def test_its_end_is_the_end(lisp: Lisp) -> None:
    assert lisp.adapter.next_event() is NEED_DATA
    lisp.adapter.receive_data(b"")
    assert lisp.adapter.next_event() is CLOSED


# Evaluating.

ANSWERS = (
    '(:write-string "hé\\"l\\\\lo\n")',
    '(:write-string "bad" :repl-error)',
    "(:indentation-update ((this is not read",
    '(:write-string "1" (:repl-connect :value {number} "CL-USER" nil nil))',
    '(:write-string "bi" (:repl-connect :value {number} "CL-USER" t nil))',
    '(:write-string "g" (:repl-connect :value {number} "CL-USER" nil t))',
    '(:return (:ok (:done "OTHER" "42" nil)) {number})',
)


def test_an_evaluation_cut_in_two_at_every_byte(lisp: Lisp, session: str) -> None:
    expected = None
    for at in range(sum(map(len, ANSWERS))):
        number = lisp.evaluate(session=session)
        data = b"".join(packet(answer.format(number=number)) for answer in ANSWERS)
        lisp.replies.clear()
        for part in (data[:at], data[at:]):
            if part:
                lisp.adapter.receive_data(part)
                lisp.take()
        said = [
            {key: reply[key] for key in ("out", "err", "value", "ns", "status") if key in reply}
            for reply in lisp.to("e")
        ]
        expected = expected or said
        assert said == expected
    assert expected == [
        {"out": 'hé"l\\lo\n'},
        {"err": "bad"},
        {"value": "1", "ns": "CL-USER"},
        {"value": "big", "ns": "CL-USER", "status": ["nrepl.middleware.print/truncated"]},
        {"value": "42", "ns": "OTHER"},
        {"ns": "OTHER", "status": ["done"]},
    ]


def test_the_package_of_a_session_stays(lisp: Lisp, session: str) -> None:
    number = lisp.evaluate(session=session)
    lisp.feed(f'(:return (:ok (:done "OTHER")) {number})')
    lisp.ask(op="eval", id="f", code="y", session=session, file="a.lisp", line=7)
    (message,) = lisp.sent()
    assert message[1] == ["evaluate", message[-1], "OTHER", "y", "a.lisp", 7, [], []]
    assert message[3] == ":repl-thread"


def test_evaluations_take_turns(lisp: Lisp, session: str) -> None:
    number = lisp.evaluate(session=session)
    lisp.ask(op="eval", id="f", code="y")
    assert lisp.sent() == []
    lisp.feed(f'(:return (:ok (:done "CL-USER")) {number})')
    assert lisp.sent()[0][1][3] == "y"  # type: ignore[index]


def test_what_is_too_long_to_be_sent_is_refused(lisp: Lisp, session: str) -> None:
    lisp.ask(op="eval", id="e", code="x" * (1 << 24), session=session)
    assert "error" in lisp.statuses("e")
    assert lisp.evaluate(session=session)


def test_a_package_that_is_not_there(lisp: Lisp, session: str) -> None:
    number = lisp.evaluate(session=session, ns="NONE")
    lisp.feed(f"(:return (:ok (:no-namespace)) {number})")
    assert {"done", "error", "namespace-not-found"} == lisp.statuses("e")


def test_an_error(lisp: Lisp, session: str) -> None:
    number = lisp.evaluate(session=session)
    frames = '(("(inner 1)" "a.lisp" 3) ("(outer)"))'
    error = f':repl-connect :error {number} "TYPE-ERROR" {frames} nil'
    lisp.feed(f'(:write-string "no list" ({error}))', f'(:return (:ok (:error "P")) {number})')
    shown, about, done = lisp.to("e")
    assert shown["err"] == "TYPE-ERROR: no list\n  in (inner 1) (a.lisp:3)\n  in (outer)\n"
    assert about["ex"] == "TYPE-ERROR"
    names = [frame["name"] for frame in about["repl-server/frames"]]
    assert names == ["(outer)", "(inner 1)"]
    assert done["status"] == ["done"]


def test_output_cannot_be_taken_for_ours(lisp: Lisp, session: str) -> None:
    number = lisp.evaluate(session=session)
    forged = f'" (:repl-connect :value {number} "P" nil nil))'
    lisp.feed('(:write-string "' + forged.replace('"', '\\"') + '")')
    assert lisp.to("e")[0]["out"] == forged


def test_output_of_nobody_is_told_to_all(lisp: Lisp) -> None:
    lisp.feed('(:write-string "later")')
    assert {"out": "later"} in lisp.replies


def test_floods_are_held_back_by_pings(lisp: Lisp) -> None:
    lisp.feed("(:ping 3 77)")
    assert lisp.sent() == [[":emacs-pong", 3, 77]]


@pytest.mark.parametrize(
    "request_", ['(:eval 3 7 "(ding)")', "(:ed-rpc 3 7 f)", "(:inspect () 3 7)"]
)
def test_who_waits_for_emacs_is_let_go(lisp: Lisp, request_: str) -> None:
    lisp.feed(request_)
    assert lisp.sent() == [[":emacs-return", 3, 7, [":abort"]]]


@pytest.mark.parametrize(
    "message", ["(:return)", "(:return 1 2)", "(:debug 1)", "()", "7", "(:ping)", "(:write-string)"]
)
def test_messages_of_no_known_shape_are_ignored(lisp: Lisp, message: str) -> None:
    lisp.feed(message)
    assert lisp.sent() == []


def test_a_value_without_end_is_an_error(
    lisp: Lisp, session: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("repl_connect.adapters.swank.running.MOST_VALUE", 10_000)
    number = lisp.evaluate(session=session)
    part = f'(:write-string "{"x" * 1000}" (:repl-connect :value {number} "P" t nil))'
    with pytest.raises(RemoteProtocolError, match="value"):
        lisp.feed(*[part] * 100)


# Input.


def test_input(lisp: Lisp, session: str) -> None:
    lisp.evaluate(session=session)
    lisp.feed("(:read-string 5 8)")
    assert "need-input" in lisp.statuses("e")
    lisp.ask(op="stdin", id="i", stdin='a "b"\n', session=session)
    assert lisp.sent() == [[":emacs-return-string", 5, 8, 'a "b"\n']]


def test_input_given_ahead(lisp: Lisp, session: str) -> None:
    lisp.ask(op="stdin", id="i", stdin="ahead\n", session=session)
    lisp.evaluate(session=session)
    lisp.feed("(:read-string 5 8)")
    assert lisp.sent() == [[":emacs-return-string", 5, 8, "ahead\n"]]
    assert "need-input" not in lisp.statuses("e")


def test_input_given_ahead_is_bounded(lisp: Lisp, session: str) -> None:
    lisp.ask(op="stdin", id="i", stdin="x" * 1_000_000, session=session)
    lisp.ask(op="stdin", id="j", stdin="x" * 1_000_000, session=session)
    assert "input-full" in lisp.statuses("j")


def test_a_read_that_is_given_up_takes_no_input(lisp: Lisp, session: str) -> None:
    lisp.evaluate(session=session)
    lisp.feed("(:read-string 5 8)", "(:read-aborted 5 8)")
    lisp.ask(op="stdin", id="i", stdin="late\n", session=session)
    assert lisp.sent() == []


def test_a_question(lisp: Lisp, session: str) -> None:
    lisp.evaluate(session=session)
    lisp.feed('(:y-or-n-p 5 8 "Sure? ")')
    assert lisp.to("e")[0]["out"] == "Sure? "
    lisp.ask(op="stdin", id="i", stdin="yes\n", session=session)
    assert lisp.sent() == [[":emacs-return", 5, 8, "t"]]


def test_who_reads_when_nothing_runs_gets_the_end(lisp: Lisp) -> None:
    lisp.feed("(:read-string 5 8)")
    assert lisp.sent() == [[":emacs-return-string", 5, 8, ""]]


# Interrupts.


def test_an_interrupt_is_sent_until_it_is_heard(lisp: Lisp, session: str) -> None:
    number = lisp.evaluate(session=session)
    lisp.ask(op="interrupt", id="i", session=session)
    (message,) = lisp.sent()
    assert message[1] == ["interrupt", number]
    lisp.feed(f"(:return (:ok nil) {message[-1]})")
    (message,) = lisp.sent()
    assert message[1] == ["interrupt", number]
    lisp.feed(
        f"(:return (:ok t) {message[-1]})", f'(:return (:ok (:interrupted "CL-USER")) {number})'
    )
    assert {"done", "interrupted"} == lisp.statuses("e")
    assert {"done"} == lisp.statuses("i")


def test_a_thread_that_is_gone_ends_its_evaluation(lisp: Lisp, session: str) -> None:
    number = lisp.evaluate(session=session)
    lisp.feed(f'(:return (:abort "NIL") {number})')
    assert {"done", "error"} == lisp.statuses("e")


# Names.


def test_completions(lisp: Lisp, session: str) -> None:
    lisp.ask(op="completions", id="k", prefix="mapc", session=session)
    (message,) = lisp.sent()
    assert message[1] == ["complete", "CL-USER", "mapc"]
    assert message[3] == "t"
    lisp.feed(f'(:return (:ok (("mapcar" "-f------") ("m" nil) 7)) {message[-1]})')
    found = lisp.to("k")[0]["completions"]
    assert found == [{"candidate": "mapcar", "type": "function"}, {"candidate": "m"}]


def test_documentation(lisp: Lisp) -> None:
    lisp.ask(op="lookup", id="k", sym="car", ns="CL")
    (message,) = lisp.sent()
    assert message[1] == ["look-up", "CL", "car"]
    lisp.feed(f'(:return (:ok ("name" "car" "line" 7 "odd" (1))) {message[-1]})')
    assert lisp.to("k")[0]["info"] == {"name": "car", "line": 7}


def test_a_question_that_fails_there_is_answered(lisp: Lisp) -> None:
    lisp.ask(op="lookup", id="k", sym="car")
    number = lisp.number()
    lisp.feed(f'(:debug 4 1 ("oh" "" nil) () () ({number}))')
    (message,) = lisp.sent()
    assert message[1] == ["swank:throw-to-toplevel"]
    lisp.feed(f'(:return (:abort "NIL") {number})')
    assert lisp.to("k")[0]["info"] == {}
