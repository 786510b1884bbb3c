"""What a partner wants evaluated in each new session, sent before what the user sends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from repl_connect.session import Done, Evaluation, Event, Failed, NeedInput, Output, Session
from repl_connect.targets import Target

__all__ = ["evaluate_forms"]

_KEPT: Final = 64 * 1024  # characters a form has printed to `err`, until it is known how it ends
_LONGEST: Final = 60  # characters of a form, and
_LONGEST_ERROR: Final = 200  # of an error, in a message


def evaluate_forms(
    session: Session,
    target: Target,
    on_problem: Callable[[str], None],
    on_output: Callable[[Output], None] = lambda _: None,
) -> list[Evaluation]:
    """Send the target's forms, in order; nothing if the session is one that was resumed.

    Call it as soon as there is a session: whatever is sent afterwards is evaluated behind them.
    `on_problem` gets a line for each form that fails; the others are evaluated all the same.
    `on_output` gets what they print, but not the traceback of the one that fails. Their values go
    nowhere. A form that reads input meets its end. Returns what was sent; `done` of the last tells
    when all have ended.
    """
    if session.resumed:
        return []
    return [
        _Form(session, target.name, form, on_problem, on_output).send() for form in target.forms
    ]


class _Form:
    """One form under way."""

    def __init__(
        self,
        session: Session,
        name: str,
        code: str,
        on_problem: Callable[[str], None],
        on_output: Callable[[Output], None],
    ) -> None:
        self._session = session
        self._name = name
        self._code = code
        self._on_problem = on_problem
        self._on_output = on_output
        self._errors: list[Output] = []
        self._size = 0
        self._failed: Failed | None = None

    def send(self) -> Evaluation:
        """Evaluate it."""
        return self._session.evaluate(self._code, self._happened)

    def _happened(self, event: Event) -> None:
        if isinstance(event, Output):
            if event.stream != "err" or event.held is not None or self._size > _KEPT:
                self._on_output(event)
                return
            self._errors.append(event)
            self._size += len(event.text)
            if self._size > _KEPT:
                self._pass_errors()
        elif isinstance(event, NeedInput):
            self._session.give_input("")
        elif isinstance(event, Failed):
            self._failed = event
        elif isinstance(event, Done):
            self._ended(event)

    def _ended(self, done: Done) -> None:
        failed = self._failed
        if failed is None:
            self._pass_errors()
        if done.lost:
            return  # which is said of the connection
        if done.problem is not None:
            words = done.problem
        elif failed is not None:
            words = ": ".join(part for part in (failed.type, failed.message) if part)
        elif done.interrupted:
            words = "it was interrupted"
        else:
            return
        code, words = _line(self._code, _LONGEST), _line(words, _LONGEST_ERROR).rstrip(".")
        self._on_problem(f"{self._name}: the form `{code}` failed: {words}.")

    def _pass_errors(self) -> None:
        errors, self._errors = self._errors, []
        for output in errors:
            self._on_output(output)


def _line(text: str, longest: int) -> str:
    """A text on one line, its end cut off if it is long."""
    line = " ".join(text.split())
    return line if len(line) <= longest else f"{line[: longest - 1]}…"
