"""What the Swank adapter knows of a session and of an evaluation."""

from __future__ import annotations

from collections import deque
from typing import Final

from repl_connect.adapters.swank.errors import Condition, Held
from repl_connect.adapters.swank.lisp_data import Datum
from repl_connect.channel import CLIENT_LIMITS
from repl_server.dispatch.dispatcher import Evaluation, Session
from repl_server.wire import RemoteProtocolError

__all__ = ["MOST_VALUE", "Place", "Running"]

MOST_VALUE: Final = CLIENT_LIMITS.message_bytes
"""Characters of a value that are taken."""

_MOST_INPUT: Final = 1 << 20  # characters
_MOST_TEXTS: Final = 1_000


class Place:
    """Where a session is: its package, and the input that it was given ahead."""

    def __init__(self, ns: str) -> None:
        self.ns = ns
        self.input: deque[str] = deque()

    def take(self, text: str) -> bool:
        """Keep input until it is asked for. False: there is no room for it."""
        size = sum(map(len, self.input)) + len(text)
        if size > _MOST_INPUT or len(self.input) >= _MOST_TEXTS:
            return False
        self.input.append(text)
        return True


class Running:
    """An evaluation that Lisp has not ended.

    - `evaluation`: who hears of it; another one after a restart. `session`: whose it is.
    - `thread`: where it runs if not in the REPL's thread. `choosing`: for which error it chooses.
    - `reading`: what waits for input: a thread, a tag, a kind.
    """

    def __init__(self, number: int, evaluation: Evaluation) -> None:
        assert evaluation.session is not None
        self.number = number
        self.evaluation = evaluation
        self.session: Session = evaluation.session
        self.holds = False
        self.thread: int | None = None
        self.choosing: Held | None = None
        self.condition: Condition | None = None
        self.reading: tuple[Datum, Datum, str] | None = None
        self._parts: list[str] = []
        self._size = 0

    @property
    def place(self) -> Place:
        """Its session's."""
        place: Place = self.session.state
        return place

    def part(self, text: str) -> None:
        """Take a part of a value that comes in several."""
        self._parts.append(text)
        self._size += len(text)
        if self._size > MOST_VALUE:
            raise RemoteProtocolError("too-large", f"a value has more than {MOST_VALUE} characters")

    def whole(self) -> str:
        """The value, of which all parts have come."""
        text = "".join(self._parts)
        self._parts.clear()
        self._size = 0
        return text
