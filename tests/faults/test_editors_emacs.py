"""Emacs, and the line to a Python program fails."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from emacs.conftest import open_screen
from emacs.screen import Screen
from faults.editing import Line, the_line_fails
from proofs import Prove

__all__ = ["open_screen"]

_TEXT = "(with-current-buffer (repl-connect-connection-buffer (car repl-connect-connections)) {})"
_OPEN = "(and (repl-connect-open-p (car repl-connect-connections)) t)"


class _Emacs:
    """An Emacs as the story has it; code is typed in the connection's buffer."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen

    def connect(self, address: str) -> None:
        self._screen.run("repl-connect", address)
        self._screen.until("__main__>")
        self._screen.press("C-x", "1")

    def send(self, code: str) -> None:
        self._screen.enter(code)

    def until_value(self, value: str) -> None:
        self._until_count(f"^{value}$", 1)

    def until_lost(self, times: int) -> None:
        self._until_count("how it ended is not known", times)

    def until_connected(self) -> None:
        self._screen.until_value(_OPEN)

    def answer_a_key(self) -> None:
        self._screen.type("abc")
        self._screen.until_so(lambda: "abc" in self._screen.text(), "what was typed")
        self._screen.press("C-a", "C-k")
        self._screen.until_so(lambda: "abc" not in self._screen.text(), "it is deleted")

    def _until_count(self, pattern: str, times: int) -> None:
        self._screen.until_value(
            _TEXT.format(f'(how-many "{pattern}" (point-min) (point-max))'), str(times)
        )


def test_emacs_over_a_line_that_fails(
    open_screen: Callable[..., Screen],
    directory: Path,
    between: Line,
    proof: Prove,
) -> None:
    emacs = _Emacs(open_screen("a.py", columns=160))
    the_line_fails(emacs, "Emacs, Python server", directory, between, proof)
