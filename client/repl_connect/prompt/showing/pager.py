"""Text in the user's pager, and values into a shell command: other programs on this terminal.

The prompt is suspended until the program has ended. What the connection brings waits meanwhile.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from prompt_toolkit.application import Application, run_in_terminal
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.output import ColorDepth
from prompt_toolkit.styles import BaseStyle

from repl_connect.escapes import visible
from repl_connect.prompt.showing.child_program import first_command, interrupts_left_to_child
from repl_connect.prompt.showing.values import as_lines

if TYPE_CHECKING:
    from repl_connect.prompt.front_end import FrontEnd

__all__ = ["OtherPrograms", "PagerError", "coloured", "page", "pager_command", "pipe"]

_USUAL: Final = (("less", "-RXF"), ("more",))
_NOT_FOUND: Final = 127
_ADVICE: Final = ",set prompt.pager NAME or $PAGER choose another."


class PagerError(Exception):
    """The pager did not do its work; says why and what helps."""


class OtherPrograms:
    """Gives the terminal of a prompt to other programs for a while; what goes wrong is said."""

    def __init__(
        self, application: Application[object], style: BaseStyle, front_end: FrontEnd
    ) -> None:
        self._application = application
        self._style = style
        self._front_end = front_end

    def page(self, text: str, *, lexer: str | None = None) -> None:
        """Show text in the pager. `lexer`: Pygments' alias, to colour it."""
        from repl_connect.prompt.look.lexing import highlighted, load_lexer

        fragments = highlighted(load_lexer(lexer) if lexer else None, visible(text))
        shown = coloured(fragments, self._style, self._application.color_depth)

        def show() -> str:
            try:
                page(shown, pager_command(self._front_end.settings.prompt.pager, os.environ))
            except PagerError as error:
                return str(error)
            return ""

        self._run(show)

    def pipe(self, text: str, command: str) -> None:
        """Give a text, as it is, to a shell command; the status of one that failed is said."""
        self._run(lambda: pipe(as_lines(text), command))

    def _run(self, action: Callable[[], str]) -> None:
        def run() -> None:
            words = action()
            if words:
                self._front_end.problem(visible(words))

        assert self._application.context is not None
        self._application.context.copy().run(run_in_terminal, run)


def pager_command(chosen: str, environment: Mapping[str, str]) -> list[str]:
    """The words of the command that shows text: the chosen one, else $PAGER, less, more.

    Raises `PagerError` for one that can't be read, and if there is none.
    """
    try:
        words = first_command((("prompt.pager", chosen), ("$PAGER", environment.get("PAGER", ""))))
    except ValueError as error:
        raise PagerError(str(error)) from None
    if words:
        return words
    for usual in _USUAL:
        if shutil.which(usual[0], path=environment.get("PATH")):
            return [*usual]
    raise PagerError(f"There is no pager here: neither less nor more. {_ADVICE}")


def page(text: str, command: Sequence[str]) -> None:
    """Show text in a pager, until the user leaves it. Raises `PagerError` if it can't be started.

    A pager that is left before it has read all is no error.
    """
    try:
        status = _fed(list(command), text.encode("utf-8", "replace"))
    except OSError as error:
        raise PagerError(f"{command[0]} can't be started: {error.strerror}. {_ADVICE}") from None
    if status == _NOT_FOUND:
        raise PagerError(f"{shlex.join(command)} ended with status {status}. {_ADVICE}")


def pipe(data: bytes, command: str) -> str:
    """Give data to a shell command, which has the terminal; a sentence if it failed, else empty.

    What it writes goes to the terminal as it comes, so it may be interactive.
    """
    try:
        status = _fed(["/bin/sh", "-c", command], data)
    except OSError as error:
        return f"/bin/sh can't be started: {error.strerror}."
    if status < 0:
        return f"{command}: ended by {signal.Signals(-status).name}."
    return f"{command}: ended with status {status}." if status else ""


def coloured(fragments: StyleAndTextTuples, style: BaseStyle, depth: ColorDepth | None) -> str:
    """Styled text with its escape sequences, for a pager that shows them (`less -R`)."""
    import io

    from prompt_toolkit.data_structures import Size
    from prompt_toolkit.output.vt100 import Vt100_Output
    from prompt_toolkit.renderer import print_formatted_text

    written = io.StringIO()
    output = Vt100_Output(written, lambda: Size(rows=24, columns=80), enable_cpr=False)
    print_formatted_text(output, fragments, style, color_depth=depth)
    return written.getvalue().replace("\r\n", "\n").replace("\x1b[?7h", "")


def _fed(command: list[str], data: bytes) -> int:
    """Run a command with the data as its standard input; its status."""
    with interrupts_left_to_child(), subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        stream = process.stdin

        def feed() -> None:
            with contextlib.suppress(OSError):  # it has read enough
                stream.write(data)
            with contextlib.suppress(OSError):
                stream.close()

        # Not by `communicate`: Ctrl-C at the terminal would leave it with the child unwaited.
        feeder = threading.Thread(target=feed, daemon=True)
        feeder.start()
        status = process.wait()
        feeder.join(1.0)
    return status
