"""Values and output for people and pipes: what `eval` and `result` print, the same to both."""

from __future__ import annotations

from typing import IO

from repl_connect.events import Done, Event, Output, Value

__all__ = ["PlainOutput"]


class PlainOutput:
    """Values and output for people and pipes."""

    def __init__(self, out: IO[bytes], err: IO[bytes]) -> None:
        self._out = out
        self._err = err
        self._line_open = {"out": False, "err": False}

    def event(self, event: Event) -> None:
        """Print what is meant to be seen of it."""
        if isinstance(event, Output):
            self._write(event.stream, event.text)
        elif isinstance(event, Value):
            self._start_line("out")
            self._write("out", event.text + "\n")
        elif isinstance(event, Done):
            if event.problem is not None:
                self.note(event.problem)
            elif event.interrupted:
                self.note("It was interrupted.")
            self._out.flush()

    def note(self, text: str) -> None:
        """Print a sentence of ours, on standard error."""
        self._start_line("err")
        self._write("err", text.rstrip("\n") + "\n")

    def _start_line(self, stream: str) -> None:
        if self._line_open[stream]:
            self._write(stream, "\n")

    def _write(self, stream: str, text: str) -> None:
        file = self._out if stream == "out" else self._err
        file.write(_encoded(text))
        file.flush()
        self._line_open[stream] = not text.endswith("\n")


def _encoded(text: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace")
