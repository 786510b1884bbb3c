"""Errors as they are shown: of a long traceback what matters, and the way to the rest.

What matters is the line that says what went wrong, and the frames of the user's own code, the
outermost and the innermost ones. An error comes as `err` output and as `Failed` behind it, so that
output is held back for a moment, to see what follows it.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from repl_connect.escapes import Sanitiser
from repl_connect.session import Done, Event, Failed, Output

__all__ = ["ErrorView", "Folded", "folded", "styled"]

_MOMENT: Final = 0.05  # seconds that output is held back
_FRAMES: Final = 8  # in a row, that are shown as they are
_OUTERMOST: Final = 2
_INNERMOST: Final = 3
_LINES: Final = 60
_LINES_KEPT: Final = 20  # at the start and at the end of what is longer
_LINE: Final = 2_000  # characters of one line
_KEPT: Final = 4 * 1024 * 1024  # characters of the last error

# Patterns, which `re` compiles with the first error: it would be felt at the start.
_FRAME: Final = r'(?P<indent>[ |+-]* )File "(?P<file>[^"\n]*)", line \d+'
_REPEATED: Final = r"[ |+-]* \[Previous line repeated \d+ more times?\]"
_LIBRARY: Final = r"[/\\](site|dist)-packages[/\\]|[/\\]lib[/\\]python[\d.]+[/\\]|<frozen "
_HEADING: Final = r"[ |+-]*(Exception Group )?Traceback \(most recent call last\):"
_BETWEEN: Final = (
    r"[ |+-]*(During handling of the above exception|The above exception was the direct cause)"
)
_GROUP: Final = r"^ *[|+][-+]*( \d+ -+)? ?"  # before the lines of exception groups
_WAY: Final = "… ,traceback shows all of it."


class Folded(NamedTuple):
    """A traceback's text to show. `folded`: something was left out, and the text says where."""

    text: str
    folded: bool


class ErrorView:
    """The last error, whole, and the errors among the events of evaluations.

    `output` shows held text that was no error; `show` shows an error as styled text. `short` says
    whether long ones are folded.
    """

    def __init__(
        self,
        output: Callable[[str], None],
        show: Callable[[list[tuple[str, str]]], None],
        *,
        short: Callable[[], bool],
    ) -> None:
        self._output = output
        self._show = show
        self._short = short
        self._held = ""
        self._timer: asyncio.TimerHandle | None = None
        self._text = ""
        self._printed = False  # whether this evaluation has printed what may be its error
        self._failure = ""  # what went wrong in it, as long as nothing was printed

    @property
    def text(self) -> str:
        """The whole text of the last error, safe to show; empty if there was none."""
        return self._text

    def take(self, event: Event) -> bool:
        """See each event of an evaluation first; whether it is dealt with by this."""
        if isinstance(event, Failed):
            self._failed(event)
            return True
        self.release()
        if isinstance(event, Done):
            if self._failure and not self._printed:  # some servers tell of errors in this way only
                self._show(styled(self._failure))
            self._printed, self._failure = False, ""
        if not isinstance(event, Output) or event.stream != "err":
            return False
        self._printed = True
        if not event.text.endswith("\n"):
            return False
        self._held = event.text
        self._timer = asyncio.get_running_loop().call_later(_MOMENT, self.release)
        return True

    def release(self) -> None:
        """Show what is held back, as output."""
        held = self._take_held()
        if held:
            self._output(held)

    def _failed(self, failed: Failed) -> None:
        held = self._take_held()
        if not held:
            self._text = _clean(f"{failed.type}: {failed.message or ''}".rstrip(": ") + "\n")
            self._failure = self._text
            return
        self._text = _clean(held[:_KEPT])
        shown = folded(self._text) if self._short() else Folded(self._text, False)
        fragments = styled(shown.text)
        if shown.folded:
            fragments.append(("class:note", _WAY + "\n"))
        self._show(fragments)

    def _take_held(self) -> str:
        held, self._held = self._held, ""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        return held


def folded(text: str) -> Folded:
    """Fold a long traceback: Python's by its frames, any other by its lines."""
    lines = text.rstrip("\n").split("\n")
    kept = _without_many_frames(lines)
    if len(kept) > _LINES:
        hidden = len(kept) - 2 * _LINES_KEPT
        kept = [*kept[:_LINES_KEPT], f"  … {hidden:,} more lines", *kept[-_LINES_KEPT:]]
    short = [line if len(line) <= _LINE else f"{line[:_LINE]} …" for line in kept]
    return Folded("\n".join(short) + "\n", short != lines)


def styled(text: str) -> list[tuple[str, str]]:
    """An error's text with styles: where, what was called there, what went wrong.

    A text that is no traceback of Python's is an error from its first to its last line.
    """
    if re.match(_HEADING, text) is None and re.match(_FRAME, text) is None:
        return [("class:err", text)]
    return [(_style(line), line + "\n") for line in text.removesuffix("\n").split("\n")]


def _style(line: str) -> str:
    if re.match(_FRAME, line) or re.match(_HEADING, line) or re.match(_BETWEEN, line):
        return "class:traceback.frame"
    inside = re.sub(_GROUP, "", line, count=1)
    if inside.lstrip().startswith("…"):
        return "class:traceback.folded"
    if not inside or inside.startswith("  "):
        return "class:traceback"
    return "class:traceback.error"


class _Frame(NamedTuple):
    """One frame's lines."""

    lines: list[str]
    library: bool


def _without_many_frames(lines: list[str]) -> list[str]:
    kept: list[str] = []
    frames: list[_Frame] = []
    indent = ""
    for line in lines:
        match = re.match(_FRAME, line)
        if match is not None:
            indent = match["indent"]
            frames.append(_Frame([line], re.search(_LIBRARY, match["file"]) is not None))
        elif frames and (line.startswith(indent + "  ") or re.match(_REPEATED, line)):
            frames[-1].lines.append(line)
        else:
            kept += _fewer(frames, indent)
            frames = []
            kept.append(line)
    return kept + list(_fewer(frames, indent))


def _fewer(frames: list[_Frame], indent: str) -> Iterable[str]:
    """The lines of the frames that matter, and how many others there are between them."""
    if len(frames) <= _FRAMES:
        return [line for frame in frames for line in frame.lines]
    own = [number for number, frame in enumerate(frames) if not frame.library]
    chosen = {*own[:_OUTERMOST], *own[-_INNERMOST:], len(frames) - 1}
    lines: list[str] = []
    hidden = 0
    for number, frame in enumerate(frames):
        if number not in chosen:
            hidden += 1
            continue
        if hidden:
            lines.append(_hidden(hidden, indent))
            hidden = 0
        lines += frame.lines
    return lines


def _hidden(count: int, indent: str) -> str:
    return f"{indent}… {count:,} more frame{'s' if count > 1 else ''}"


def _clean(text: str) -> str:
    sanitiser = Sanitiser(colours=False)
    return sanitiser.clean(text) + sanitiser.end()
