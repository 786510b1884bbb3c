"""Any REPL that shows a prompt, by watching for that: the last resort, and it says so.

The prompt is learned from what the REPL has said first (`prompt_shape.py`). An evaluation is its
code as it is; what is printed until the prompt comes back is its output. There are no values and no
errors apart from that, and much can't be known:

- Output that ends as the prompt looks, at the end of what has just arrived, is taken for it.
- Nothing tells what belongs to what after an evaluation was given up (`interrupt`), until the REPL
  is at its prompt again. It is not stopped: there is no way to do that.
- Code of several forms goes out form by form, as far as its lines and brackets show them.

One evaluation at a time is sent, others wait here.
"""

from __future__ import annotations

import codecs
import re
from collections import deque
from collections.abc import Collection, Mapping
from typing import Final

from repl_connect.adapters.adapter import MOST_GREETING, Adapter
from repl_connect.adapters.prompt_shape import PromptShape, prompt_in
from repl_server.dispatch.dispatcher import Bounds, Evaluation, Session
from repl_server.dispatch.timing import Timing

__all__ = ["PromptAdapter", "pieces"]

_MOST_SAID: Final = 60  # characters of what it said first, by which it may be known
_TAIL: Final = 200  # characters of what was shown last, to find a prompt that was not known
_GIVEN_UP: Final = (
    "It is waited for no more, but it may still run there: this REPL can't be told to stop. "
    "What it prints is shown as it comes.\n"
)


class PromptAdapter(Adapter):
    """A REPL of which nothing is known but its prompt."""

    ops: Collection[str] = frozenset({"eval", "interrupt"})

    def __init__(self, *, timing: Timing | None = None, bounds: Bounds | None = None) -> None:
        super().__init__(timing=timing, bounds=bounds)
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._text = ""
        self._tail = ""
        self._said = ""
        self._shape: PromptShape | None = None
        self._used = False
        self._running: Evaluation | None = None
        self._has_shown = False
        self._pieces: deque[str] = deque()
        self._lines = 0

    # The channel.

    def receive_data(self, data: bytes) -> None:  # noqa: D102
        super().receive_data(data)
        if not data and self.ready:
            self._text += self._decoder.decode(b"", final=True)
            self._show(len(self._text))

    def _take(self, data: bytes) -> None:
        self._text += self._decoder.decode(data)
        if self._shape is None:
            self._unexpected(data)
        if self._shape is None or not self._used:
            self._learn()
        else:
            self._look(self._shape)

    def _learn(self) -> None:
        """Find the prompt in what came before the first evaluation; the rest is the greeting.

        It stays in the text until it has proved to be one: it may be half of one, or a pause.
        """
        prompt = prompt_in(self._text)
        if prompt is not None:
            self._shape = PromptShape(prompt)
            if not self.ready:
                said = self._text.removesuffix(prompt).strip()
                self._said = said.partition("\n")[0][:_MOST_SAID].rstrip()
                self._text = prompt
                self._become_ready()
        if self.ready and not self._used:
            self._show(len(self._text) - len(prompt or ""))
        elif not self.ready:
            self._text = self._text[-MOST_GREETING:]

    def _look(self, shape: PromptShape) -> None:
        """Show what has come, and go on if the prompt is there."""
        ending = shape.ending(self._text)
        if self._running is None and shape.lacks_blank and self._text in (" ", "\t"):
            self._shape = PromptShape(shape.text + self._text)  # the end of the prompt
            self._text = ""
        elif ending is None:
            self._show(shape.may_begin(self._text))
        elif self._running is None:
            self._show(ending.start)
            self._text = ""
        elif ending.asks < self._lines and ending.asks:  # for each line that it has read so far
            self._show(ending.start)
        else:
            self._show(ending.start)
            asked, self._text = self._text, ""
            self._back(asked if ending.asks else None)

    def _show(self, end: int) -> None:
        """Show the text up to a position."""
        shown, self._text = self._text[:end], self._text[end:]
        if shown and self._running is not None and not self._has_shown:
            assert self._shape is not None
            shown = self._shape.without_asks(shown, self._lines - 1)
        if not shown:
            return
        self._has_shown = True
        self._tail = (self._tail + shown[-_TAIL:])[-_TAIL:]
        if self._running is not None:
            self._running.output("out", shown)
        else:
            self._tell({"out": shown})

    def _back(self, asked: str | None) -> None:
        """The REPL takes input again; `asked`: the rest of what it was given last."""
        evaluation = self._running
        assert evaluation is not None
        if self._pieces:
            self._send_piece()
            return
        if asked is not None:
            evaluation.error(
                f"This is not finished: it asks for the rest (`{asked.strip()}`). "
                "Send that, or what ends it there.\n",
                ex="unfinished",
            )
        self._running = None
        evaluation.finish()
        self._next()

    # The evaluator behind the dispatcher.

    def describe(self) -> Mapping[str, object]:  # noqa: D102
        greeting = f"prompt matching (degraded): `{self._shape.text if self._shape else ''}`"
        if self._said:
            greeting += f" after {self._said!r}"
        return {"versions": {}, "aux": {"repl-connect/greeting": greeting}}

    def evaluate(self, evaluation: Evaluation) -> None:  # noqa: D102
        self._queue.append(evaluation)
        self._next()

    def interrupt(self, evaluation: Evaluation) -> None:  # noqa: D102
        if not self._withdrawn(evaluation) and evaluation is self._running:
            self._show(len(self._text))
            self._running = None
            self._pieces.clear()
            unknown = prompt_in(self._tail)
            if unknown is not None:  # its prompt has changed beyond recognition
                self._shape = PromptShape(unknown)
            evaluation.output("err", _GIVEN_UP)
            evaluation.finish("interrupted")
            self._next()

    def close_session(self, session: Session) -> None:  # noqa: D102
        if session.running is not None:
            self.interrupt(session.running)

    def _next(self) -> None:
        """Begin what waits, if nothing runs."""
        while self._running is None and self._queue:
            evaluation = self._queue.popleft()
            self._pieces.extend(pieces(evaluation.code))
            if not self._pieces:
                evaluation.finish()
                continue
            self._running = evaluation
            self._send_piece()

    def _send_piece(self) -> None:
        if not self._used:
            self._used = True
            self._text = ""
        self._tail = ""
        self._has_shown = False
        piece = self._pieces.popleft()
        self._lines = piece.count("\n")
        try:
            data = piece.encode("utf-8", "surrogateescape")
        except UnicodeEncodeError:  # a lone surrogate that stands for no byte
            data = piece.encode("utf-8", "replace")
        self._outgoing.append(data)


def pieces(code: str) -> list[str]:
    """Code as what can be sent one after the other, each of whole lines with their newlines.

    A line that starts with no blank starts one, if no bracket is open and there was code before.
    Blank lines and such that look like comments never stand alone: not every REPL has an answer.
    """
    found: list[str] = []
    piece, depth, has_code = "", 0, False
    for line in code.rstrip("\n").split("\n") + [""] * code.endswith("\n\n"):
        is_code = bool(line.strip()) and _COMMENT.match(line) is None
        if has_code and depth <= 0 and is_code and not line[0].isspace():
            found.append(piece)
            piece, depth, has_code = "", 0, False
        piece += line + "\n"
        has_code = has_code or is_code
        depth += sum(map(line.count, "([{")) - sum(map(line.count, ")]}"))
    if has_code or (not found and piece.strip()):
        found.append(piece)
    elif found:
        found[-1] += piece
    return found


_COMMENT: Final = re.compile(r"\s*(?:;|#(?:[ !]|\Z)|--|//)")
