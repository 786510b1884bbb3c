"""nREPL's bytes and messages: the decoder, the client's session, frames among output."""

from __future__ import annotations

from abuse.target import FuzzTarget, pieces
from wire.framed import MARKER, read_frames
from wire.messages import SAMPLES, decode_all, decode_chunks

from repl_connect.channel import CLIENT_LIMITS
from repl_connect.events import Completions, Done, Event, Failed, Output, Value
from repl_connect.session import Session
from repl_server.wire import Decoder, Limits, Message, RemoteProtocolError, encode

__all__ = ["REPLIES", "TARGETS"]

_NO_ERROR = ("between", "within")
_TIGHT = Limits(message_bytes=300, depth=5, items=30, digits=12)

REPLIES: tuple[Message, ...] = (
    {
        "id": "r1",
        "ops": {"eval": {}, "clone": {}, "completions": {}, "lookup": {}, "ls-sessions": {}},
        "versions": {"python": {"version-string": "3"}, "x": {"major": 1, "minor": "2"}},
        "aux": {"current-ns": "user", "repl-server/completes-text": 1},
        "status": ["done"],
    },
    {"id": "r2", "new-session": "s", "status": ["done"]},
    {"id": "r3", "new-session": "t", "status": ["done"]},
    {"id": "e4", "out": "printed\n", "session": "s"},
    {"id": "e4", "value": "1", "ns": "user", "repl-connect/label": "$1"},
    {"id": "e4", "status": ["need-input"], "repl-server/secret": 1},
    {
        "id": "e4",
        "err": "no\n",
        "ex": "E",
        "status": ["eval-error"],
        "repl-server/message": "m",
        "repl-server/frames": [{"name": "f", "file": "x.py", "line": 3}],
    },
    {"id": "e4", "status": ["done", "interrupted"]},
    {"id": "e5", "status": ["error", "namespace-not-found"], "ns": "no"},
    {
        "id": "r6",
        "completions": [{"candidate": "abc", "type": "f", "ns": "n", "arglists": ["[x]"]}],
        "repl-server/replaces": 2,
        "status": ["done"],
    },
    {"id": "r7", "info": {"name": "a", "doc": "d", "line": 1}, "status": ["done"]},
    {"out": "nobody's", "repl-server/held": "h1"},
)


def _decoder(data: bytes) -> None:
    """However it is cut, it is the same messages, and then refused or not."""
    for limits in (None, CLIENT_LIMITS, _TIGHT):
        messages, end = decode_all(data, limits)
        found, found_end = decode_chunks(pieces(data), limits)
        # Of two mistakes in one number, the one that came first is told.
        assert (found, found_end in _NO_ERROR) == (messages, end in _NO_ERROR)
        for message in messages:
            assert decode_all(encode(message)) == ([message], "between")


def _decoded(data: bytes) -> list[Message]:
    decoder = Decoder()
    decoder.feed(data)
    found: list[Message] = []
    try:
        while (message := decoder.next_message()) is not None:
            found.append(message)
    except RemoteProtocolError:
        pass
    return found


class _Asker:
    """A session with one of each request under way; what comes back is checked for its types."""

    def __init__(self) -> None:
        self.ended: list[bool] = []
        self.session = Session(lambda _: None, self.event)
        self.session.start(lambda: None, lambda _: None)
        self.session.receive(REPLIES[0])
        for code in ("1", "2"):
            self.evaluate(code)
        self.session.ready = True  # for what is asked only where it is offered
        self.session.complete("ab", "ab", self.completed)
        self.session.lookup("a", lambda info: None)
        self.session.interrupt(None, lambda _: None)

    def evaluate(self, code: str) -> None:
        place = len(self.ended)
        self.ended.append(False)

        def on_event(event: Event) -> None:
            assert not self.ended[place], "after its end"
            self.ended[place] = isinstance(event, Done)
            self.event(event)

        self.session.evaluate(code, on_event)

    def event(self, event: Event) -> None:
        if isinstance(event, Output | Value):
            assert isinstance(event.text, str)
        if isinstance(event, Failed):
            assert all(isinstance(frame.name, str) for frame in event.frames)

    def completed(self, found: Completions) -> None:
        assert all(isinstance(each.text, str) for each in found.candidates)
        assert found.replaces >= 0


def _session(data: bytes) -> None:
    """Whatever is answered, each evaluation ends once, with text of the types that were said."""
    asker = _Asker()
    for message in _decoded(data):
        asker.session.receive(message)
    asker.session.lost("gone")
    assert all(asker.ended)


def _frames(data: bytes) -> None:
    """However it is cut: the same frames, and the same bytes between them."""
    assert _read_frames([data]) == _read_frames(pieces(data))


def _read_frames(chunks: list[bytes]) -> list[object]:
    found: list[Message | bytes] = []
    try:
        read_frames(chunks, found)
    except RemoteProtocolError as error:
        return [*found, error.reason]
    return list(found)


_WIRE_SEEDS = (
    *(encode(message) for message in SAMPLES[:4]),
    b"d1:al" + b"l" * 70,
    b"d3:out1000000000000:",
    b"d1:ai" + b"9" * 1_100,
    b"d1:b1:x1:a1:y1:a1:ze",
)

TARGETS = (
    FuzzTarget(
        "wire",
        "the wire's decoder",
        "messages or a refusal, the same however it is cut",
        _decoder,
        _WIRE_SEEDS,
    ),
    FuzzTarget(
        "session",
        "the client's session",
        "every evaluation ends once; nothing else is raised",
        _session,
        (b"".join(map(encode, REPLIES)), *map(encode, REPLIES)),
    ),
    FuzzTarget(
        "frames",
        "frames among a REPL's output",
        "frames and output, the same however they are cut",
        _frames,
        (
            b"out" + MARKER + encode({"out": "x"}) + b"more" + MARKER + encode({"kind": "done"}),
            MARKER[:9] + MARKER + b"d3:out99999999999999:",
        ),
    ),
)
