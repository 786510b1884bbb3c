"""Swank's protocol, as messages to and from an adapter that knows what they mean.

    (:emacs-rex FORM PACKAGE THREAD NUMBER)  what we send: `:repl-thread` evaluates, `t` is a thread
                                             of its own, a number is one that is in its debugger
    (:return (:ok RESULT) NUMBER)            its end, or `(:abort CONDITION)`
    (:write-string TEXT)                     output; with `:repl-error` after it standard error,
                                             with `(:repl-connect KIND NUMBER …)` ours
    (:read-string THREAD TAG)                the program reads input
    (:debug THREAD LEVEL ABOUT RESTARTS FRAMES NUMBERS)   it is in the debugger

What is sent to an editor only (indentation, the inspector, …) is ignored, or refused if it waits.
"""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Callable
from typing import Final, NamedTuple

from repl_connect.adapters.adapter import Adapter
from repl_connect.adapters.swank.lisp_data import Datum, as_text, read
from repl_connect.adapters.swank.packets import PacketReader, packet
from repl_server.dispatch.dispatcher import Bounds
from repl_server.dispatch.timing import Timing
from repl_server.wire import RemoteProtocolError

__all__ = ["REPL_THREAD", "WORKER", "Stop", "SwankLink", "Then"]

REPL_THREAD: Final = ":repl-thread"
WORKER: Final = "t"
"""A thread that is made for one form."""

Then = Callable[[bool, Datum], None]
"""Takes whether a form has returned (or was aborted), and what."""

_PACKAGE: Final = '"COMMON-LISP-USER"'
_OUTPUT: Final = '(:write-string "'
_NUMBER: Final = re.compile(r"(\d+)\)\s*\Z")
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)
_IGNORED: Final = frozenset(
    (":indentation-update", ":new-features", ":new-package", ":debug-activate", ":ed")
)
"""Some are very long."""


class Stop(NamedTuple):
    """What is said of a thread in its debugger, at a level.

    `number`: of what it was sent last and has not ended; 0 if it was sent nothing.
    """

    thread: int
    level: int
    about: Datum
    restarts: Datum
    frames: Datum
    number: int


class SwankLink(Adapter):
    """An adapter whose bytes are Swank's. What comes is given to the methods that are not here."""

    def __init__(self, *, timing: Timing | None = None, bounds: Bounds | None = None) -> None:
        super().__init__(timing=timing, bounds=bounds)
        self._packets = PacketReader()
        self._numbers = itertools.count(1)
        self._calls: dict[int, Then] = {}
        secret = _secret()
        if secret is not None:
            self._outgoing.append(packet(secret))

    # What an adapter does with it.

    def _output(self, stream: str, text: str) -> None:
        """The program has printed."""
        raise NotImplementedError

    def _told(self, text: str, kind: str, number: int, about: list[Datum]) -> None:
        """Our own functions tell something of what was sent with this number."""
        raise NotImplementedError

    def _reads(self, thread: Datum, tag: Datum, kind: str, question: str) -> None:
        """A thread waits for an answer, by `_give`. `kind`: the message that asks."""
        raise NotImplementedError

    def _reads_no_more(self, tag: Datum) -> None:
        """It does not wait any longer."""
        raise NotImplementedError

    def _debugs(self, stop: Stop) -> None:
        """A thread is in its debugger."""
        raise NotImplementedError

    def _debugs_no_more(self, thread: int, level: int) -> None:
        """It has left that level."""
        raise NotImplementedError

    # What it sends.

    def _send(self, form: str, thread: str | int, then: Then, number: int = 0) -> int:
        """Have a form evaluated. Returns its number. Raises `ValueError` if it is too long."""
        number = number or next(self._numbers)
        self._outgoing.append(packet(f"(:emacs-rex {form} {_PACKAGE} {thread} {number})"))
        self._calls[number] = then
        return number

    def _give(self, thread: Datum, tag: Datum, kind: str, text: str) -> None:
        """Answer what was asked by `_reads`; no text is the end of input."""
        if kind == ":read-string":
            answer = f"(:emacs-return-string {as_text(thread)} {as_text(tag)} {as_text(text)})"
        else:
            value: object = text.rstrip("\n")
            if kind == ":y-or-n-p":
                value = text.strip().lower().startswith("y")
            answer = f"(:emacs-return {as_text(thread)} {as_text(tag)} {as_text([value])[1:-1]})"
        self._outgoing.append(packet(answer))

    # What comes.

    def _take(self, data: bytes) -> None:
        self._packets.feed(data)

    def _advance(self) -> bool:
        text = self._packets.next()
        if text is None:
            return False
        if text.startswith(_OUTPUT) and text.endswith('")'):
            string = text[len(_OUTPUT) : -2]
            if "\\" in string:
                string = _ESCAPED.sub(r"\1", string)
            self._output("out", string)
        elif text[1 : text.find(" ")] not in _IGNORED:
            try:
                message = read(text)
                if isinstance(message, list):
                    self._message(message)
            except ValueError as error:  # also where an answer would be too long to be sent
                raise RemoteProtocolError("malformed", f"Swank's message: {error}") from None
        return True

    def _message(self, message: list[Datum]) -> None:
        match message:
            case [":write-string", str(text), ":repl-error"]:
                self._output("err", text)
            case [":write-string", str(text), [":repl-connect", str(kind), int(number), *about]]:
                self._told(text, kind, number, about)
            case [":write-string", str(text), *_]:
                self._output("out", text)
            case [":return", [":ok", result], int(number)]:
                self._over(number, True, result)
            case [":return", [":abort", *_], int(number)] | [":invalid-rpc", int(number), *_]:
                self._over(number, False, [])
            case [":reader-error", str(sent), *_]:  # there is no `:return` then
                found = _NUMBER.search(sent)
                if found is not None:
                    self._over(int(found[1]), False, [])
            case [":ping", thread, tag]:
                self._outgoing.append(packet(f"(:emacs-pong {as_text(thread)} {as_text(tag)})"))
            case [":read-string", thread, tag]:
                self._reads(thread, tag, ":read-string", "")
            case [(":y-or-n-p" | ":read-from-minibuffer") as kind, thread, tag, str(question), *_]:
                self._reads(thread, tag, str(kind), question)
            case [":read-aborted", _, tag]:
                self._reads_no_more(tag)
            case _:
                self._rare_message(message)

    def _rare_message(self, message: list[Datum]) -> None:
        match message:
            case [":debug", int(thread), int(level), about, restarts, frames, [*numbers]]:
                number = numbers[0] if numbers and isinstance(numbers[0], int) else 0
                self._debugs(Stop(thread, level, about, restarts, frames, number))
            case [":debug-return", int(thread), int(level), *_]:
                self._debugs_no_more(thread, level)
            case [":eval" | ":ed-rpc", thread, tag, *_]:
                self._refuse_to(thread, tag)
            case [":inspect", _, thread, tag] if thread:
                self._refuse_to(thread, tag)
            case [":background-message", str(text)] if self.ready:
                self._tell({"out": text + "\n"})

    def _over(self, number: int, ok: bool, result: Datum) -> None:
        then = self._calls.pop(number, None)
        if then is not None:
            then(ok, result)

    def _refuse_to(self, thread: Datum, tag: Datum) -> None:
        """Let a thread go on that wants something only Emacs can do."""
        answer = f"(:emacs-return {as_text(thread)} {as_text(tag)} (:abort))"
        self._outgoing.append(packet(answer))


def _secret() -> str | None:
    """The password of this user's Swank servers, if there is one: what is sent first."""
    try:
        with open(os.path.expanduser("~/.slime-secret"), encoding="utf-8") as file:
            return file.readline().rstrip("\n")
    except (OSError, UnicodeDecodeError):
        return None
