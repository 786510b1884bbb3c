"""What REPLs of other kinds say: each adapter's reader, as far as it is ready and before."""

from __future__ import annotations

from contextlib import suppress

from abuse.target import FuzzTarget, pieces
from adapters.fed import Fed
from adapters.playing_swank import INFO, Lisp

from repl_connect.adapters.adapter import Adapter
from repl_connect.adapters.frames import FrameReader
from repl_connect.adapters.swank.packets import packet
from repl_connect.adapters.upgraded import UpgradedAdapter
from repl_connect.channel import CLIENT_LIMITS
from repl_connect.detection.greetings import no_repl, prompt_at_end
from repl_connect.dialects import DIALECTS
from repl_server.wire import Message, RemoteProtocolError, encode

__all__ = ["TARGETS", "upgraded_dialects"]

_NONCE = "0123456789abcdef"
_MARK = b"\x1e" + _NONCE.encode() + b";"
_SESSIONS = ("new-session", "session", "id")
_ENOUGH = 1_000_000  # bytes that may be sent and told for the few that came


def upgraded_dialects() -> tuple[str, ...]:
    """The dialects that are upgraded by a form and then answer in frames."""
    return tuple(
        name for name, dialect in DIALECTS.items() if isinstance(dialect.channel(), UpgradedAdapter)
    )


def _ask(fed: Fed[Adapter]) -> None:
    """One of each request; without a session, so that the ids need not be known."""
    fed.ask(op="describe", id="d")
    fed.ask(op="clone", id="c")
    fed.ask(op="eval", id="e", code="(f 1)\n(g)")
    fed.ask(op="load-file", id="l", file="(f 1)", file_path="x", file_name="x")
    fed.ask(op="completions", id="p", prefix="a")
    fed.ask(op="lookup", id="i", sym="a")


def _end(fed: Fed[Adapter]) -> None:
    """Leave it, and let it end."""
    for op in ("interrupt", "stdin", "eval"):
        fed.ask(op=op, id="z", code="2", stdin="x\n")
    fed.feed(b"")
    fed.adapter.quit()
    fed.take()


def _said(fed: Fed[Adapter]) -> list[tuple[object, ...]]:
    """What was told, the output of one request in one piece."""
    found: list[tuple[object, ...]] = []
    for reply in fed.replies:
        stream = next((each for each in ("out", "err") if list(reply) == [each]), None)
        if stream is not None and found and found[-1][0] == stream:
            found[-1] = (stream, str(found[-1][1]) + str(reply[stream]))
        elif stream is not None:
            found.append((stream, reply[stream]))
        elif "status" not in reply or reply.get("id") != "c":
            found.append(tuple(_without_sessions(reply).items()))
    return found


def _without_sessions(reply: Message) -> Message:
    return {key: value for key, value in reply.items() if key not in _SESSIONS}


def _run(fed: Fed[Adapter], chunks: list[bytes]) -> bool:
    """Feed it; whether it can be read on. Only a protocol error may be raised."""
    try:
        for chunk in chunks:
            fed.feed(chunk)
        _end(fed)
    except RemoteProtocolError:
        return False
    finally:
        told = sum(len(str(reply)) for reply in fed.replies)
        size = sum(map(len, chunks))
        assert len(fed.sent) + told < _ENOUGH + 100 * size
    return True


def _upgraded(dialect: str, data: bytes) -> None:
    outcomes = []
    for cut in (False, True):
        channel = DIALECTS[dialect].channel()
        assert isinstance(channel, UpgradedAdapter)
        channel._launched, channel.nonce = True, _NONCE
        channel._reader = FrameReader(_MARK, CLIENT_LIMITS)
        fed = Fed[Adapter](channel)
        _ask(fed)
        chunks = pieces(data) if cut else [data] if data else []
        outcomes.append((_run(fed, chunks), _said(fed)))
    assert outcomes[0] == outcomes[1]


def _plain(dialect: str, data: bytes) -> None:
    for chunks in ([data] if data else [], pieces(data)):
        channel = DIALECTS[dialect].channel()
        assert isinstance(channel, Adapter)
        fed = Fed(channel)
        _ask(fed)
        _run(fed, chunks)


def _before_ready(data: bytes) -> None:
    """The first byte chooses the dialect, the rest is what the REPL says first."""
    if not data:
        return
    dialects = upgraded_dialects()
    _plain(dialects[data[0] % len(dialects)], data[1:])


def _greeting(data: bytes) -> None:
    """Finding out by a prompt raises nothing."""
    for remembered in (None, "scm"):
        found = prompt_at_end(data, remembered=remembered)
        assert found is None or found.dialect in DIALECTS
    no_repl(data)


def _swank(data: bytes) -> None:
    """Each line is one packet's text."""
    lisp = Lisp()
    _ask(lisp)  # type: ignore[arg-type]
    with suppress(RemoteProtocolError):
        for line in data.decode("utf-8", "replace").split("\n"):
            lisp.feed(line)
        lisp.ask(op="repl-server/held", id="h")
        lisp.ask(op="interrupt", id="z")


def _bare_swank(data: bytes) -> None:
    _plain("swank", data)


_FRAMES: tuple[Message, ...] = (
    {"kind": "ready", "version": "1", "ns": "user", "cooperative": "1"},
    {"id": "1", "out": "printed\n"},
    {"id": "1", "err": "x", "dropped": "12"},
    {"kind": "value", "id": "1", "value": "1", "ns": "user", "label": "$1", "cut": "1"},
    {"kind": "need-input", "id": "1"},
    {
        "kind": "error",
        "id": "1",
        "type": "t",
        "message": "m",
        "frames": [["f", "x.scm", "3"], ["", "", "0"]],
        "place": ["x", "1"],
    },
    {"kind": "no-namespace", "id": "2", "ns": "no"},
    {"kind": "done", "id": "1", "ns": "user", "status": ["interrupted"], "value": "2"},
    {"kind": "answer", "id": "3", "items": ["abc", "function"]},
    {"kind": "answer", "id": "4", "items": ["name", "abc", "line", "3", "doc", "d"]},
    {"kind": "done", "id": "5", "ns": "user"},
    {"out": "nobody's"},
)
_CONVERSATION = b"".join(_MARK + encode(frame) for frame in _FRAMES)
_FRAME_SEEDS = (
    _CONVERSATION,
    b"stray" + _CONVERSATION[:200] + b"more",
    *(_MARK + encode(_FRAMES[0]) + _MARK + encode(frame) for frame in _FRAMES[1:]),
    (_MARK + encode({"kind": "need"})) * 30,
)
_READY = INFO.format(style=":spawn", type='"SBCL"', name='"sbcl"')
_SWANK_LINES = (
    f"(:return (:ok ({_READY} t)) 1)",
    "(:return (:ok t) 2)",
    '(:write-string "out")',
    '(:write-string "v" (:repl-connect ":value" 3 "CL-USER" nil nil))',
    '(:write-string "1" (:repl-connect :value 3 "CL-USER" nil nil))',
    '(:write-string "e" (:repl-connect :error 3 "ERROR" (("f" "x" 3)) (("abort" "x"))))',
    '(:read-string 1 2)\n(:read-aborted 1 2)\n(:y-or-n-p 1 2 "sure?")',
    '(:debug 1 1 ("no" "[ERROR]" nil) (("ABORT" "x")) ((0 "f")) (3))',
    "(:debug-return 1 1 nil)\n(:ping 1 2)\n(:eval 1 2 x)\n(:new-features (:a))",
    '(:return (:ok ("CL-USER" "1" nil)) 3)\n(:return (:abort "x") 4)',
    '(:return (:ok (("abc" "f"))) 5)\n(:return (:ok ("doc" "d" "file" "x" "line" 3)) 6)',
    "(:return (:ok t) 7)",
)
_SWANK_SEED = "\n".join(_SWANK_LINES).encode()
_DEEP = b"(" * 990 + b")" * 990
_GREETINGS = (
    b"GNU Guile 3.0.8\n\nEnter `,help' for help.\nscheme@(guile-user)> ",
    b"user=> ",
    b"This is SBCL 2.2.9\n* ",
    b"Welcome to Racket v8.6 [cs].\n> ",
    b"Python 3.11.2\n>>> ",
    b"Welcome to Node.js v18.\n> ",
    b"HTTP/1.1 400 Bad\r\n",
    b"\xff\xfd\x18",
    b"> b\nIn [1]: x\n... y\n1\n> ",
)


def _framed(dialect: str) -> FuzzTarget:
    return FuzzTarget(
        f"adapter-{dialect}",
        f"the reader for {DIALECTS[dialect].title}, upgraded",
        "answers or a protocol error, the same however it is cut",
        lambda data: _upgraded(dialect, data),
        _FRAME_SEEDS,
    )


TARGETS = (
    *map(_framed, upgraded_dialects()),
    FuzzTarget(
        "adapter-greeting",
        "what a REPL says before it is upgraded",
        "answers or a protocol error; what is sent and kept is bounded",
        _before_ready,
        tuple(bytes([n]) + text for n, text in enumerate(_GREETINGS)),
    ),
    FuzzTarget(
        "adapter-prompt",
        "the reader for any REPL with a prompt",
        "output and ends; nothing is raised",
        lambda data: _plain("prompt", data),
        _GREETINGS,
    ),
    FuzzTarget(
        "adapter-line",
        "the reader for lines of text",
        "output; nothing is raised",
        lambda data: _plain("line", data),
        _GREETINGS,
    ),
    FuzzTarget(
        "adapter-swank",
        "Swank's messages",
        "answers or a protocol error",
        _swank,
        (
            _SWANK_SEED,
            _SWANK_SEED + b"\n(:ping " + _DEEP + b" 1)",
            b"\n".join(line.encode() for line in _SWANK_LINES[:2]) + b"\n(:debug 1 1 " + _DEEP,
        ),
    ),
    FuzzTarget(
        "adapter-swank-bytes",
        "Swank's packets",
        "answers or a protocol error",
        _bare_swank,
        (
            b"".join(packet(line) for line in _SWANK_LINES),
            b"ffffff(:x)",
            b"00000g",
        ),
    ),
    FuzzTarget(
        "greetings",
        "finding out what listens by what it says first",
        "a dialect or none; nothing is raised",
        _greeting,
        _GREETINGS,
    ),
)
