"""A terminal for tests: a program in a pseudo terminal, and the screen it has drawn.

pexpect gives the pseudo terminal, pyte draws. Cursor position requests are answered, as a real
terminal does. Nothing here sleeps: each wait reads until its condition holds or the time is up.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Final, Self

import pexpect
import pyte

__all__ = ["KEYS", "Terminal"]

KEYS: Final[Mapping[str, str]] = {
    "enter": "\r",
    "alt-enter": "\x1b\r",
    "escape": "\x1b",
    "tab": "\t",
    "backspace": "\x7f",
    "up": "\x1b[A",
    "down": "\x1b[B",
    "right": "\x1b[C",
    "left": "\x1b[D",
    "home": "\x1b[H",
    "end": "\x1b[F",
    "pageup": "\x1b[5~",
    "pagedown": "\x1b[6~",
    "f1": "\x1bOP",
    "f3": "\x1bOR",
    "f4": "\x1bOS",
    **{f"ctrl-{letter}": chr(ord(letter) - 96) for letter in "abcdefghijklmnopqrstuvwxyz"},
}


class _Screen(pyte.HistoryScreen):
    """A screen that answers what a program asks of the terminal, through `answer`."""

    answer: Callable[[str], object]

    def write_process_input(self, data: str) -> None:
        self.answer(data)


class Terminal:
    """A program on a terminal of `columns` by `rows`.

    `environment` is added to this process's own; a variable set to None is taken out of it. What
    has scrolled off the top is kept (`history` rows of it).
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        environment: Mapping[str, str | None] | None = None,
        columns: int = 80,
        rows: int = 24,
        timeout: float = 15.0,
        history: int = 500,
        directory: str | None = None,
    ) -> None:
        merged: dict[str, str | None] = {**os.environ, "TERM": "xterm-256color"}
        for name in ("NO_COLOR", "PROMPT_TOOLKIT_NO_CPR", "PROMPT_TOOLKIT_COLOR_DEPTH"):
            merged[name] = None
        merged.update(environment or {})
        self.timeout = timeout
        self.raw = bytearray()
        """Every byte the program has written."""
        self.screen = _Screen(columns, rows, history=history, ratio=0.5)
        self._stream = pyte.ByteStream(self.screen)
        self.child: pexpect.spawn[bytes] = pexpect.spawn(
            command[0],
            list(command[1:]),
            env={name: value for name, value in merged.items() if value is not None},
            dimensions=(rows, columns),
            timeout=timeout,
            cwd=directory,
        )
        self.child.delaybeforesend = None
        self.screen.answer = self.child.send

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is not None:
            print(f"The terminal's screen was:\n{self.text}\nCursor: {self.cursor}")
        self.close()

    def send(self, text: str) -> None:
        """Type text. Enter is a carriage return (`KEYS["enter"]`), not a newline."""
        self.child.send(text)

    def press(self, *names: str) -> None:
        """Press keys by name, one after another: see `KEYS`."""
        for name in names:
            self.child.send(KEYS[name])

    def enter(self, text: str) -> None:
        """Type a line and press Enter."""
        self.child.send(text + "\r")

    def paste(self, text: str) -> None:
        """Paste, bracketed, as a terminal does: newlines become carriage returns."""
        self.child.send("\x1b[200~" + text.replace("\n", "\r") + "\x1b[201~")

    def read(self, timeout: float = 0.05) -> bool:
        """Draw what has come; False when nothing came in the time, or the program has ended."""
        try:
            data = self.child.read_nonblocking(65536, timeout)
        except (pexpect.TIMEOUT, pexpect.EOF):
            return False
        self.raw += data
        self._stream.feed(data)
        return True

    def wait_until(
        self, condition: Callable[[], object], what: str = "", timeout: float | None = None
    ) -> None:
        """Read until the condition holds; fails with the screen in the message if it never does."""
        limit = self.timeout if timeout is None else timeout
        deadline = time.monotonic() + limit
        while not condition():
            if time.monotonic() > deadline:
                raise AssertionError(
                    f"after {limit} s, not on the screen: {what or condition}\n{self.all_text}"
                )
            if not self.read() and not self.child.isalive():
                while self.read():  # what it wrote before it ended
                    pass
                if not condition():
                    raise AssertionError(f"the program ended before: {what}\n{self.all_text}")

    def wait_for(self, text: str, timeout: float | None = None) -> None:
        """Read until the text is on the screen (or has scrolled off it), wrapped or not."""
        self.wait_until(
            lambda: text in self.all_text or text in self.unwrapped, repr(text), timeout
        )

    def wait_for_line(self, text: str, timeout: float | None = None) -> None:
        """Read until a line is exactly this text, blanks at its end aside."""
        self.wait_until(lambda: text in self.all_text.split("\n"), f"the line {text!r}", timeout)

    def wait_for_current(self, text: str, timeout: float | None = None) -> None:
        """Read until the cursor's line is exactly this text, blanks at its end aside."""
        self.wait_until(
            lambda: self.current == text, f"the line {text!r} under the cursor", timeout
        )

    def wait_quiet(self, seconds: float = 0.3) -> None:
        """Read until nothing has come for so long."""
        while self.read(seconds):
            pass

    def wait_exit(self, timeout: float | None = None) -> int:
        """Read until the program has ended; its exit status."""
        deadline = time.monotonic() + (self.timeout if timeout is None else timeout)
        while self.child.isalive():
            if time.monotonic() > deadline:
                raise AssertionError(f"the program did not end\n{self.all_text}")
            self.read()
        while self.read():
            pass
        self.child.close()
        if self.child.exitstatus is None:
            return -int(self.child.signalstatus or 0)
        return int(self.child.exitstatus)

    def resize(self, columns: int, rows: int) -> None:
        """Change the terminal's size, as by dragging the window's corner."""
        self.child.setwinsize(rows, columns)
        self.screen.resize(rows, columns)

    @property
    def lines(self) -> list[str]:
        """The screen's rows, without the blanks at their ends."""
        return [line.rstrip() for line in self.screen.display]

    @property
    def text(self) -> str:
        """The screen."""
        return "\n".join(self.lines).rstrip()

    @property
    def all_text(self) -> str:
        """What has scrolled off the top, then the screen."""
        above = [
            "".join(row[column].data for column in range(self.screen.columns)).rstrip()
            for row in self.screen.history.top
        ]
        return "\n".join([*above, *self.lines]).rstrip()

    @property
    def unwrapped(self) -> str:
        """As `all_text`, with each row that is full joined to the next."""
        width = self.screen.columns
        joined = ""
        for line in self.all_text.split("\n"):  # a blank may stand where it was broken
            joined += line.ljust(width) if len(line) >= width - 1 else line + "\n"
        return joined

    @property
    def cursor(self) -> tuple[int, int]:
        """The cursor's row and column, from 0."""
        return self.screen.cursor.y, self.screen.cursor.x

    @property
    def current(self) -> str:
        """The row the cursor is in."""
        return self.lines[self.screen.cursor.y]

    def colour_of(self, text: str) -> str:
        """The foreground colour of the text's first character, where it is on the screen last."""
        for row in range(self.screen.lines - 1, -1, -1):
            column = self.screen.display[row].find(text)
            if column >= 0:
                return str(self.screen.buffer[row][column].fg)
        raise AssertionError(f"not on the screen: {text!r}\n{self.text}")

    def close(self) -> None:
        """End the program, if it has not ended."""
        self.child.close(force=True)
