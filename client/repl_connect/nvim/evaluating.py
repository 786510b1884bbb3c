"""One evaluation for Neovim: what is sent of the buffer, and what comes of it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any, Final

from repl_connect.errors import ReplConnectError
from repl_connect.escapes import visible
from repl_connect.languages import Language, language_of_filetype
from repl_connect.languages.units import unit_at
from repl_connect.nvim.buffers import offset_of, place_of
from repl_connect.nvim.connection import Connection
from repl_connect.nvim.error_places import Sent, line_of_error, own_frames, words_of_error
from repl_connect.nvim.held import held_words
from repl_connect.nvim.messages import (
    Asked,
    Ended,
    Errored,
    Held,
    Message,
    Printed,
    Span,
    Valued,
)
from repl_connect.nvim.namespaces import knows_files, namespaces_of_file
from repl_connect.nvim.requests import Evaluate
from repl_connect.session import Done, Evaluation, Event, Failed, NeedInput, Output, Value

__all__ = ["Evaluating"]

_LARGEST_FILE: Final = 16 * 1024 * 1024  # bytes
_ERRORS_KEPT: Final = 20_000  # characters of what was printed as errors last
_LARGEST_READ: Final = 200_000  # characters of code that are read for what the last form is
_FRAMES: Final = 100  # the innermost ones
_LAST_LINE: Final = 2**31


class Evaluating:
    """What was asked for with one `Evaluate`. `tell` takes the messages about it.

    `on_end` is called when all has been told.
    """

    def __init__(
        self,
        request: Evaluate,
        connection: Connection,
        tell: Callable[[Message], None],
        on_end: Callable[[], None],
    ) -> None:
        self.number = request.evaluation
        self.connection = connection
        self._request = request
        self._tell = tell
        self._on_end = on_end
        self._failed = False
        self._language = connection.language
        self._values = 0
        self._code = ""
        self._how: dict[str, Any] = {}
        self._namespaces: list[str] = []
        self._named = False  # by the text, so that it must not be evaluated anywhere else
        self._sent = Sent(request.path, 1, _LAST_LINE)
        self._errors = ""  # the end of what was printed as errors
        self.evaluation: Evaluation | None = None
        """What was sent, when it was."""

    def begin(self) -> None:
        """Find out what is meant, and send it."""
        if not self.connection.conversation.connected:
            self._refuse("There is no connection: :ReplConnect makes one.")
            return
        request = self._request
        try:
            if request.unit == "file":
                self._code = _contents(request.path)
                self._how = {"file": request.path, "as_file": True}
                self._language = self._language_of_buffer()
                self._choose_namespace(self._language, "", 0)
            elif request.unit == "restart":
                self._code = request.code
                self._sent = Sent("", 1, 0)
                self._how = {"more": _choice(request)}
            elif request.unit == "code":
                self._code = request.code
                self._sent = Sent("", 1, request.code.count("\n") + 1)
            else:
                self._take_from_buffer()
        except ReplConnectError as error:
            self._refuse(str(error))
        else:
            self.connection.trial.run(self._send)

    def _take_from_buffer(self) -> None:
        request = self._request
        language = self._language = self._language_of_buffer()
        text = request.text
        position = offset_of(text, request.row - request.first_row, request.column)
        if request.unit == "range":
            end = offset_of(text, request.end_row - request.first_row, request.end_column)
            span: tuple[int, int] | None = (position, end)
        else:
            span = unit_at(language, text, position, request.unit)
        if span is None or not text[slice(*span)].strip():
            raise ReplConnectError(f"There is no {_NAMES.get(request.unit, request.unit)} here.")
        start, end = span
        row, column = place_of(text, start)
        end_row, end_column = place_of(text, end)
        span_told = Span(
            evaluation=self.number,
            row=row + request.first_row,
            column=column,
            end_row=end_row + request.first_row,
            end_column=end_column,
            code=text[start:end],
            comment_prefix=language.comment_prefix,
        )
        self._tell(span_told)
        self._sent = Sent(request.path, span_told.row + 1, span_told.end_row + 1)
        link = self.connection.conversation.link
        whole = request.unit == "buffer" and request.path and request.first_row == 0
        if whole and link is not None and link.session.supports("load-file"):
            # Only so does every dialect know of the places of what is defined, and go back to the
            # namespace it was in.
            self._code = text
            self._how = {"file": request.path, "as_file": True}
        else:
            self._code = language.extracted(text, start, end)
            self._how = {"line": self._sent.first}
            if self._code == text[start:end]:
                self._how["column"] = start - _line_start(text, start) + 1
            if request.path:
                self._how["file"] = request.path
        self._choose_namespace(language, text, start)

    def _language_of_buffer(self) -> Language:
        return self.connection.language_for(language_of_filetype(self._request.filetype))

    def _choose_namespace(self, language: Language, text: str, start: int) -> None:
        """Find out where to evaluate it: by the text, or else by the path."""
        link = self.connection.conversation.link
        description = link.session.description if link is not None else None
        named = language.namespace_at(text, start)
        self._named = named is not None
        if named is not None:
            self._namespaces = [named]
        elif not knows_files(description):  # it is told the file with the code
            self._namespaces = namespaces_of_file(language, self._request.path, description)

    def _send(self) -> None:
        if not self.connection.conversation.connected:
            self._refuse(self.connection.problem)
            return
        how = dict(self._how)
        if self._namespaces:
            how["namespace"] = self._namespaces[0]
            if not self._named:
                self.connection.trial.begin(self)
        self.connection.conversation.evaluate(self._code, self._happened, **how)

    def _happened(self, evaluation: Evaluation | None, event: Event) -> None:
        self.evaluation = evaluation
        if not isinstance(event, Done):
            self.connection.trial.end(self)
        if isinstance(event, Output):
            if event.stream == "err":
                self._errors = (self._errors + event.text)[-_ERRORS_KEPT:]
            text = self.connection.clean_output(event.stream, event.text)
            if event.held is not None:
                self._tell(
                    Held(
                        connection=self.connection.number,
                        evaluation=self.number,
                        held=visible(event.held),
                        text=held_words(text),
                    )
                )
                return
            if text:
                self._tell(
                    Printed(
                        connection=self.connection.number,
                        evaluation=self.number,
                        stream=event.stream,
                        text=text,
                    )
                )
        elif isinstance(event, Value):
            self._values += 1
            quota = self.connection.print_quota or len(event.text)  # not all keep to it
            self._tell(
                Valued(
                    evaluation=self.number,
                    text=self.connection.clean(event.text[:quota]),
                    label=event.label,
                    cut=event.truncated or len(event.text) > quota,
                )
            )
        elif isinstance(event, Failed):
            self._failed = True
            self._tell(self._error(event))
        elif isinstance(event, NeedInput):
            self._tell(
                Asked(
                    connection=self.connection.number,
                    evaluation=self.number,
                    secret=event.secret,
                )
            )
        else:
            self._ended(event)

    def _error(self, failed: Failed) -> Errored:
        kept = failed._replace(frames=failed.frames[-_FRAMES:])
        frames: list[Mapping[str, Any]] = []
        for frame, own in zip(kept.frames, own_frames(kept.frames, self._sent), strict=True):
            known: dict[str, Any] = {"name": visible(frame.name)}
            if frame.file:
                known["file"] = visible(frame.file)
            if frame.line is not None:
                known["line"] = frame.line
                if own:
                    known["offset"] = frame.line - self._sent.first
            frames.append(known)
        line = line_of_error(kept, self._errors, self._sent)
        kind, message = words_of_error(kept, self._errors)
        return Errored(
            evaluation=self.number,
            type=visible(kind),
            message=self.connection.clean(message),
            frames=tuple(frames),
            line=line,
            offset=line - self._sent.first if line is not None else None,
        )

    def _ended(self, done: Done) -> None:
        problem = done.problem
        if "namespace-not-found" in done.statuses and self._namespaces:
            if not self._named and self.connection.conversation.connected:
                self._namespaces.pop(0)
                self._send()
                if not self._namespaces:
                    self.connection.trial.end(self)
                return
            problem = f"There is no {self._namespaces[0]} there yet: :ReplEvalBuffer makes it."
        self.connection.end_output(self.number)
        status = "ok"
        if done.lost:
            status = "lost"
        elif done.interrupted:
            status = "interrupted"
        elif self._failed:
            status = "error"
        elif problem is not None:
            status = "refused"
        self._tell(
            Ended(
                evaluation=self.number,
                status=status,
                problem=visible(problem) if problem is not None else None,
                valued=self._ends_in_value() if status == "ok" else True,
            )
        )
        self.connection.namespace_changed()
        self._on_end()
        self.connection.trial.end(self)

    def _ends_in_value(self) -> bool:
        """Whether the last value is the last form's, as far as that can be told."""
        if not self._values or len(self._code) > _LARGEST_READ:
            return True
        return self._language.may_end_in_value(self._code)

    def _refuse(self, problem: str) -> None:
        self._tell(Ended(evaluation=self.number, status="refused", problem=problem))
        self._on_end()


_NAMES: Final = {"root": "top-level form", "range": "code"}


def _choice(request: Evaluate) -> Mapping[str, object]:
    """What makes of an evaluation the choice of a restart, by an op that answers as `eval` does."""
    chosen = {"op": "repl-server/restart", "held": request.held, "restart": request.restart}
    return {**chosen, "value": request.code} if request.code else chosen


def _line_start(text: str, offset: int) -> int:
    return text.rfind("\n", 0, offset) + 1


def _contents(path: str) -> str:
    """A file's text. Raises `ReplConnectError`."""
    if os.path.exists(path) and not os.path.isfile(path):  # a pipe may have nothing to read yet
        raise ReplConnectError(f"{path}: it is no regular file; nothing was sent.")
    try:
        with open(path, "rb") as file:
            data = file.read(_LARGEST_FILE + 1)
    except OSError as error:
        raise ReplConnectError(f"{path}: {error.strerror}.") from None
    if len(data) > _LARGEST_FILE:
        raise ReplConnectError(f"{path}: it is larger than 16 MiB; nothing was sent.")
    return data.decode("utf-8", "surrogateescape")
