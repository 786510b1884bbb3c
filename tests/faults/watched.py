"""A Python server that counts what is run in it, and what it holds before and after."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from server.conftest import wait_until
from server.running import Held, Running

__all__ = ["Watched"]


class Watched(Running):
    """A program that serves with threads; `code` run in it is counted, by its word.

    A connection of its own looks on, which has to be unhurt whatever happens to others.
    """

    def __init__(self, address: Path) -> None:
        super().__init__("threads", address)
        self._client = self.connect()
        self._client.result("import collections\nran = collections.Counter()")
        with self.connect() as first:  # what the first interrupt loads stays
            first.until(first.eval("print('begun', flush=True)\nwhile True: pass"), "out", "begun")
            first.ask({"op": "interrupt"})
        wait_until(lambda: self.held(self._client).sessions == 1)
        self._before = self._settled()

    def __enter__(self) -> Self:
        return self

    def code(self, word: str) -> str:
        """Code that is counted, prints a line, and has the word as its value."""
        return f"ran[{word!r}] += 1; print('printed ✓'); {word!r}"

    def times(self, word: str) -> int:
        """How often the code of a word has run."""
        return int(self._client.value(f"ran[{word!r}]"))

    def wait_begun(self, word: str) -> None:
        """Until the code of a word runs."""
        wait_until(lambda: self.times(word) > 0)

    def unhurt(self) -> None:
        """Wait until it holds what it held in the beginning, and goes on."""
        wait_until(lambda: self._client.value("1") and self.held(self._client) == self._before)
        self.goes_on(self._client)

    def _settled(self) -> Held:
        """What it holds with one session, whose thread and the next one's are there."""
        wait_until(lambda: self._client.value("len(session_threads())") == "2")
        return self.held(self._client)
