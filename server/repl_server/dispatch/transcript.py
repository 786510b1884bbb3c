"""What an evaluation answers, kept instead of sent: for those that no client waits for."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from repl_server.dispatch.requests import Client, Evaluation, Request, Session
from repl_server.wire import Message

if TYPE_CHECKING:
    from repl_server.dispatch.dispatcher import Dispatcher

__all__ = ["Recorded", "Transcript", "head", "recorded_message", "weight"]

_QUOTA: Final = "nrepl.middleware.print/quota"
_ASKED: Final = (
    *("code", "ns", "file", "line", "column"),
    "nrepl.middleware.print/print",
    "nrepl.middleware.print/options",
)
_ERROR_BYTES: Final = 65_536
_OVERHEAD: Final = 64


def weight(value: object) -> int:
    """About how many bytes it takes, of text exactly so many as there are in UTF-8."""
    if isinstance(value, str):
        return len(value) if value.isascii() else len(value.encode("utf-8", "surrogatepass"))
    if isinstance(value, dict):
        return _OVERHEAD + sum(weight(key) + weight(each) for key, each in value.items())
    if isinstance(value, list):
        return _OVERHEAD + sum(map(weight, value))
    return len(value) if isinstance(value, bytes) else _OVERHEAD


def head(text: str, most: int) -> str:
    """As much of its beginning as is no longer than so many bytes."""
    if len(text) * 4 <= most or (text.isascii() and len(text) <= most):
        return text
    if most <= 0:
        return ""
    data = text.encode("utf-8", "surrogatepass")
    if len(data) <= most:
        return text
    while most and data[most] & 0xC0 == 0x80:  # in the middle of a character
        most -= 1
    return data[:most].decode("utf-8", "surrogatepass")


class Transcript:
    """The answers of one evaluation, within bounds: the first of its output, the last values.

    `take` may be called from any thread, without the guard. What comes after the end is not kept.

    - `error`: the error that ended it, as a map of `ex`, `message`, `frames`; None if there was
      none. `error_text` is all of it for people.
    - `statuses`: what its end said beside `done`.
    """

    def __init__(self, *, output_bytes: int, value_bytes: int) -> None:
        self.values: deque[str] = deque()
        self.ns: str | None = None
        self.error: dict[str, object] | None = None
        self.statuses: list[str] = []
        self.ended = False
        self._output: dict[str, list[str]] = {"out": [], "err": []}
        self.error_text = ""
        self._cut: set[str] = set()
        self._output_left = output_bytes
        self._value_bytes = value_bytes
        self._value_size = 0

    @property
    def failed(self) -> bool:
        """Whether an error ended it."""
        return self.error is not None or "error" in self.statuses

    @property
    def out(self) -> str:
        """What it printed."""
        return "".join(self._output["out"])

    @property
    def printed_err(self) -> str:
        """What it printed as errors."""
        return "".join(self._output["err"])

    @property
    def cut(self) -> list[str]:
        """Of `out`, `err` and `values`, what is not all there."""
        return sorted(self._cut)

    @property
    def weight(self) -> int:
        """How many bytes it keeps."""
        return (
            weight(self.out)
            + weight(self.printed_err)
            + weight(self.error_text)
            + weight(self.error)
            + self._value_size
        )

    def fields(self) -> dict[str, object]:
        """All of it, for a reply, without what is empty; `repl-server/cut` names what is cut."""
        found = {
            "out": self.out,
            "err": self.printed_err + self.error_text,
            "values": list(self.values),
            "ns": self.ns,
            "error": self.error,
            "repl-server/cut": self.cut,
        }
        return {key: value for key, value in found.items() if value}

    def take(self, messages: list[Message]) -> None:
        """Keep what these say."""
        if self.ended:
            return
        # What an error says comes together with its type; what is printed comes alone.
        failed = any("ex" in each or "error" in each.get("status", ()) for each in messages)
        for message in messages:
            status = message.get("status", ())
            for stream, parts in self._output.items():
                if stream in message:
                    self._keep(stream, parts, str(message[stream]), failed=failed)
            if "value" in message:
                self._keep_value(message, cut="nrepl.middleware.print/truncated" in status)
            if "ex" in message:
                self.error = _error(message)
            if "done" in status:
                self.statuses = [each for each in status if each != "done"]
                self.ended = True

    def _keep(self, stream: str, parts: list[str], text: str, *, failed: bool) -> None:
        if failed and stream == "err":
            kept = self.error_text = head(text, _ERROR_BYTES)
        else:
            kept = head(text, self._output_left)
            if kept:
                parts.append(kept)
            # Threads that print at the same time may make this a little too large, no more.
            self._output_left -= weight(kept)
        if len(kept) < len(text):
            self._cut.add(stream)
            if not failed:
                self._output_left = 0

    def _keep_value(self, message: Message, *, cut: bool) -> None:
        text = str(message["value"])
        kept = head(text, self._value_bytes)
        if "ns" in message:
            self.ns = str(message["ns"])
        self.values.append(kept)
        self._value_size += weight(kept) + _OVERHEAD
        while self._value_size > self._value_bytes and len(self.values) > 1:
            self._value_size -= weight(self.values.popleft()) + _OVERHEAD
            cut = True
        if cut or len(kept) < len(text):
            self._cut.add("values")


def recorded_message(request: Request, *, value_bytes: int) -> Message:
    """What of a request says how to evaluate its code; values are cut where they are printed."""
    found = {key: request.message[key] for key in _ASKED if key in request.message}
    quota = request.number(_QUOTA)
    return found | {
        "op": "eval",
        _QUOTA: value_bytes if quota is None else min(quota, value_bytes),
    }


class Recorded(Evaluation):
    """An evaluation that is asked for by the server itself, of code that a client gave it.

    There is nobody to give it input: it gets the end of input whenever it asks. `ended` is called
    when it has ended, under the guard.
    """

    def __init__(
        self,
        dispatcher: Dispatcher,
        message: Message,
        session: Session,
        transcript: Transcript,
        ended: Callable[[], None],
    ) -> None:
        super().__init__(Client(transcript.take), message, session, dispatcher)
        self._ended = ended

    def need_input(self, *, secret: bool = False) -> None:
        """End of input, at once.

        The guard is not taken: this thread may have a lock that others wait for under the guard.
        """
        del secret
        assert self.session is not None
        self.dispatcher.evaluator.give_input(self.session, "")

    def finish(self, *statuses: str, **more: object) -> None:
        """End it, and tell who keeps it."""
        with self.dispatcher.guard:
            if not self.finished:
                super().finish(*statuses, **more)
                self._ended()


def _error(message: Message) -> dict[str, object]:
    found = {
        "ex": message["ex"],
        "message": message.get("repl-server/message"),
        "frames": message.get("repl-server/frames"),
    }
    return {key: value for key, value in found.items() if value is not None}
