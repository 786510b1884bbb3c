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
        self.secret = False
        """Whether what is typed is not to be shown."""

    @property
    def active(self) -> bool:
        """Whether the line being typed is input for the program."""
        return self._evaluation is not None

    @property
    def evaluation(self) -> Evaluation | None:
        """The one that waits."""
        return self._evaluation

    def begin(self, evaluation: Evaluation, *, secret: bool = False) -> None:
        """Put aside what is being typed; the line is now input for this evaluation."""
        self.secret = secret
        if self._evaluation is None:
            self._kept = self._buffer.document
            self._buffer.reset()
        self._evaluation = evaluation

    def end(self, evaluation: Evaluation | None = None) -> None:
        """Bring back what was being typed. With an evaluation: only if it is the one that waits."""
        if self._evaluation is None or evaluation not in (None, self._evaluation):
            return
        self._evaluation = None
        self.secret = False
        self._buffer.reset(self._kept)
        self._kept = None
