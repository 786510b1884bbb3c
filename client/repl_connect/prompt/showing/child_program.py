"""Another program on the prompt's terminal, while the prompt waits for it."""

from __future__ import annotations

import contextlib
import shlex
import signal
import threading
from collections.abc import Iterable, Iterator

from prompt_toolkit.output import Output

__all__ = ["first_command", "interrupts_left_to_child", "start_fresh_line"]


def first_command(places: Iterable[tuple[str, str]]) -> list[str]:
    """The words of the first of these commands that is not empty; no words if all are.

    Each comes with the name of the place it is from. Raises `ValueError`, with a sentence, for one
    that can't be read.
    """
    for where, text in places:
        try:
            words = shlex.split(text)
        except ValueError:
            raise ValueError(f"{where} can't be read: a quote is not closed in {text}") from None
        if words:
            return words
    return []


@contextlib.contextmanager
def interrupts_left_to_child() -> Iterator[None]:
    """Let Ctrl-C be the program's alone: the terminal sends it to all programs on it.

    The event loop hears of signals through a descriptor; without that, and with a handler that does
    nothing, they pass by. (An ignored signal would be ignored by the program too.)
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    descriptor = signal.set_wakeup_fd(-1)
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        signal.set_wakeup_fd(descriptor)


def start_fresh_line(output: Output) -> None:
    """Put the cursor at the start of a line, wherever the program has left it.

    Blanks for all of a line but one cell wrap to the next line, unless this one is empty.
    """
    output.write_raw(" " * (output.get_size().columns - 1) + "\r")
    output.flush()
