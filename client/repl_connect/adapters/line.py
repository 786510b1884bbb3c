"""What is no REPL, but takes and sends text: a chat, an echo, a line protocol.

`eval` sends its code as a line, and is done at once: nothing says what is an answer to what. All
that arrives is output that belongs to no evaluation. `stdin` sends its text as it is; an empty one
ends what we send, as everywhere, and what still arrives is read until the other side ends too.

Text is UTF-8; bytes that are none pass both ways as surrogate escapes (PEP 383), as NUL does.
"""

from __future__ import annotations

import codecs
from collections.abc import Collection, Mapping

from repl_connect.adapters.adapter import Adapter
from repl_server.dispatch.dispatcher import Bounds, Evaluation, Session
from repl_server.dispatch.timing import Timing

__all__ = ["LineAdapter"]


class LineAdapter(Adapter):
    """Lines of text both ways. It is ready from the start: there is nothing to wait for."""

    ops: Collection[str] = frozenset({"eval", "stdin"})

    def __init__(self, *, timing: Timing | None = None, bounds: Bounds | None = None) -> None:
        super().__init__(timing=timing, bounds=bounds)
        self._stray_text = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._become_ready()

    # The channel.

    def receive_data(self, data: bytes) -> None:  # noqa: D102
        super().receive_data(data)
        if not data and (rest := self._stray_text.decode(b"", final=True)):
            self._tell({"out": rest})

    def _take(self, data: bytes) -> None:
        self._stray(data)

    # The evaluator behind the dispatcher.

    def describe(self) -> Mapping[str, object]:  # noqa: D102
        return {
            "versions": {},
            "aux": {"repl-connect/greeting": "lines of text, no REPL", "repl-connect/lines": 1},
        }

    def evaluate(self, evaluation: Evaluation) -> None:  # noqa: D102
        if self.half_closed:
            evaluation.finish(
                "error",
                "repl-connect/ended",
                err="The end of input was sent already: nothing more can be.\n",
            )
            return
        line = evaluation.code
        self._write(line if line.endswith("\n") else line + "\n")
        evaluation.finish()

    def give_input(self, session: Session, text: str) -> bool:  # noqa: D102
        del session
        if not text:
            self.half_closed = True
        elif not self.half_closed:
            self._write(text)
        return True

    def _write(self, text: str) -> None:
        try:
            data = text.encode("utf-8", "surrogateescape")
        except UnicodeEncodeError:  # a lone surrogate that stands for no byte
            data = text.encode("utf-8", "replace")
        self._outgoing.append(data)
