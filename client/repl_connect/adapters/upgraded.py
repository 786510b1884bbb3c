"""A REPL that is upgraded by one form: the part that is the same for every language.

The plain REPL is sent one small form. It puts a reader and an evaluator of ours into that
connection, and may ask for the rest of the bootstrap (`bootstrap/LANGUAGE`). From then on requests
go out as netstrings and answers come back in frames (`frames.py`).

    greeting ──prompt──> launched ──`need`──> (rest is sent) ──`ready`──> upgraded
                                  └──────────────`ready`──────────────────^

Requests, as lists of texts; numbers are ours, a namespace of "" is the session's own:

    open SESSION PARENT          close SESSION             interrupt NUMBER
    eval NUMBER SESSION NS CODE FILE LINE COLUMN QUOTA     input SESSION TEXT
    load-file, load-path         as eval, with the contents or the path of a file
    complete NUMBER SESSION NS PREFIX                      lookup NUMBER SESSION NS NAME

Frames, as maps of texts; `id` is the number of the request:

    kind ready      version ns cooperative, and what else the dialect tells of itself
    out, err        output of evaluation `id`; of nobody's without one; `dropped`: how many bytes
    value ns label  one value; `cut` when it was truncated
    kind error      type message text place frames
    kind need-input, no-namespace, done (with ns, status and perhaps a last value)
    kind answer     items: NAME TYPE NAME TYPE… for complete, KEY VALUE… for lookup
"""

from __future__ import annotations

import codecs
import hashlib
import itertools
import os
import re
from collections import OrderedDict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

from repl_connect.adapters.adapter import MOST_GREETING, Adapter
from repl_connect.adapters.frames import FrameReader, request_bytes
from repl_connect.channel import CLIENT_LIMITS
from repl_server.dispatch.dispatcher import Bounds, Evaluation, Request, Session
from repl_server.dispatch.timing import Timing
from repl_server.wire import Message, RemoteProtocolError

__all__ = ["UpgradedAdapter", "bootstrap_source", "bootstrap_version", "one_line"]

_QUOTA: Final = "nrepl.middleware.print/quota"
_FARTHEST: Final = 1_000_000  # a line or a column; some languages count up to it
_LARGEST: Final = 2**31 - 1
_LONGEST_PROMPT: Final = 1024
_LATE: Final = 1000  # ended evaluations that are remembered, for output that comes after them


@dataclass(eq=False)
class _Running:
    """An evaluation that the REPL knows, and what of its output is not whole characters yet."""

    evaluation: Evaluation
    decoders: dict[str, codecs.IncrementalDecoder] = field(default_factory=dict)

    def text(self, stream: str, data: str) -> str:
        """Whole characters of `data`, which is bytes as the wire's decoder leaves them."""
        decoder = self.decoders.get(stream)
        if decoder is None:
            decoder = self.decoders[stream] = codecs.getincrementaldecoder("utf-8")("replace")
        return decoder.decode(data.encode("utf-8", "surrogateescape"))


class UpgradedAdapter(Adapter):
    """An `Adapter` whose REPL answers in frames. A dialect says how it is launched.

    One evaluation at a time is sent to the REPL and others wait here, unless it is `concurrent`;
    everything else goes at any time, since the bootstrap reads while it evaluates, where it can.
    """

    ops: Collection[str] = frozenset(
        {"eval", "load-file", "interrupt", "stdin", "completions", "lookup"}
    )
    language: ClassVar[str]
    """By which the front ends know the language; its version is told under this key."""
    title: ClassVar[str]
    """What the system is called where its version is told."""
    missing_namespace: ClassVar[str] = "There is no namespace {ns} there.\n"
    """What is said of a namespace that does not exist."""
    greeting: ClassVar[re.Pattern[bytes]]
    """Found in what the plain REPL has said when it waits for its first form."""
    prompt: ClassVar[re.Pattern[bytes] | None] = None
    """Found in what is said after the form was sent when the REPL is back, and not upgraded."""
    concurrent: ClassVar[bool] = False
    """Whether it evaluates in several sessions at once."""
    launches_at_once: ClassVar[bool] = False
    """Whether the form is sent without waiting for a prompt, to a REPL that shows none."""

    def __init__(self, *, timing: Timing | None = None, bounds: Bounds | None = None) -> None:
        super().__init__(timing=timing, bounds=bounds)
        self.nonce = os.urandom(8).hex()
        self._reader = FrameReader(f"\x1e{self.nonce};".encode(), CLIENT_LIMITS)
        self._launched = False
        self._sent_rest = False
        self._about: Mapping[str, Any] = {}
        self._numbers = itertools.count(1)
        self._running: _Running | None = None
        self._known: OrderedDict[int, _Running] = OrderedDict()
        self._tools: dict[int, Request] = {}
        if self.launches_at_once:
            self._do_launch()

    # What a dialect defines.

    def _launch(self) -> bytes:
        """The form that upgrades, with its newline; `nonce` is in it, and stays secret."""
        raise NotImplementedError

    def _bootstrap(self) -> bytes:
        """What it may ask for with `need`."""
        return b""

    def _able(self) -> Collection[str]:
        """The ops that this connection has; what `ready` told of it is in `_about`."""
        return self.ops

    # The stream.

    def _take(self, data: bytes) -> None:
        if self._launched:
            self._reader.feed(data)
            return
        self._unexpected(data)
        if self.greeting.search(self._junk):
            self._do_launch()
        elif len(self._junk) >= MOST_GREETING:
            raise RemoteProtocolError("malformed", f"it greeted as {self.title} and did not stop")

    def _do_launch(self) -> None:
        self._launched = True
        self._junk = b""
        self._outgoing.append(self._launch())

    def _advance(self) -> bool:
        item = self._reader.next() if self._launched else None
        if item is None:
            return False
        if not isinstance(item, bytes):
            try:
                self._take_frame(item)
            except (LookupError, TypeError, ValueError, AttributeError) as error:
                raise RemoteProtocolError(
                    "malformed", f"a frame of the upgrade that makes no sense ({error!r:.100})"
                ) from None
        elif self.ready:
            self._stray(item)
        else:
            self._unexpected(item)
            if self.prompt is not None and self.prompt.search(self._junk[-_LONGEST_PROMPT:]):
                raise RemoteProtocolError("malformed", self._failure())
        return True

    # Frames.

    def _take_frame(self, frame: Message) -> None:
        kind = frame.get("kind")
        if kind == "need":
            if self._sent_rest:
                raise ValueError("it has got the rest already")
            self._sent_rest = True
            self._outgoing.append(self._bootstrap())
        elif kind == "ready":
            if self.ready:
                raise ValueError("it is ready already")
            self._about = frame
            self.ops = self._able()
            self._become_ready()
        elif kind == "failed":
            raise RemoteProtocolError("malformed", self._failure())
        elif kind == "answer":
            self._answer(frame)
        elif (known := self._known.get(int(frame.get("id", "0")))) is not None:
            self._take_result(known, frame)
        else:
            for stream in ("out", "err"):
                if isinstance(text := frame.get(stream), str):
                    if self.ready:
                        self._tell({stream: text})
                    else:
                        self._unexpected(text.encode("utf-8", "replace"))

    def _take_result(self, known: _Running, frame: Message) -> None:
        evaluation, kind = known.evaluation, frame.get("kind")
        if kind is None:
            self._take_output(known, frame)
            return
        if "value" in frame:
            label = frame.get("label")
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
                err=self.missing_namespace.format(ns=frame["ns"]),
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
            for name, file, line in frame.get("frames", ())
            if name or file
        ]
        evaluation.error(
            frame["text"] if "text" in frame else _error_text(frame, frames),
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
        return {
            "versions": {self.language: {"version-string": version}},
            "aux": {
                "current-ns": self._about.get("ns", ""),
                "repl-connect/language": self.language,
                "repl-connect/greeting": self._greeting(version),
            },
        }

    def _greeting(self, version: str) -> str:
        """What it is and how it is reached, in the words shown on connecting."""
        return f"{self.title} {version}, upgraded"

    def open_session(self, session: Session, parent: Session | None) -> None:  # noqa: D102
        self._request("open", session.id, parent.id if parent else "")

    def close_session(self, session: Session) -> None:  # noqa: D102
        if session.running is not None and "interrupt" in self.ops:
            self.interrupt(session.running)
        self._request("close", session.id)

    def evaluate(self, evaluation: Evaluation) -> None:  # noqa: D102
        if self._running is not None and not self.concurrent:
            self._queue.append(evaluation)
            return
        number = next(self._numbers)
        self._running = self._known[number] = _Running(evaluation)
        if len(self._known) > _LATE:
            self._forget_oldest()
        op, file = "eval", evaluation.message.get("file")
        if evaluation.is_file:
            op = "load-file" if isinstance(file, str) else "load-path"
            file = evaluation.message.get("file-path")
        fields = [
            op,
            number,
            evaluation.session.id if evaluation.session else "",
            evaluation.text("ns") or "",
            evaluation.code,
            file if isinstance(file, str) else "",
            _within(evaluation, "line", _FARTHEST),
            _within(evaluation, "column", _FARTHEST),
            _within(evaluation, _QUOTA, _LARGEST),
        ]
        while fields[-1] == "":  # what is absent at the end need not be said
            fields.pop()
        self._request(*fields)

    def interrupt(self, evaluation: Evaluation) -> None:  # noqa: D102
        if self._withdrawn(evaluation):
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

    def _forget_oldest(self) -> None:
        """Of those that have ended: what still runs is not forgotten, however long it has."""
        for number, known in self._known.items():
            if known.evaluation.finished:
                del self._known[number]
                return

    def _over(self, known: _Running) -> None:
        """The REPL is free for the next one."""
        if self._running is known:
            self._running = None
            if self._queue:
                self.evaluate(self._queue.popleft())

    def _request(self, *fields: object) -> None:
        self._outgoing.append(request_bytes(*fields))


def _error_text(frame: Message, frames: list[dict[str, Any]]) -> str:
    """An error as lines: what it is, where it was raised, the innermost frames."""
    file, line = frame.get("place", ("", "0"))
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
    return "\n".join(lines) + "\n"


def bootstrap_source(path: str) -> str:
    """The text of a file in `bootstrap`, by its path there."""
    with open(os.path.join(os.path.dirname(__file__), "bootstrap", path), encoding="utf-8") as file:
        return file.read()


def bootstrap_version(code: bytes) -> str:
    """A name for a bootstrap by its content, so that clients of other versions don't use it."""
    return "v" + hashlib.sha256(code).hexdigest()[:12]


def one_line(source: str, *, comment: str = ";") -> str:
    """A form on one line; its comments stand on lines of their own."""
    lines = (line.strip() for line in source.splitlines())
    return " ".join(line for line in lines if line and not line.startswith(comment))


def _within(evaluation: Evaluation, key: str, most: int) -> int | str:
    """A number that every language can hold; what is none in these bounds is as if absent."""
    number = evaluation.number(key)
    return number if number is not None and 0 < number <= most else ""
