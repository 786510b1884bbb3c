"""An nREPL server for a Guile REPL, cooperative or threaded, by upgrading its connection.

The plain REPL is sent one command, `,option interp FORM`: it evaluates the form with the
interpreter, so nothing is compiled. The form (`bootstrap/guile/launch.scm`) puts our reader and
evaluator into that connection's REPL and reads the rest of `bootstrap/guile` from the socket.
From then on requests go out as netstrings and answers come back in frames (`frames.py`).

    greeting ──prompt──> launched ──`need`──> (rest is sent) ──`ready`──> upgraded
                                  └──────────────`ready`──────────────────^

What the user may do with the program is Guile's own; what is here only keeps the books. One
evaluation at a time is sent to Guile, others wait here; completions, lookups, input and interrupts
go at any time, since a thread of its own answers them there.
"""

from __future__ import annotations

import codecs
import hashlib
import itertools
import os
import re
from collections import OrderedDict, deque
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from repl_connect.adapters.frames import FrameReader, request_bytes
from repl_connect.channel import CLIENT_LIMITS
from repl_server.dispatch.dispatcher import Dispatcher, Evaluation, Request, Session
from repl_server.wire import CLOSED, NEED_DATA, Idle, Message, RemoteProtocolError

__all__ = ["GuileAdapter"]

# Up to what may end a prompt, whatever the user has made it; half of the usual one does not.
_GREETING: Final = re.compile(rb"Enter `,help' for help\.\n(.*[^\w@()-])\Z", re.DOTALL)
_PROMPT: Final = re.compile(rb"[^\n]*@\([^\n]*\)(?: \[\d+\])?> \Z")
_QUOTA: Final = "nrepl.middleware.print/quota"
_LATE: Final = 1000  # ended evaluations that are remembered, for output that comes after them
_JUNK: Final = 64 * 1024  # bytes of greeting and upgrade that are kept to be shown in an error


@dataclass(eq=False)
class _Running:
    """An evaluation that Guile knows, and what of its output is not whole characters yet."""

    evaluation: Evaluation
    decoders: dict[str, codecs.IncrementalDecoder] = field(default_factory=dict)

    def text(self, stream: str, data: str) -> str:
        """Whole characters of `data`, which is bytes as the wire's decoder leaves them."""
        decoder = self.decoders.get(stream)
        if decoder is None:
            decoder = self.decoders[stream] = codecs.getincrementaldecoder("utf-8")("replace")
        return decoder.decode(data.encode("utf-8", "surrogateescape"))


class GuileAdapter:
    """A `Channel`: nREPL on this side, a Guile REPL's byte stream on the other."""

    ops: Collection[str] = frozenset(
        {"eval", "load-file", "interrupt", "stdin", "completions", "lookup"}
    )

    def __init__(self) -> None:
        self._outgoing: list[bytes] = []
        self._events: deque[Message] = deque()
        self._ended = False
        self._dispatcher = Dispatcher(self, session_ids=lambda: os.urandom(16).hex())
        self._client = self._dispatcher.connect(self._events.extend)
        self._before_ready: list[Message] = []
        self._nonce = os.urandom(8).hex()
        self._reader = FrameReader(f"\x1e{self._nonce};".encode(), CLIENT_LIMITS)
        self._junk = b""
        self._launched = False
        self._upgraded = False
        self._about: Mapping[str, Any] = {}
        self._numbers = itertools.count(1)
        self._running: _Running | None = None
        self._known: OrderedDict[int, _Running] = OrderedDict()
        self._queue: deque[Evaluation] = deque()
        self._tools: dict[int, Request] = {}
        self._stray = codecs.getincrementaldecoder("utf-8")("replace")

    @property
    def answers_itself(self) -> bool:
        """Whether there are replies now that no byte from the peer brought."""
        return bool(self._events)

    @property
    def upgraded(self) -> bool:
        """Whether the REPL has answered the upgrade."""
        return self._upgraded

    # The channel.

    def send(self, message: Mapping[str, object]) -> None:  # noqa: D102
        if self._upgraded:
            self._dispatcher.receive(self._client, dict(message))
        else:
            self._before_ready.append(dict(message))

    def data_to_send(self) -> bytes:  # noqa: D102
        data = b"".join(self._outgoing)
        self._outgoing.clear()
        return data

    def receive_data(self, data: bytes) -> None:  # noqa: D102
        if not data:
            self._ended = True
        elif self._launched:
            self._reader.feed(data)
        else:
            self._junk += data
            if _GREETING.search(self._junk):
                self._launched = True
                self._junk = b""
                self._outgoing.append(_launch(self._nonce))
            elif len(self._junk) > _JUNK:
                raise RemoteProtocolError("malformed", "it greeted as Guile and then did not stop")

    def next_event(self) -> Message | Idle:  # noqa: D102
        while not self._events:
            item = self._reader.next() if self._launched else None
            if item is None:
                if not self._ended:
                    return NEED_DATA
                if not self._upgraded:
                    raise RemoteProtocolError("truncated", self._failed_upgrade())
                return CLOSED
            if isinstance(item, bytes):
                self._take_stray(item)
            else:
                self._take_frame(item)
        return self._events.popleft()

    def _take_stray(self, data: bytes) -> None:
        if self._upgraded:
            text = self._stray.decode(data)
            if text:
                self._events.append({"out": text})
            return
        self._junk = (self._junk + data)[-_JUNK:]
        if _PROMPT.search(self._junk):
            raise RemoteProtocolError("malformed", self._failed_upgrade())

    def _failed_upgrade(self) -> str:
        said = self._junk.decode("utf-8", "replace").strip().splitlines()
        return "it did not take the upgrade" + (f": {said[0]}" if said else "")

    # Frames.

    def _take_frame(self, frame: Message) -> None:
        kind = frame.get("kind")
        if kind == "need":
            self._outgoing.append(_bootstrap())
        elif kind == "ready":
            self._about = frame
            self._upgraded = True
            waiting, self._before_ready = self._before_ready, []
            for message in waiting:
                self.send(message)
        elif kind == "failed":
            raise RemoteProtocolError("malformed", self._failed_upgrade())
        elif kind == "answer":
            self._answer(frame)
        elif (known := self._known.get(int(frame.get("id", "0")))) is not None:
            self._take_result(known, frame)
        else:
            for stream in ("out", "err"):
                if isinstance(frame.get(stream), str):
                    self._events.append({stream: frame[stream]})

    def _take_result(self, known: _Running, frame: Message) -> None:
        evaluation, kind = known.evaluation, frame.get("kind")
        if kind is None:
            self._take_output(known, frame)
            return
        if "value" in frame:
            label = frame["label"]
            evaluation.value(
                frame["value"],
                ns=frame["ns"],
                last=kind == "done",
                truncated="cut" in frame,
                **({"repl-connect/label": label} if label else {}),
            )
        if kind == "done":
            self._over(known)
            evaluation.finish(*frame.get("status", ()), ns=frame["ns"])
        elif kind == "need-input":
            evaluation.need_input()
        elif kind == "error":
            self._error(evaluation, frame)
        elif kind == "no-namespace":
            self._over(known)
            evaluation.finish(
                "error",
                "namespace-not-found",
                ns=frame["ns"],
                err=f"There is no module {frame['ns']} in the program: "
                f"load it first, (use-modules {frame['ns']}).\n",
            )

    def _take_output(self, known: _Running, frame: Message) -> None:
        evaluation = known.evaluation
        for stream in ("out", "err"):
            if stream in frame:
                text = known.text(stream, frame[stream])
                if text:
                    evaluation.output(stream, text)
        if "dropped" in frame:
            evaluation.output(
                "err",
                f"\n;;; {frame['dropped']} bytes of output were dropped here: "
                "they came faster than they were read.\n",
            )

    def _error(self, evaluation: Evaluation, frame: Message) -> None:
        frames = [
            {
                "name": name,
                **({"file": file} if file else {}),
                **({"line": int(line)} if line != "0" else {}),
            }
            for name, file, line in frame["frames"]
            if name or file
        ]
        file, line = frame["place"]
        lines = [frame["message"]]
        if file and line != "0":
            lines.append(f"  at {file}:{line}")
        for shown in frames[-10:]:
            if not shown["name"]:  # what stands in a file outside of procedures
                lines.append(f"  at {shown['file']}:{shown.get('line', '?')}")
            elif "file" in shown:
                lines.append(f"  in {shown['name']} ({shown['file']}:{shown.get('line', '?')})")
            else:
                lines.append(f"  in {shown['name']}")
        evaluation.error(
            "\n".join(lines) + "\n",
            ex=frame["type"],
            message=frame["message"],
            frames=frames,
        )

    def _answer(self, frame: Message) -> None:
        request = self._tools.pop(int(frame["id"]), None)
        if request is None:
            return
        items = frame["items"]
        pairs = list(zip(items[::2], items[1::2], strict=False))
        if request.message["op"] == "completions":
            found = [{"candidate": name, "type": kind} for name, kind in pairs]
            request.reply({"completions": found, "status": ["done"]})
        else:
            info = {
                key: int(value) if key in ("line", "column") else value
                for key, value in pairs
                if value not in ("", "0")
            }
            request.reply({"info": info, "status": ["done"]})

    # The evaluator behind the dispatcher.

    def describe(self) -> Mapping[str, object]:  # noqa: D102
        version = str(self._about.get("version", ""))
        mode = "cooperative" if self._about.get("cooperative") == "1" else "threaded"
        return {
            "versions": {"guile": {"version-string": version}},
            "aux": {
                "current-ns": self._about.get("ns", ""),
                "repl-connect/greeting": f"Guile {version}, {mode}, upgraded",
            },
        }

    def open_session(self, session: Session, parent: Session | None) -> None:  # noqa: D102
        self._request("open", session.id, parent.id if parent else "")

    def close_session(self, session: Session) -> None:  # noqa: D102
        if session.running is not None:
            self.interrupt(session.running)
        self._request("close", session.id)

    def evaluate(self, evaluation: Evaluation) -> None:  # noqa: D102
        if self._running is not None:
            self._queue.append(evaluation)
            return
        number = next(self._numbers)
        self._running = self._known[number] = _Running(evaluation)
        if len(self._known) > _LATE:
            self._known.popitem(last=False)
        message = evaluation.message
        op, file = "eval", message.get("file")
        if evaluation.is_file:
            op = "load-file" if isinstance(file, str) else "load-path"
            file = message.get("file-path")
        fields = [
            op,
            number,
            evaluation.session.id if evaluation.session else "",
            evaluation.text("ns") or "",
            evaluation.code,
            file if isinstance(file, str) else "",
            (evaluation.number("line") if "line" in message else None) or "",
            (evaluation.number("column") if "column" in message else None) or "",
            (evaluation.number(_QUOTA) if _QUOTA in message else None) or "",
        ]
        while fields[-1] == "":  # what is absent at the end need not be said
            fields.pop()
        self._request(*fields)

    def interrupt(self, evaluation: Evaluation) -> None:  # noqa: D102
        if evaluation in self._queue:
            self._queue.remove(evaluation)
            evaluation.finish("interrupted")
            return
        for number, known in self._known.items():
            if known.evaluation is evaluation:
                self._request("interrupt", number)

    def give_input(self, session: Session, text: str) -> bool:  # noqa: D102
        self._request("input", session.id, text)
        return True

    def complete(self, request: Request) -> None:  # noqa: D102
        self._tool("complete", request, request.message["prefix"])

    def lookup(self, request: Request) -> None:  # noqa: D102
        self._tool("lookup", request, request.message["sym"])

    def _tool(self, op: str, request: Request, text: str) -> None:
        number = next(self._numbers)
        self._tools[number] = request
        namespace = request.message.get("ns")
        self._request(
            op,
            number,
            request.session.id if request.session else "",
            namespace if isinstance(namespace, str) else "",
            text,
        )

    def _over(self, known: _Running) -> None:
        """Guile is free for the next one."""
        if self._running is known:
            self._running = None
            if self._queue:
                self.evaluate(self._queue.popleft())

    def _request(self, *fields: object) -> None:
        self._outgoing.append(request_bytes(*fields))


_PARTS: Final = (
    "output",
    "input",
    "definitions",
    "results",
    "evaluation",
    "knowledge",
    "compiling",
    "requests",
    "turns",
)


def _source(name: str) -> str:
    path = os.path.join(os.path.dirname(__file__), "bootstrap", "guile", f"{name}.scm")
    with open(path, encoding="ascii") as file:
        return file.read()


def _bootstrap() -> bytes:
    """Two lists of forms: what is evaluated once, and the procedures."""
    procedures = "\n".join(_source(name) for name in _PARTS)
    return f"({_source('state')})\n({procedures})\n".encode()


def _launch(nonce: str) -> bytes:
    """The command that upgrades, on one line.

    The rest of the bootstrap is known in the program by a hash of itself, so that clients of
    different versions don't use each other's.
    """
    version = "v" + hashlib.sha256(_bootstrap()).hexdigest()[:12]
    lines = (line.strip() for line in _source("launch").splitlines())
    form = " ".join(line for line in lines if line and not line.startswith(";"))
    form = form.replace("NONCE", nonce).replace("VERSION", version)
    return f",option interp {form}\n".encode()
