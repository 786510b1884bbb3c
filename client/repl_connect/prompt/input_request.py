"""The program waits for input: the prompt becomes an input line, and what was typed comes back."""

from __future__ import annotations

from prompt_toolkit.buffer import Buffer
from prompt_toolkit.document import Document

from repl_connect.session import Evaluation

__all__ = ["InputRequest"]


class InputRequest:
    """Whether an evaluation waits for input, and what was being typed when it began to."""

    def __init__(self, buffer: Buffer) -> None:
        self._buffer = buffer
        self._kept: Document | None = None
        self._evaluation: Evaluation | None = None

    @property
    def active(self) -> bool:
        """Whether the line being typed is input for the program."""
        return self._evaluation is not None

    def begin(self, evaluation: Evaluation) -> None:
        """Put aside what is being typed; the line is now input for this evaluation."""
        if self._evaluation is None:
            self._kept = self._buffer.document
            self._buffer.reset()
        self._evaluation = evaluation

    def end(self, evaluation: Evaluation | None = None) -> None:
        """Bring back what was being typed. With an evaluation: only if it is the one that waits."""
        if self._evaluation is None or evaluation not in (None, self._evaluation):
            return
        self._evaluation = None
        self._buffer.reset(self._kept)
        self._kept = None
