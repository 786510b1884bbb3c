"""What a front end talks to: evaluate, complete, look up, interrupt, answer for input.

A `Session` is two nREPL sessions on one channel: the *user* session, where evaluations run and
whose history is the user's, and the *tool* session for completion and lookup, which never waits
behind an evaluation and never touches that history.

No I/O: `send` takes the messages out, `receive` takes replies in, and what happens comes out
through callbacks, in order, from within `receive`. Nothing here waits.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from repl_connect import __version__
from repl_connect.errors import SessionError
from repl_connect.events import (
    Candidate,
    Completions,
    Description,
    Done,
    Event,
    Failed,
    Frame,
    NeedInput,
    Output,
    Value,
)
from repl_connect.replies import (
    answer_with,
    completions_of,
    description_of,
    failure_of,
    is_last,
    refusal_of,
    shown_value,
    statuses_of,
    text_of,
)
from repl_connect.turns import Evaluation, Turns
from repl_server.wire import Message

__all__ = [
    "Candidate",
    "Completions",
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
        self._unanswered: set[str] = set()
        self.opened: dict[str, str | None] = {}
        """User sessions that are ours, with the namespace each was in when it was left."""
        self._keep = 0
        self._evaluations: dict[str, Evaluation] = {}
        self._turns = Turns()
        self._before_ready: list[Callable[[], None]] = []
        self.print_quota = print_quota
        self.user: str | None = None
        self.tool: str | None = None
        self.namespace: str | None = None
        self.description: Description | None = None
        self.ready = False
        self.resumed = False
        """Whether the user session is one of an earlier connection: `start(resume=…)`."""

    @property
    def unanswered(self) -> int:
        """How many requests, evaluations aside, have had no reply yet."""
        return len(self._unanswered)

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
        resume: str | None = None,
        keep: int = 0,
    ) -> None:
        """Describe the other side and open the sessions; `tool=False` saves the second one.

        `token` is asked for when the other side wants one: it is given to nobody else. `resume` is
        a user session of a connection that was lost: it is taken up again if it is still open
        there. `keep` asks the other side to keep the new one open for so many seconds if this
        connection is lost; some do anyway, some never do.
        """
        self._keep = keep

        def first_described(reply: Message) -> None:
            if "repl-server/unauthorized" not in statuses_of(reply):
                described(reply)
            elif (known := token()) is None:
                on_failure(SessionError(_NO_TOKEN, "wants a token"))
            else:
                request = {"op": "describe", "repl-server/token": known}
                self._request(request, answer_with("ops", described))

        def described(reply: Message) -> None:
            if "repl-server/unauthorized" in statuses_of(reply):
                on_failure(SessionError(_WRONG_TOKEN, "wrong token"))
                return
            self.description = description_of(reply)
            self.namespace = text_of(self.description.aux.get("current-ns"))
            if "clone" not in self.description.ops:
                ready()  # a server without sessions (nREPL before 0.2, some of the small ones)
            elif resume is not None and "ls-sessions" in self.description.ops:
                self._request({"op": "ls-sessions"}, answer_with("sessions", listed))
            else:
                clone()

        def listed(reply: Message) -> None:
            open_there = reply.get("sessions")
            if resume is None or not isinstance(open_there, list) or resume not in open_there:
                clone()
                return
            self.user, self.resumed = resume, True
            self.opened[resume] = None
            after_user()

        def clone() -> None:
            self._request(self._clone(), answer_with("new-session", opened))

        def opened(reply: Message) -> None:
            self.user = text_of(reply.get("new-session"))
            if self.user is None:
                on_failure(SessionError(refusal_of(reply, "opened no session")))
            else:
                self.opened[self.user] = None
                after_user()

        def after_user() -> None:
            if tool:
                self._request({"op": "clone", **_CLIENT}, answer_with("new-session", tool_opened))
            else:
                ready()

        def tool_opened(reply: Message) -> None:
            self.tool = text_of(reply.get("new-session"))
            ready()

        def ready() -> None:
            self.ready = True
            on_ready()
            waiting, self._before_ready = self._before_ready, []
            for send in waiting:
                send()

        self._request({"op": "describe"}, answer_with("ops", first_described))

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
        more: Mapping[str, object] | None = None,
    ) -> Evaluation:
        """Send code; `on_event` gets what comes of it, a `Done` last, exactly once.

        With `as_file`, `code` is the contents of the whole file `file` (nREPL's `load-file`).
        `line` and `column` count from 1. `more` is added to the message as it is.
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
        if more is not None:
            message.update(more)

        def send() -> None:
            if self.user is not None:
                message["session"] = evaluation.session = self.user
            if self.description is not None and self.description.keeps_order:
                self._send(message)
            else:
                self._turns.take(evaluation, lambda: self._send(message))

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
            statuses = statuses_of(reply)
            if on_answer is None or not is_last(reply):
                return
            if "session-idle" in statuses:
                on_answer("Nothing runs there.")
            elif "error" in statuses:
                on_answer(refusal_of(reply, "would not interrupt"))
            else:
                on_answer(None)

        def send() -> None:
            message: Message = {"op": "interrupt", "session": self._session_of(evaluation)}
            if evaluation is not None:
                message["interrupt-id"] = evaluation.id
            self._request(message, answered)

        if evaluation is None and self._evaluations:
            evaluation = next(iter(self._evaluations.values()))
        if evaluation is not None:
            evaluation.interrupting = True
            if self._turns.waits(evaluation):
                self._end(evaluation, Done(statuses=frozenset({"done", "interrupted"})))
                send = partial(on_answer, None) if on_answer is not None else lambda: None
        self._when_ready(send)

    def give_input(self, text: str, evaluation: Evaluation | None = None) -> None:
        """Answer a `NeedInput`: text with its newline; `""` is the end of input.

        It goes to the session of the evaluation that waits; if none is named, to the present one.
        """
        session = self._session_of(evaluation)
        self._request({"op": "stdin", "stdin": text, "session": session}, lambda _: None)

    def complete(
        self,
        text: str,
        symbol: str,
        on_result: Callable[[Completions], None],
        *,
        namespace: str | None = None,
    ) -> None:
        """Ask what could stand at the end of `text`, all that is before the cursor.

        `symbol` is the end of it that a completion would replace, as far as is known here; what the
        other side answers may replace more or less. Nothing if it can't be told.
        """
        takes_text = self.description is not None and self.description.completes_text
        if not self.supports("completions") or not (symbol or takes_text):
            on_result(Completions())
            return

        self._tool_request(
            {
                "op": "completions",
                "prefix": text[-_LONGEST_TEXT:] if takes_text else symbol,
                "extra-metadata": ["arglists"],
            },
            namespace,
            answer_with("completions", lambda reply: on_result(completions_of(reply, len(symbol)))),
        )

    def lookup(
        self,
        symbol: str,
        on_result: Callable[[dict[str, Any]], None],
        *,
        namespace: str | None = None,
        source: bool = False,
    ) -> None:
        """Ask what is known about a name: nREPL's `info` map, empty if nothing is.

        With `source`, the text of its definition is asked for too, as `source` in the map.
        """

        def answered(reply: Message) -> None:
            info = reply.get("info")
            on_result(info if isinstance(info, dict) else {})

        if not self.supports("lookup"):
            on_result({})
            return
        message: Message = {"op": "lookup", "sym": symbol}
        if source:
            message["repl-server/source"] = 1
        self._tool_request(message, namespace, answer_with("info", answered))

    def supports(self, op: str) -> bool:
        """Whether the other side has said that it answers this op."""
        return self.ready and self.description is not None and op in self.description.ops

    def request(self, message: Mapping[str, object], on_reply: Callable[[Message], None]) -> str:
        """Send a request that none of the other methods is for; its id.

        `on_reply` gets each reply; the one whose statuses have `done` is the last. Without a
        `session` in the message it belongs to none.
        """
        return self._request(dict(message), on_reply)

    def open(self, on_opened: Callable[[str | None], None], *, copy: bool = False) -> None:
        """Open one more session, new or as a copy of the user session; its id, None if refused."""
        message = self._clone()
        aux = self.description.aux if self.description is not None else {}
        if copy and self.user is not None:
            message["session"] = self.user

        def opened(reply: Message) -> None:
            ident = text_of(reply.get("new-session"))
            if ident is not None:
                self.opened[ident] = text_of(aux.get("current-ns"))
            on_opened(ident)

        self._request(message, answer_with("new-session", opened))

    def use(self, ident: str) -> None:
        """Evaluate in this session from now on. Another client's tells its namespace later."""
        if self.user in self.opened:
            self.opened[self.user] = self.namespace
        self.user = ident
        self.namespace = self.opened.get(ident)

    def close(self) -> None:
        """Say goodbye to all sessions that are ours (nothing is waited for)."""
        for ident in (*self.opened, self.tool):
            if ident is not None:
                self._send({"op": "close", "session": ident, "id": f"c{next(self._ids)}"})
        self.opened.clear()
        self.user = self.tool = None
        self.ready = False

    def receive(self, message: Message) -> None:
        """Take one reply from the channel."""
        ident = text_of(message.get("id"))
        if ident is not None and ident in self._evaluations:
            self._evaluation_reply(self._evaluations[ident], message)
            return
        for stream in ("out", "err"):
            text = message.get(stream)
            if isinstance(text, str) and text and ident not in self._waiting:
                held = text_of(message.get("repl-server/held"))
                self._on_output(Output(stream=stream, text=text, late=True, held=held))
        if ident is not None and ident in self._waiting:
            self._unanswered.discard(ident)
            handler = self._waiting[ident]
            if is_last(message):
                del self._waiting[ident]
            handler(message)

    def lost(self, reason: str) -> None:
        """The connection is gone: whatever runs ends as lost, whatever was asked is dropped."""
        self.ready = False
        self.user = self.tool = None
        self._waiting.clear()
        self._unanswered.clear()
        self._before_ready.clear()
        self._turns.clear()
        for evaluation in self.running:
            self._end(evaluation, Done(statuses=frozenset({"lost"}), problem=reason))

    def _evaluation_reply(self, evaluation: Evaluation, message: Message) -> None:
        statuses = statuses_of(message)
        emit = evaluation.on_event
        refused = "error" in statuses
        if ("out" in message or "err" in message) and not refused:
            for stream in ("out", "err"):
                text = message.get(stream)
                if isinstance(text, str) and text:
                    held = text_of(message.get("repl-server/held"))
                    emit(Output(stream=stream, text=text, held=held))
        namespace = text_of(message.get("ns"))
        if namespace is not None and not refused and evaluation.session == self.user:
            self.namespace = namespace
        if "value" in message:
            emit(
                Value(
                    text=shown_value(message["value"]),
                    namespace=namespace,
                    label=text_of(message.get("repl-connect/label")),
                    truncated="nrepl.middleware.print/truncated" in statuses,
                )
            )
        if "eval-error" in statuses or "ex" in message:
            evaluation.failed = failure_of(message)
            emit(evaluation.failed)
        if "need-input" in statuses:
            emit(NeedInput(secret=bool(message.get("repl-server/secret"))))
        if is_last(message):
            self._end(
                evaluation,
                Done(
                    statuses=statuses,
                    problem=refusal_of(message, "would not evaluate it") if refused else None,
                ),
            )

    def _end(self, evaluation: Evaluation, done: Done) -> None:
        self._evaluations.pop(evaluation.id, None)
        evaluation.done = done
        evaluation.on_event(done)
        self._turns.ended(evaluation)

    def _session_of(self, evaluation: Evaluation | None) -> str | None:
        """Where it runs, which need not be the session that is evaluated in by now."""
        if evaluation is None or evaluation.session is None:
            return self.user
        return evaluation.session

    def _clone(self) -> Message:
        """The request that opens a user session."""
        kept: Message = {"repl-server/keep": self._keep} if self._keep else {}
        return {"op": "clone", **_CLIENT, **kept}

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

    def _request(self, message: Message, handler: Callable[[Message], None]) -> str:
        ident = f"r{next(self._ids)}"
        message = {key: value for key, value in message.items() if value is not None}
        message["id"] = ident
        self._waiting[ident] = handler
        self._unanswered.add(ident)
        self._send(message)
        return ident


_CLIENT: Final = {"client-name": "repl-connect", "client-version": __version__}
_LONGEST_TEXT: Final = 40_000  # characters before the cursor that a completion is asked with
