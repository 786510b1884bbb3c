"""What a front end talks to: evaluate, complete, look up, interrupt, answer for input.

A `Session` is two nREPL sessions on one channel: the *user* session, where evaluations run and
whose history is the user's, and the *tool* session for completion and lookup, which never waits
behind an evaluation and never touches that history.

No I/O: `send` takes the messages out, `receive` takes replies in, and what happens comes out
through callbacks, in order, from within `receive`. Nothing here waits.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any, Final

from repl_connect import __version__
from repl_connect.events import (
    Candidate,
    Description,
    Done,
    Event,
    Failed,
    Frame,
    NeedInput,
    Output,
    Value,
)
from repl_server.wire import Message

__all__ = [
    "Candidate",
    "Description",
    "Done",
    "Evaluation",
    "Event",
    "Failed",
    "Frame",
    "NeedInput",
    "Output",
    "Session",
    "SessionError",
    "Value",
]


class Evaluation:
    """One `eval` on its way: its id, and whether and how it ended."""

    def __init__(self, ident: str, code: str, on_event: Callable[[Event], None]) -> None:
        self.id = ident
        self.code = code
        self.on_event = on_event
        self.done: Done | None = None
        self.failed: Failed | None = None
        self.interrupting = False


class SessionError(Exception):
    """The other side would not open a session; the text says why."""


_OWN_WORDS: Final = {
    "namespace-not-found": "There is no such namespace there.",
    "unknown-session": "The session is gone on the other side: reconnect.",
    "no-code": "There was no code to evaluate.",
}


_NO_TOKEN: Final = (
    "the server asks for a token. Set REPL_CONNECT_TOKEN to it, or REPL_CONNECT_TOKEN_FILE to a "
    "file that holds it."
)
_WRONG_TOKEN: Final = (
    "the token in REPL_CONNECT_TOKEN (or REPL_CONNECT_TOKEN_FILE) is not this server's."
)


class Session:
    """The user's place on one channel.

    `send` takes each request. `on_output` gets output that belongs to no running evaluation.
    Call `start` first; `on_ready` is called when evaluations can be sent (they may be sent before:
    they are queued in order).
    """

    def __init__(
        self,
        send: Callable[[Message], None],
        on_output: Callable[[Output], None],
        *,
        print_quota: int | None = None,
    ) -> None:
        self._send = send
        self._on_output = on_output
        self._ids = itertools.count(1)
        self._waiting: dict[str, Callable[[Message], None]] = {}
        self._evaluations: dict[str, Evaluation] = {}
        self._before_ready: list[Callable[[], None]] = []
        self.print_quota = print_quota
        self.user: str | None = None
        self.tool: str | None = None
        self.namespace: str | None = None
        self.description: Description | None = None
        self.ready = False

    @property
    def running(self) -> list[Evaluation]:
        """Evaluations that were sent and have not ended, in order."""
        return list(self._evaluations.values())

    def start(
        self,
        on_ready: Callable[[], None],
        on_failure: Callable[[SessionError], None],
        *,
        tool: bool = True,
        token: Callable[[], str | None] = lambda: None,
    ) -> None:
        """Describe the other side and open the sessions; `tool=False` saves the second one.

        `token` is asked for when the other side wants one: it is given to nobody else.
        """

        def first_described(reply: Message) -> None:
            if "repl-server/unauthorized" not in _statuses(reply):
                described(reply)
            elif (known := token()) is None:
                on_failure(SessionError(_NO_TOKEN))
            else:
                self._request({"op": "describe", "repl-server/token": known}, described)

        def described(reply: Message) -> None:
            if "repl-server/unauthorized" in _statuses(reply):
                on_failure(SessionError(_WRONG_TOKEN))
                return
            self.description = _description(reply)
            current = self.description.aux.get("current-ns")
            if isinstance(current, str) and current:
                self.namespace = current
            if "clone" in self.description.ops:
                self._request({"op": "clone", **_CLIENT}, opened)
            else:  # a server without sessions (nREPL before 0.2, some of the small ones)
                ready()

        def opened(reply: Message) -> None:
            self.user = _text(reply.get("new-session"))
            if self.user is None:
                on_failure(SessionError(_refusal(reply, "opened no session")))
            elif tool:
                self._request({"op": "clone", **_CLIENT}, tool_opened)
            else:
                ready()

        def tool_opened(reply: Message) -> None:
            self.tool = _text(reply.get("new-session"))
            ready()

        def ready() -> None:
            self.ready = True
            on_ready()
            waiting, self._before_ready = self._before_ready, []
            for send in waiting:
                send()

        self._request({"op": "describe"}, first_described)

    def evaluate(
        self,
        code: str,
        on_event: Callable[[Event], None],
        *,
        namespace: str | None = None,
        file: str | None = None,
        line: int | None = None,
        column: int | None = None,
        as_file: bool = False,
    ) -> Evaluation:
        """Send code; `on_event` gets what comes of it, a `Done` last, exactly once.

        With `as_file`, `code` is the contents of the whole file `file` (nREPL's `load-file`).
        `line` and `column` count from 1.
        """
        evaluation = Evaluation(f"e{next(self._ids)}", code, on_event)
        self._evaluations[evaluation.id] = evaluation
        message: Message = {"id": evaluation.id}
        if as_file:
            message |= {"op": "load-file", "file": code}
            if file is not None:
                message |= {"file-path": file, "file-name": file.rpartition("/")[2]}
        else:
            message |= {"op": "eval", "code": code}
            if file is not None:
                message["file"] = file
        for key, value in (("ns", namespace), ("line", line), ("column", column)):
            if value is not None:
                message[key] = value
        if self.print_quota is not None:
            message["nrepl.middleware.print/quota"] = self.print_quota

        def send() -> None:
            if self.user is not None:
                message["session"] = self.user
            self._send(message)

        self._when_ready(send)
        return evaluation

    def interrupt(
        self,
        evaluation: Evaluation | None = None,
        on_answer: Callable[[str | None], None] | None = None,
    ) -> None:
        """Ask to stop an evaluation (the oldest one running if none is named).

        `on_answer` gets None when it was taken, or a sentence saying why it can't be.
        """

        def answered(reply: Message) -> None:
            if on_answer is None or "done" not in _statuses(reply):
                return
            statuses = _statuses(reply)
            if "session-idle" in statuses:
                on_answer("Nothing runs there.")
            elif "error" in statuses:
                on_answer(_refusal(reply, "would not interrupt"))
            else:
                on_answer(None)

        def send() -> None:
            message: Message = {"op": "interrupt"}
            if self.user is not None:
                message["session"] = self.user
            if evaluation is not None:
                message["interrupt-id"] = evaluation.id
            self._request(message, answered)

        if evaluation is None and self._evaluations:
            evaluation = next(iter(self._evaluations.values()))
        if evaluation is not None:
            evaluation.interrupting = True
        self._when_ready(send)

    def give_input(self, text: str) -> None:
        """Answer a `NeedInput`: text with its newline; `""` is the end of input."""
        self._request({"op": "stdin", "stdin": text, "session": self.user}, lambda _: None)

    def complete(
        self,
        prefix: str,
        on_result: Callable[[list[Candidate]], None],
        *,
        namespace: str | None = None,
    ) -> None:
        """Ask what could stand where `prefix` stands; an empty list if it can't be told."""

        def answered(reply: Message) -> None:
            found = reply.get("completions", [])
            on_result(
                [
                    Candidate(
                        text=item["candidate"],
                        type=_text(item.get("type")),
                        namespace=_text(item.get("ns")),
                    )
                    for item in (found if isinstance(found, list) else [])
                    if isinstance(item, dict) and isinstance(item.get("candidate"), str)
                ]
            )

        if not self._has("completions"):
            on_result([])
            return
        self._tool_request({"op": "completions", "prefix": prefix}, namespace, answered)

    def lookup(
        self,
        symbol: str,
        on_result: Callable[[dict[str, Any]], None],
        *,
        namespace: str | None = None,
    ) -> None:
        """Ask what is known about a name: nREPL's `info` map, empty if nothing is."""

        def answered(reply: Message) -> None:
            info = reply.get("info")
            on_result(info if isinstance(info, dict) else {})

        if not self._has("lookup"):
            on_result({})
            return
        self._tool_request({"op": "lookup", "sym": symbol}, namespace, answered)

    def close(self) -> None:
        """Say goodbye to both sessions (nothing is waited for)."""
        for ident in (self.tool, self.user):
            if ident is not None:
                self._send({"op": "close", "session": ident, "id": f"c{next(self._ids)}"})
        self.user = self.tool = None
        self.ready = False

    def receive(self, message: Message) -> None:
        """Take one reply from the channel."""
        ident = message.get("id")
        if isinstance(ident, str) and ident in self._evaluations:
            self._evaluation_reply(self._evaluations[ident], message)
            return
        for stream in ("out", "err"):
            text = message.get(stream)
            if isinstance(text, str) and text and ident not in self._waiting:
                self._on_output(Output(stream=stream, text=text, late=True))
        if isinstance(ident, str) and ident in self._waiting:
            handler = self._waiting[ident]
            if "done" in _statuses(message):
                del self._waiting[ident]
            handler(message)

    def lost(self, reason: str) -> None:
        """The connection is gone: whatever runs ends as lost, whatever was asked is dropped."""
        self.ready = False
        self.user = self.tool = None
        self._waiting.clear()
        self._before_ready.clear()
        for evaluation in self.running:
            self._end(evaluation, Done(statuses=frozenset({"lost"}), problem=reason))

    def _evaluation_reply(self, evaluation: Evaluation, message: Message) -> None:
        statuses = _statuses(message)
        emit = evaluation.on_event
        refused = "error" in statuses
        if ("out" in message or "err" in message) and not refused:
            for stream in ("out", "err"):
                text = message.get(stream)
                if isinstance(text, str) and text:
                    emit(Output(stream=stream, text=text))
        namespace = _text(message.get("ns"))
        if namespace is not None and not refused:
            self.namespace = namespace
        value = message.get("value")
        if isinstance(value, str):
            emit(
                Value(
                    text=value,
                    namespace=namespace,
                    label=_text(message.get("repl-connect/label")),
                    truncated="nrepl.middleware.print/truncated" in statuses,
                )
            )
        if "eval-error" in statuses or "ex" in message:
            evaluation.failed = _failure(message)
            emit(evaluation.failed)
        if "need-input" in statuses:
            emit(NeedInput())
        if "done" in statuses:
            self._end(
                evaluation,
                Done(
                    statuses=statuses,
                    problem=_refusal(message, "would not evaluate it") if refused else None,
                ),
            )

    def _end(self, evaluation: Evaluation, done: Done) -> None:
        self._evaluations.pop(evaluation.id, None)
        evaluation.done = done
        evaluation.on_event(done)

    def _has(self, op: str) -> bool:
        return self.ready and self.description is not None and op in self.description.ops

    def _when_ready(self, send: Callable[[], None]) -> None:
        if self.ready:
            send()
        else:
            self._before_ready.append(send)

    def _tool_request(
        self, message: Message, namespace: str | None, handler: Callable[[Message], None]
    ) -> None:
        session = self.tool or self.user
        if session is not None:
            message["session"] = session
        namespace = namespace or self.namespace
        if namespace is not None:
            message["ns"] = namespace
        self._request(message, handler)

    def _request(self, message: Message, handler: Callable[[Message], None]) -> None:
        ident = f"r{next(self._ids)}"
        message = {key: value for key, value in message.items() if value is not None}
        message["id"] = ident
        self._waiting[ident] = handler
        self._send(message)


_CLIENT: Final = {"client-name": "repl-connect", "client-version": __version__}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


_NONE: Final[frozenset[str]] = frozenset()
_DONE: Final = frozenset({"done"})


def _statuses(message: Message) -> frozenset[str]:
    status = message.get("status")
    if status == ["done"]:
        return _DONE
    if not status:
        return _NONE
    if isinstance(status, str):
        return frozenset({status})
    return frozenset(item for item in status if isinstance(item, str))


def _refusal(message: Message, otherwise: str) -> str:
    """In words, why a request was refused."""
    for key in ("err", "message"):
        text = _text(message.get(key))
        if text is not None:
            return text.strip()
    statuses = _statuses(message) - {"done", "error"}
    for status in statuses:
        if status in _OWN_WORDS:
            return _OWN_WORDS[status]
    return f"The other side {otherwise}: {', '.join(sorted(statuses)) or 'no reason given'}."


def _failure(message: Message) -> Failed:
    frames = message.get("repl-server/frames", ())
    return Failed(
        type=_text(message.get("ex")) or "error",
        message=_text(message.get("repl-server/message")),
        frames=tuple(
            Frame(
                name=_text(frame.get("name")) or "?",
                file=_text(frame.get("file")),
                line=frame["line"] if isinstance(frame.get("line"), int) else None,
            )
            for frame in (frames if isinstance(frames, list) else ())
            if isinstance(frame, dict)
        ),
    )


def _description(reply: Message) -> Description:
    """Read `describe`: `ops` as map (deployed) or list (the draft), versions of any shape."""
    ops = reply.get("ops", ())
    versions: dict[str, str] = {}
    told = reply.get("versions")
    for name, version in told.items() if isinstance(told, dict) else ():
        if isinstance(version, dict):
            words = version.get("version-string") or ".".join(
                str(version[part]) for part in ("major", "minor", "incremental") if part in version
            )
            versions[name] = str(words)
        elif isinstance(version, str):
            versions[name] = version
    aux = reply.get("aux")
    return Description(
        ops=frozenset(op for op in ops if isinstance(op, str)),
        versions=versions,
        aux=aux if isinstance(aux, dict) else {},
    )
