"""The SBCL adapter alone, fed with bytes as SBCL sends them."""

from __future__ import annotations

import re
from typing import Any

import pytest
from adapters.fed import Fed

from repl_connect.adapters.sbcl import SbclAdapter
from repl_server.wire import Message, RemoteProtocolError

BANNER = (
    b"This is SBCL 2.2.9.debian, an implementation of ANSI Common Lisp.\n"
    b"More information about SBCL is available at <http://www.sbcl.org/>.\n\n"
    b"SBCL is free software, provided as is, with absolutely no warranty.\n* "
)
DEBUGGER = (
    b"\ndebugger invoked on a SIMPLE-ERROR in thread\n"
    b'#<THREAD "main thread" RUNNING {1001348003}>:\n  two\n\n'
    b"Type HELP for debugger help, or (SB-EXT:EXIT) to exit from SBCL.\n\n"
    b"restarts (invokable by number or by possibly-abbreviated name):\n"
    b"  0: [ABORT] Exit debugger, returning to top level.\n\n"
    b'(SB-INT:SIMPLE-EVAL-IN-LEXENV (ERROR "two") #<NULL-LEXENV>)\n0] '
)
READY = {"kind": "ready", "version": "2.2.9.debian", "ns": "CL-USER", "threads": "1"}


class Repl(Fed[SbclAdapter]):
    """Plays SBCL: bytes to the adapter, its requests and replies back."""

    def __init__(self) -> None:
        super().__init__(SbclAdapter())

    def feed_all(self, *pieces: bytes) -> None:
        for piece in filter(None, pieces):
            self.feed(piece)

    def answer(self, **message: Any) -> Message:
        """The last reply there is when it was asked."""
        self.ask(**message)
        return self.replies[-1]

    def launched(self) -> bool:
        return self.sent.startswith(b"(CL:FUNCALL ") and self.sent.count(b"\n") == 1


@pytest.mark.parametrize("greeting", [b"* ", BANNER, DEBUGGER, DEBUGGER[:-2] + b"[2] "])
def test_whatever_it_greets_with_at_every_split(greeting: bytes) -> None:
    for at in range(1, len(greeting)):
        repl = Repl()
        repl.feed(greeting[:at])
        assert not repl.sent
        repl.feed(greeting[at:])
        assert repl.launched(), at


def test_no_prompt_in_the_midst_of_a_line() -> None:
    repl = Repl()
    repl.feed(b"choose a[0] ")
    repl.feed(b"or 2 * ")
    assert not repl.sent


def test_the_form_is_one_line_that_any_package_and_terminal_takes() -> None:
    repl = Repl()
    repl.feed(b"* ")
    assert repl.launched()
    assert repl.sent.isascii()
    assert len(repl.sent) < 4096
    outside = re.sub(rb'"(?:[^"\\]|\\.)*"', b"", repl.sent)
    names = re.findall(rb"[^\s()]+", outside)
    assert names
    assert all(name.startswith((b"CL:", b"SB-EXT:", b":")) for name in names)


def test_the_rest_is_sent_to_an_image_that_has_not_got_it() -> None:
    repl = Repl()
    repl.feed(b"* ")
    repl.sent = b""
    repl.feed(repl.framed(kind="need"))
    assert repl.sent.startswith(b"(")
    assert repl.sent.isascii()
    assert not repl.adapter.ready
    repl.feed(repl.framed(**READY))
    assert repl.adapter.ready


def test_what_the_compiler_says_on_the_way_is_not_shown() -> None:
    repl = Repl()
    repl.feed(b"* ")
    repl.feed(b"STYLE-WARNING: redefining X in DEFUN\n" + repl.framed(**READY))
    assert repl.answer(op="describe", id="d")["id"] == "d"
    assert [reply["id"] for reply in repl.replies] == ["d"]


@pytest.mark.parametrize(
    ("greeting", "said"),
    [
        (BANNER, "SBCL 2.2.9.debian, upgraded"),
        (DEBUGGER, "SBCL 2.2.9.debian, upgraded, in its debugger (level 1)"),
        (DEBUGGER[:-2] + b"[12] ", "SBCL 2.2.9.debian, upgraded, in its debugger (level 12)"),
    ],
)
def test_it_says_where_the_repl_was_found(greeting: bytes, said: str) -> None:
    repl = Repl()
    repl.feed(greeting)
    repl.feed(repl.framed(**READY))
    assert repl.answer(op="describe", id="d")["aux"]["repl-connect/greeting"] == said


@pytest.mark.parametrize(("threads", "interrupts"), [("1", True), ("0", False)])
def test_interrupt_is_an_op_where_there_are_threads(threads: str, interrupts: bool) -> None:
    repl = Repl()
    repl.feed(b"* ")
    repl.feed(repl.framed(**{**READY, "threads": threads}))
    ops = repl.answer(op="describe", id="d")["ops"]
    assert ("interrupt" in ops) is interrupts
    assert "stdin" in ops


def test_an_upgrade_that_ends_in_the_debugger() -> None:
    for at in range(len(DEBUGGER)):
        repl = Repl()
        repl.feed(b"* ")
        with pytest.raises(RemoteProtocolError) as caught:
            repl.feed_all(DEBUGGER[:at], DEBUGGER[at:])
        assert "did not take the upgrade" in str(caught.value)
        assert "SIMPLE-ERROR" in str(caught.value)


def test_an_upgrade_that_it_refuses_with_a_reason() -> None:
    repl = Repl()
    repl.feed(b"* ")
    with pytest.raises(RemoteProtocolError) as caught:
        repl.feed(b"no socket\n" + repl.framed(kind="failed"))
    assert "no socket" in str(caught.value)


@pytest.mark.parametrize("fed", [b"", b"* ", BANNER, BANNER + b"\x1e"])
def test_the_end_before_the_upgrade(fed: bytes) -> None:
    repl = Repl()
    if fed:
        repl.feed(fed)
    with pytest.raises(RemoteProtocolError) as caught:
        repl.feed(b"")
    assert caught.value.reason == "truncated"


def test_a_greeting_without_end() -> None:
    repl = Repl()
    with pytest.raises(RemoteProtocolError):
        repl.feed_all(*[b"; loading a very large system\n" * 10] * 1000)


def test_a_package_there_is_none_of() -> None:
    repl = Repl()
    repl.feed(b"* ")
    repl.feed(repl.framed(**READY))
    session = repl.answer(op="clone", id="c")["new-session"]
    repl.ask(op="eval", id="e", session=session, code="1", ns="NOPE")
    repl.feed(repl.framed(kind="no-namespace", id="1", ns="NOPE"))
    assert "no package NOPE" in repl.replies[-1]["err"]
    assert "namespace-not-found" in repl.replies[-1]["status"]


def test_a_conversation_split_at_every_byte() -> None:
    whole: list[Message] | None = None
    for at in range(1, 1000):
        repl = Repl()
        repl.feed(b"* ")
        repl.feed(repl.framed(**READY))
        session = repl.answer(op="clone", id="c")["new-session"]
        repl.ask(op="eval", id="e", session=session, code="(values 1 2)")
        stream = (
            repl.framed(id="1", out="schön")
            + b"INFO: Control stack guard page unprotected\n"
            + repl.framed(kind="value", id="1", value="1", ns="CL-USER")
            + repl.framed(kind="done", id="1", value="2", ns="CL-USER")
        )
        if at == len(stream):
            break
        before = len(repl.replies)
        repl.feed(stream[:at])
        repl.feed(stream[at:])
        answers = [{**reply, "session": ""} for reply in repl.replies[before:] if "id" in reply]
        stray = "".join(reply["out"] for reply in repl.replies if "id" not in reply)
        assert stray == "INFO: Control stack guard page unprotected\n"
        assert [reply["value"] for reply in answers if "value" in reply] == ["1", "2"]
        assert whole in (None, answers)
        whole = answers
    assert whole
