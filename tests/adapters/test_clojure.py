"""The adapters for Clojure alone, fed with bytes as Clojure sends them."""

from __future__ import annotations

import re

import pytest
from adapters.fed import Fed

from repl_connect.adapters.clojure import ClojureAdapter, PreplAdapter
from repl_server.wire import RemoteProtocolError

PROMPT = b"user=> "
READY = {"kind": "ready", "version": "1.11.1", "ns": "user", "escapes": "0"}
ASCII = {**READY, "escapes": "1"}
REFUSED = (
    b"Syntax error compiling at (REPL:1:1).\nNo such namespace: clojure.core\nuser=> ",
    b'{:tag :ret, :val "{:via [{:type java.lang.RuntimeException}], '
    b':cause \\"No such namespace: clojure.core\\", :phase :execution}", :ns "user"}\n',
)


class Repl(Fed[ClojureAdapter]):
    """Plays Clojure: bytes to the adapter, its requests and replies back."""

    def __init__(self, made: type[ClojureAdapter] = ClojureAdapter) -> None:
        super().__init__(made())

    def upgrade(self, ready: dict[str, str] = READY) -> str:
        """As far as a session, whose id it gives."""
        if isinstance(self.adapter, PreplAdapter):
            assert self.sent
        else:
            self.feed(PROMPT)
        self.frame(**ready)
        self.ask(op="clone", id="c")
        self.sent = b""
        return str(self.to("c")[0]["new-session"])

    def of_nobody(self, stream: str) -> str:
        return "".join(reply.get(stream, "") for reply in self.replies if "id" not in reply)


@pytest.fixture(params=[ClojureAdapter, PreplAdapter])
def repl(request: pytest.FixtureRequest) -> Repl:
    """Each of them, before it is upgraded."""
    return Repl(request.param)


# Upgrading.


def test_nothing_is_sent_before_the_prompt() -> None:
    repl = Repl()
    for at in range(len(PROMPT)):
        assert repl.sent == b""
        repl.feed(PROMPT[at : at + 1])
    assert repl.adapter.nonce.encode() in repl.sent


@pytest.mark.parametrize("greeting", [b"foo.bar=> ", b"Clojure 1.11.1\nuser=> ", "λ=> ".encode()])
def test_any_namespace_and_a_banner(greeting: bytes) -> None:
    repl = Repl()
    for byte in greeting:
        repl.feed(bytes([byte]))
    repl.frame(**READY)
    assert repl.adapter.ready


def test_a_prepl_says_nothing_first() -> None:
    assert Repl(PreplAdapter).sent


def test_the_upgrade_is_one_form_on_one_line(repl: Repl) -> None:
    if not repl.sent:
        repl.feed(PROMPT)
    assert repl.sent.count(b"\n") == 1
    assert repl.sent.count(b"(") == repl.sent.count(b")")
    assert re.search(rb"NONCE|VERSION|PREPL|;;", repl.sent) is None


def test_the_rest_is_sent_when_the_program_has_not_got_it(repl: Repl) -> None:
    repl.feed(PROMPT)
    repl.sent = b""
    repl.frame(kind="need")
    assert repl.sent.startswith(b"[")
    assert repl.sent.isascii()
    assert not repl.adapter.ready
    repl.frame(**READY)
    assert repl.adapter.ready


def test_the_upgrade_cut_in_two_at_every_byte() -> None:
    for at in range(200):
        repl = Repl(PreplAdapter)
        need = b'{:tag :out, :val "' + repl.framed(kind="need") + b'"}\n'
        stream = need + repl.framed(**READY)
        if at > len(stream):
            break
        for piece in (stream[:at], stream[at:]):
            if piece:
                repl.feed(piece)
        assert repl.adapter.ready, at
        assert repl.replies == []


@pytest.mark.parametrize("made", [ClojureAdapter, PreplAdapter])
def test_a_refused_upgrade_tells_the_reason(made: type[ClojureAdapter]) -> None:
    repl = Repl(made)
    repl.feed(PROMPT)
    with pytest.raises(RemoteProtocolError) as caught:
        repl.feed(REFUSED[made is PreplAdapter])
    assert "did not take the upgrade" in str(caught.value)
    assert "No such namespace: clojure.core" in str(caught.value)


def test_it_says_what_it_is(repl: Repl) -> None:
    repl.upgrade()
    repl.ask(op="describe", id="d")
    (described,) = repl.to("d")
    assert described["versions"]["clojure"]["version-string"] == "1.11.1"
    title = "prepl" if isinstance(repl.adapter, PreplAdapter) else "socket REPL"
    assert described["aux"]["repl-connect/greeting"] == f"Clojure 1.11.1, {title}, upgraded"


# Requests are ASCII, whatever the JVM's characters.


@pytest.mark.parametrize(
    ("code", "sent"),
    [
        ("(f)", b"3:(f)"),
        ('"\\n"', b'4:"\\n"'),
        ("é", b"u6:\\u00e9"),
        ("🐍", b"u12:\\ud83d\\udc0d"),
        ("a\r\n", b"u8:a\\u000d\n"),
        ("é\\", b"u12:\\u00e9\\u005c"),
    ],
)
def test_what_is_sent_of_a_text(repl: Repl, code: str, sent: bytes) -> None:
    session = repl.upgrade()
    repl.ask(op="eval", id="e", session=session, code=code)
    assert repl.sent == b"5:4:eval1:1%d:%b0:%b" % (len(session), session.encode(), sent)


def test_frames_of_a_jvm_that_has_ascii_only(repl: Repl) -> None:
    session = repl.upgrade(ASCII)
    repl.ask(op="eval", id="e", session=session, code="x")
    repl.frame(id="1", out="h\\u00e9 \\ud83d\\udc0d \\u005cu00e9")
    repl.frame(
        kind="error",
        id="1",
        type="E",
        message="\\u00fc",
        place=["", "0"],
        frames=[["user/f\\u00fc", "f.clj", "3"]],
    )
    repl.frame(id="1", kind="done", ns="user", status=[])
    out, err, head, done = repl.to("e")
    assert out["out"] == "hé 🐍 \\u00e9"
    assert err["err"] == "ü\n  in user/fü (f.clj:3)\n"
    assert head["repl-server/frames"] == [{"name": "user/fü", "file": "f.clj", "line": 3}]
    assert done["status"] == ["done"]


def test_half_a_character_spoils_nothing(repl: Repl) -> None:
    session = repl.upgrade(ASCII)
    repl.ask(op="eval", id="e", session=session, code="x")
    repl.frame(id="1", out="a\\ud83d")
    assert repl.to("e")[0]["out"] == "a\ufffd"


# Evaluating.


def test_sessions_evaluate_at_the_same_time(repl: Repl) -> None:
    first = repl.upgrade()
    repl.ask(op="clone", id="c2")
    second = str(repl.to("c2")[0]["new-session"])
    repl.ask(op="eval", id="1", session=first, code="a")
    repl.ask(op="eval", id="2", session=second, code="b")
    assert repl.sent.count(b"4:eval") == 2
    repl.frame(id="2", kind="done", ns="user", value="b")
    assert repl.to("2")[-1]["status"] == ["done"]
    assert repl.to("1") == []


def test_what_runs_for_long_is_not_forgotten(repl: Repl) -> None:
    first = repl.upgrade()
    repl.ask(op="clone", id="c2")
    second = str(repl.to("c2")[0]["new-session"])
    repl.ask(op="eval", id="long", session=first, code="a")
    for number in range(2, 2500):
        repl.ask(op="eval", id="short", session=second, code="b")
        repl.frame(id=str(number), kind="done", ns="user", value="b")
    repl.frame(id="1", kind="done", ns="user", value="a")
    assert repl.to("long")[-1]["status"] == ["done"]


def test_what_cannot_be_stopped_is_said_and_goes_on(repl: Repl) -> None:
    session = repl.upgrade()
    repl.ask(op="eval", id="e", session=session, code="(loop [] (recur))")
    repl.ask(op="interrupt", id="i", session=session)
    assert b"2:9:interrupt1:1" in repl.sent
    repl.frame(id="1", kind="not-interruptible", text="Java 21 can't stop a thread.")
    (refused,) = repl.to("i")
    assert "repl-server/not-interruptible" in refused["status"]
    assert "Java 21" in refused["err"]
    assert repl.to("e") == []
    repl.frame(id="1", kind="done", ns="user", value="1")
    assert repl.to("e")[-1]["status"] == ["done"]


# What a prepl says beside our frames.


def test_taps_and_late_output_of_a_prepl_at_every_split() -> None:
    stream = (
        b'{:tag :tap, :val "{:a \\"x\\\\ny\\"}"}\n'
        b'{:tag :out, :val "two\\nlines \xce\xbb\\n"}\n'
        b'{:tag :err, :val "oh"}\n'
        b'{:tag :ret, :val "7", :ns "user", :ms 1, :form "7"}\n'
        b"{:tag :other}\n{:t{}\n"
    )
    for at in range(1, len(stream)):
        repl = Repl(PreplAdapter)
        repl.upgrade()
        repl.feed(stream[:at])
        repl.feed(stream[at:])
        said = 'tap> {:a "x\\ny"}\ntwo\nlines λ\n7\n{:tag :other}\n{:t{}\n'
        assert repl.of_nobody("out") == said, at
        assert repl.of_nobody("err") == "oh"


def test_half_a_map_of_a_prepl_is_kept_within_bounds() -> None:
    repl = Repl(PreplAdapter)
    repl.upgrade()
    repl.feed(b'{:tag :out, :val "')
    for _ in range(40):
        repl.feed(b"x" * 100_000)
    assert len(repl.of_nobody("out")) > 3_000_000
