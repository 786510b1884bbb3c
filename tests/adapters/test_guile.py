"""The Guile adapter alone, fed with bytes as Guile sends them."""

from __future__ import annotations

import re

import pytest
from adapters.fed import Fed

from repl_connect.adapters.guile import GuileAdapter
from repl_server.wire import CLOSED, NEED_DATA, Message, RemoteProtocolError, encode

GREETING = (
    b"GNU Guile 3.0.8\nCopyright (C) 1995-2021 Free Software Foundation, Inc.\n\n"
    b"Guile comes with ABSOLUTELY NO WARRANTY; for details type `,show w'.\n"
    b"This program is free software, and you are welcome to redistribute it\n"
    b"under certain conditions; type `,show c' for details.\n\n"
    b"Enter `,help' for help.\n"
)
PROMPT = b"scheme@(guile-user)> "
READY = {"kind": "ready", "version": "3.0.8", "ns": "(guile-user)", "cooperative": "1"}


class Repl(Fed[GuileAdapter]):
    """Plays Guile: bytes to the adapter, its requests and replies back."""

    def __init__(self) -> None:
        super().__init__(GuileAdapter())

    def greet(self) -> None:
        """As far as the upgrade's first form."""
        self.feed(GREETING + PROMPT)
        self.learn_marker()

    def learn_marker(self) -> None:
        assert self.sent.startswith(b",option interp ")
        assert self.sent.endswith(b"\n")
        assert self.sent.count(b"\n") == 1
        nonce = re.search(rb'\(integer->char 30\)\) "([0-9a-f]{16});"', self.sent)
        assert nonce is not None
        assert self.marker == b"\x1e" + nonce[1] + b";"
        self.sent = b""

    def requests(self) -> list[list[str]]:
        """The requests since last asked."""
        data, self.sent = self.sent, b""
        found = []
        while data:
            count, data = number(data)
            fields = []
            for _ in range(count):
                size, data = number(data)
                fields.append(data[:size].decode())
                data = data[size:]
            found.append(fields)
        return found


def number(data: bytes) -> tuple[int, bytes]:
    digits, _, rest = data.partition(b":")
    return int(digits), rest


@pytest.fixture
def repl() -> Repl:
    """Upgraded, with a session open."""
    made = Repl()
    made.greet()
    made.feed(made.framed(**READY))
    made.ask(op="clone", id="c")
    made.requests()
    return made


@pytest.fixture
def session(repl: Repl) -> str:
    return str(repl.to("c")[0]["new-session"])


# Upgrading.


def test_nothing_is_sent_before_the_prompt() -> None:
    repl = Repl()
    repl.feed(GREETING)
    assert repl.sent == b""
    repl.feed(PROMPT)
    assert repl.sent.startswith(b",option interp ")


def test_the_greeting_cut_in_two_at_every_byte() -> None:
    whole = GREETING + PROMPT
    for at in range(1, len(whole)):
        repl = Repl()
        repl.feed(whole[:at])
        repl.feed(whole[at:])
        repl.learn_marker()
        repl.feed(repl.framed(**READY))
        assert repl.adapter.ready, at


@pytest.mark.parametrize(
    "prompt",
    [b"scheme@(ice-9 format)> ", b"elisp@(guile-user) [1]> ", b"game: ", b"$", "λ".encode()],
)
def test_any_prompt_byte_by_byte(prompt: bytes) -> None:
    repl = Repl()
    for byte in GREETING + prompt:
        repl.feed(bytes([byte]))
    repl.learn_marker()
    repl.feed(repl.framed(**READY))
    assert repl.adapter.ready


def test_the_rest_is_sent_when_the_program_has_not_got_it() -> None:
    repl = Repl()
    repl.greet()
    repl.frame(kind="need")
    assert repl.sent.startswith(b"(")
    assert repl.sent.isascii()
    assert not repl.adapter.ready
    repl.frame(**READY)
    assert repl.adapter.ready


def test_what_was_asked_before_is_answered_after() -> None:
    repl = Repl()
    repl.ask(op="describe", id="d")
    repl.ask(op="clone", id="c")
    repl.greet()
    assert repl.replies == []
    repl.frame(**READY)
    assert [reply["id"] for reply in repl.replies] == ["d", "c"]
    assert repl.replies[0]["aux"]["current-ns"] == "(guile-user)"
    assert "Guile 3.0.8, cooperative" in repl.replies[0]["aux"]["repl-connect/greeting"]
    assert [request[0] for request in repl.requests()] == ["open"]


def test_an_upgrade_that_is_refused() -> None:
    repl = Repl()
    repl.greet()
    with pytest.raises(RemoteProtocolError) as caught:
        repl.feed(b"While executing meta-command:\nUnknown option: interp\n" + PROMPT)
    assert "did not take the upgrade" in str(caught.value)
    assert "While executing meta-command" in str(caught.value)


def test_an_upgrade_that_is_refused_byte_by_byte() -> None:
    repl = Repl()
    repl.greet()

    def refuse() -> None:
        for byte in b"Throw to key `unbound-variable'\n" + PROMPT:
            repl.feed(bytes([byte]))

    with pytest.raises(RemoteProtocolError):
        refuse()


def test_an_upgrade_that_fails_on_the_way() -> None:
    repl = Repl()
    repl.greet()
    with pytest.raises(RemoteProtocolError):
        repl.feed(repl.marker + encode({"kind": "failed"}) + b"(misc-error ...)")


def test_the_end_before_the_upgrade() -> None:
    for fed in (b"", GREETING, GREETING + PROMPT):
        repl = Repl()
        if fed:
            repl.feed(fed)
        with pytest.raises(RemoteProtocolError) as caught:
            repl.feed(b"")
        assert caught.value.reason == "truncated"


def test_a_greeting_without_end() -> None:
    repl = Repl()

    def go_on() -> None:
        for _ in range(1000):
            repl.feed(b"GNU Guile is a very long story. " * 10)

    with pytest.raises(RemoteProtocolError):
        go_on()


# Evaluating.


def test_values_output_and_the_end(repl: Repl, session: str) -> None:
    repl.ask(op="eval", id="e", session=session, code="(f)", ns="(m)", file="x.scm", line=3)
    ((op, ident, where, module, code, file, line),) = repl.requests()
    assert (op, where, module, code) == ("eval", session, "(m)", "(f)")
    assert (file, line) == ("x.scm", "3")
    repl.frame(id=ident, out="text\n")
    repl.frame(kind="value", id=ident, value="1", ns="(m)", label="$1")
    repl.frame(kind="value", id=ident, value="2", ns="(m)", label="$2", cut="1")
    repl.frame(kind="done", id=ident, status=[], ns="(m)")
    base = {"id": "e", "session": session}
    assert repl.to("e") == [
        {**base, "out": "text\n"},
        {**base, "value": "1", "ns": "(m)", "repl-connect/label": "$1"},
        {
            **base,
            "value": "2",
            "ns": "(m)",
            "repl-connect/label": "$2",
            "status": ["nrepl.middleware.print/truncated"],
        },
        {**base, "ns": "(m)", "status": ["done"]},
    ]


def test_frames_cut_at_every_byte_say_the_same(session: str) -> None:
    whole: list[Message] | None = None
    for at in range(300):
        repl = Repl()
        repl.greet()
        repl.frame(**READY)
        repl.ask(op="clone", id="c")
        place = str(repl.to("c")[0]["new-session"])
        repl.ask(op="eval", id="e", session=place, code="(f)")
        ident = repl.requests()[-1][1]
        stream = (
            repl.framed(id=ident, out="héλ")
            + b"stray \xce\xbb"
            + repl.framed(kind="value", id=ident, value="1", ns="(m)", label="$1")
            + repl.framed(kind="done", id=ident, status=[], ns="(m)")
        )
        if at > len(stream):
            break
        for piece in (stream[:at], stream[at:]):
            if piece:
                repl.feed(piece)
        stray = "".join(reply["out"] for reply in repl.replies if "id" not in reply)
        assert stray == "stray λ"
        answers = [{**reply, "session": ""} for reply in repl.to("e")]
        assert whole in (None, answers)
        whole = answers
    assert whole


def test_a_character_split_over_two_frames(repl: Repl, session: str) -> None:
    repl.ask(op="eval", id="e", session=session, code="(f)")
    ident = repl.requests()[0][1]
    data = "λ→".encode()
    for at in range(len(data)):
        piece = data[at : at + 1]
        repl.feed(repl.marker + b"d2:id%d:%b3:out1:%be" % (len(ident), ident.encode(), piece))
    assert "".join(reply["out"] for reply in repl.to("e")) == "λ→"
    assert len(repl.to("e")) == 2


def test_the_two_streams_do_not_mix_their_characters(repl: Repl, session: str) -> None:
    repl.ask(op="eval", id="e", session=session, code="(f)")
    ident = repl.requests()[0][1]
    repl.frame(id=ident, out=b"\xce")
    repl.frame(id=ident, err="err")
    repl.frame(id=ident, out=b"\xbb")
    assert [reply.get("out", reply.get("err")) for reply in repl.to("e")] == ["err", "λ"]


def test_an_error(repl: Repl, session: str) -> None:
    repl.ask(op="eval", id="e", session=session, code="(car 1)")
    ident = repl.requests()[0][1]
    repl.frame(
        kind="error",
        id=ident,
        type="wrong-type-arg",
        message="In procedure car",
        place=["x.scm", "3"],
        frames=[["", "y.scm", "9"], ["", "", "0"], ["f", "x.scm", "3"], ["g", "", "0"]],
    )
    repl.frame(kind="done", id=ident, status=[], ns="(m)")
    err, head, done = repl.to("e")
    assert err["err"] == "In procedure car\n  at x.scm:3\n  at y.scm:9\n  in f (x.scm:3)\n  in g\n"
    assert head["ex"] == "wrong-type-arg"
    outside, *frames = head["repl-server/frames"]
    assert outside == {"name": "", "file": "y.scm", "line": 9}
    assert frames == [{"name": "f", "file": "x.scm", "line": 3}, {"name": "g"}]
    assert done["status"] == ["done"]


def test_a_module_there_is_none_of(repl: Repl, session: str) -> None:
    repl.ask(op="eval", id="e", session=session, code="1", ns="(nope)")
    repl.frame(kind="no-namespace", id=repl.requests()[0][1], ns="(nope)")
    (reply,) = repl.to("e")
    assert set(reply["status"]) == {"done", "error", "namespace-not-found"}
    assert "(use-modules (nope))" in reply["err"]


def test_one_at_a_time_goes_out_others_wait(repl: Repl, session: str) -> None:
    repl.ask(op="clone", id="c2")
    other = str(repl.to("c2")[0]["new-session"])
    repl.requests()
    repl.ask(op="eval", id="1", session=session, code="a")
    repl.ask(op="eval", id="2", session=other, code="b")
    repl.ask(op="eval", id="3", session=session, code="c")
    ((_, first, *_),) = repl.requests()
    repl.frame(kind="done", id=first, status=[], ns="(m)")
    ((op, second, where, _, code, *_),) = repl.requests()
    assert (op, where, code) == ("eval", other, "b")
    repl.frame(kind="done", id=second, status=[], ns="(m)")
    assert [request[4] for request in repl.requests()] == ["c"]


def test_interrupting_what_runs_and_what_waits(repl: Repl, session: str) -> None:
    repl.ask(op="clone", id="c2")
    other = str(repl.to("c2")[0]["new-session"])
    repl.ask(op="eval", id="1", session=session, code="a")
    repl.ask(op="eval", id="2", session=other, code="b")
    ident = next(request[1] for request in repl.requests() if request[0] == "eval")
    repl.ask(op="interrupt", id="i2", session=other)
    assert set(repl.to("2")[-1]["status"]) == {"done", "interrupted"}
    assert repl.to("i2")[-1]["status"] == ["done"]
    assert repl.requests() == []
    repl.ask(op="interrupt", id="i1", session=session)
    assert repl.requests() == [["interrupt", ident]]
    repl.frame(kind="done", id=ident, status=["interrupted"], ns="(m)")
    assert set(repl.to("1")[-1]["status"]) == {"done", "interrupted"}
    assert repl.to("i1")[-1]["status"] == ["done"]
    assert repl.requests() == []


def test_input(repl: Repl, session: str) -> None:
    repl.ask(op="eval", id="e", session=session, code="(read)")
    repl.frame(kind="need-input", id=repl.requests()[0][1])
    assert repl.to("e") == [{"id": "e", "session": session, "status": ["need-input"]}]
    repl.ask(op="stdin", id="s", session=session, stdin="line\n")
    assert repl.requests() == [["input", session, "line\n"]]
    assert repl.to("s")[-1]["status"] == ["done"]


def test_tools_go_out_while_something_runs(repl: Repl, session: str) -> None:
    repl.ask(op="eval", id="e", session=session, code="(loop)")
    repl.requests()
    repl.ask(op="completions", id="k", session=session, prefix="ca", ns="(m)")
    repl.ask(op="lookup", id="l", session=session, sym="car")
    complete, lookup = repl.requests()
    assert [complete[0], *complete[2:]] == ["complete", session, "(m)", "ca"]
    assert [lookup[0], *lookup[2:]] == ["lookup", session, "", "car"]
    repl.frame(kind="answer", id=lookup[1], items=["name", "car", "doc", "", "line", "7"])
    repl.frame(kind="answer", id=complete[1], items=["car", "function", "cadr", "function"])
    assert repl.to("l")[-1]["info"] == {"name": "car", "line": 7}
    assert [found["candidate"] for found in repl.to("k")[-1]["completions"]] == ["car", "cadr"]
    repl.frame(kind="answer", id=lookup[1], items=[])
    assert len(repl.to("l")) == 1


def test_closing_in_the_middle(repl: Repl, session: str) -> None:
    repl.ask(op="eval", id="1", session=session, code="a")
    repl.ask(op="eval", id="2", session=session, code="b")
    ident = repl.requests()[0][1]
    repl.ask(op="close", id="x", session=session)
    assert [request[0] for request in repl.requests()] == ["interrupt", "close"]
    assert "session-closed" in repl.to("2")[-1]["status"]
    assert "session-closed" in repl.to("x")[-1]["status"]
    repl.frame(kind="done", id=ident, status=["interrupted"], ns="(m)")
    assert "interrupted" in repl.to("1")[-1]["status"]
    assert repl.requests() == []


def test_output_after_the_end_keeps_its_id(repl: Repl, session: str) -> None:
    repl.ask(op="eval", id="e", session=session, code="(thread)")
    ident = repl.requests()[0][1]
    repl.frame(kind="done", id=ident, status=[], ns="(m)")
    repl.frame(id=ident, out="late")
    assert repl.to("e")[-1]["out"] == "late"


def test_output_of_nobody(repl: Repl) -> None:
    repl.feed(b"the program says \xff\n")
    repl.frame(id="0", out="so does its thread\n")
    assert [reply["out"] for reply in repl.replies if "id" not in reply] == [
        "the program says \ufffd\n",
        "so does its thread\n",
    ]


def test_the_end(repl: Repl, session: str) -> None:
    repl.ask(op="eval", id="e", session=session, code="1")
    repl.feed(repl.framed(kind="done", id="1", status=[], ns="(m)")[:10])
    assert repl.adapter.next_event() is NEED_DATA
    repl.adapter.receive_data(b"")
    assert repl.adapter.next_event() is CLOSED
