"""Output above the line being typed.

What is printed is gathered and written in batches: the prompt is erased, the batch is written where
it stood, the prompt is drawn below. A line that is not finished yet is no part of a batch: it is
shown as the first line of the prompt's own area (`open_line`) and written when its end has come, so
that a program's `Loading... done` stays one line and the prompt never overwrites any of it.

Memory is bounded: what waits to be written is counted, `on_full` says when it is too much (the
prompt then stops reading the connection), `on_drained` when there is room again. Nothing is
dropped: the terminal is the slow end of one long pipe, and the program waits for it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Hashable, Iterable
from typing import Final

from prompt_toolkit.application import Application
from prompt_toolkit.formatted_text import ANSI, StyleAndTextTuples, to_formatted_text
from prompt_toolkit.layout.screen import Screen
from prompt_toolkit.styles import Attrs, BaseStyle

from repl_connect.escapes import Sanitiser
from repl_connect.prompt.showing.terminal_output import TerminalOutput

__all__ = ["Printer"]

_INTERVAL: Final = 0.04  # seconds between two batches
_SOON: Final = 0.002  # what comes after a rest is shown at once, with what follows closely
_BATCH: Final = 64 * 1024  # characters written before keys get their turn, if it is not known
_FLOOD: Final = 16 * 1024  # characters of a batch that is hardly the last one
_FULL: Final = 512 * 1024
_DRAINED: Final = 256 * 1024
_LONGEST_OPEN_LINE: Final = 1024
_RESTED: Final = 0.5  # seconds after which a line of somebody else's is not about to go on


class Printer:
    """Writes above the prompt of an application, or plainly while it does not run.

    `marks_late` says whether what comes outside of evaluations is marked as such. If not, that is
    all there is, lines of a chat: one that is on its way is not cut by what is written here.
    """

    def __init__(
        self,
        application: Application[object],
        style: BaseStyle,
        *,
        colours: bool,
        on_full: Callable[[], None],
        on_drained: Callable[[], None],
        marks_late: Callable[[], bool] = lambda: True,
    ) -> None:
        self._application = application
        self._style = style
        self._on_full = on_full
        self._on_drained = on_drained
        self._marks_late = marks_late
        self._colours = colours
        self._pending: deque[tuple[str, str]] = deque()
        self._size = 0
        self._full = False
        self._open: list[tuple[str, str]] = []
        self._open_size = 0
        self._open_late = False
        self._open_since = 0.0
        self._flooded = False
        self._sanitisers: dict[tuple[str, bool], Sanitiser] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._last = 0.0
        self._drawn = ""
        self._drawn_screen: Screen | None = None
        self._attributes_of: Hashable = None
        self._known: dict[str, Attrs] = {}

    @property
    def open_line(self) -> StyleAndTextTuples:
        """The unfinished line, to be shown above the prompt; empty if others come before it.

        While much is printed its end is about to come: it is shown when that rests.
        """
        shown: StyleAndTextTuples = []
        for style, text in () if self._pending or self._flooded else self._open:
            if "\x1b" in text:
                shown += to_formatted_text(ANSI(text), style=style)
            else:  # which is a fragment for each character as ANSI
                shown.append((style, text))
        return shown

    def program(self, stream: str, text: str, *, late: bool = False) -> None:
        """Something a program printed, on `out` or `err`; `late`: outside of an evaluation."""
        sanitiser = self._sanitisers.get((stream, late))
        if sanitiser is None:
            sanitiser = self._sanitisers[stream, late] = Sanitiser(
                colours=self._colours, shows_controls=not self._marks_late()
            )
        before = sanitiser.sgr
        clean = sanitiser.clean(text)
        if not clean:
            return
        if self._open and self._open_late != late:
            self.finish_line()
        self._open_late = late
        end = clean.rfind("\n") + 1
        head, tail = clean[:end], clean[end:]
        after = sanitiser.sgr if "\x1b" not in tail else _colours_after(before + head)
        style = f"class:{stream}"
        if late and self._marks_late():
            style += " class:late"
            head = head and self._prefixed(head, at_start=not self._open)
            tail = tail and self._prefixed(tail, at_start=bool(head) or not self._open)
        if head:
            self._add([*self._open, (style, before + head)])
            self._open = []
            self._open_size = 0
        if tail:
            self._open.append((style, (after if head else before) + tail))
            self._open_size += len(tail)
            self._open_since = asyncio.get_running_loop().time()
            if self._open_size > _LONGEST_OPEN_LINE:
                self.finish_line()
        self._schedule()

    def end_of_evaluation(self) -> None:
        """Finish the line and forget the colours of what an evaluation printed."""
        for (_, late), sanitiser in self._sanitisers.items():
            if not late:
                sanitiser.end()
        if not self._open_late:
            self.finish_line()

    def finish_line(self) -> None:
        """End the unfinished line, if there is one."""
        if self._open:
            self._add([*self._open, ("", "\n")])
            self._open = []
            self._open_size = 0
            self._schedule()

    def say(self, fragments: Iterable[tuple[str, str]]) -> None:
        """Something of ours, on lines of its own. Its text must be free of control codes."""
        if not self._goes_on():
            self.finish_line()
        shown = list(fragments)
        if shown and not shown[-1][1].endswith("\n"):
            shown.append(("", "\n"))
        self._add(shown)
        self._schedule()

    def _goes_on(self) -> bool:
        """Whether the unfinished line is somebody else's, who is about to finish it."""
        if not self._open or not self._open_late or self._marks_late():
            return False
        return asyncio.get_running_loop().time() < self._open_since + _RESTED

    def note(self, text: str) -> None:
        """A line in our own words."""
        self.say([("class:note", text)])

    def problem(self, text: str) -> None:
        """A line in our own words, about something that went wrong."""
        self.say([("class:problem", text)])

    def redraw(self) -> None:
        """Draw the prompt anew: below the next batch if one is due, which draws it anyway."""
        if self._timer is not None:
            self._drawn_screen = None
        else:
            self._application.invalidate()

    def flush(self) -> None:
        """Write what waits, up to a batch."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        application = self._application
        running = application.is_running and application.context is not None
        with self._gathered():
            size = self._size
            batch = self._take()
            self._flooded = size - self._size >= _FLOOD
            stays = running and self._stays()
            if stays:
                self._erase()
            elif running:
                application.renderer.erase()
            if batch:
                self._print(batch)
            if stays:
                application.output.write_raw(self._drawn)
            elif running:
                self._draw()
        self._last = asyncio.get_running_loop().time()
        if self._full and self._size < _DRAINED:
            self._full = False
            self._on_drained()
        if self._pending or (self._flooded and self._open):
            self._schedule()

    def flush_all(self) -> None:
        """Write everything that waits, the unfinished line too."""
        self.finish_line()
        while self._pending:
            self.flush()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _add(self, fragments: Iterable[tuple[str, str]]) -> None:
        for fragment in fragments:
            self._pending.append(fragment)
            self._size += len(fragment[1])
        if self._size > _FULL and not self._full:
            self._full = True
            self._on_full()

    def _print(self, batch: Iterable[tuple[str, str]]) -> None:
        """Write styled text; colours of its own end with it."""
        output, depth = self._application.output, self._application.color_depth
        write = output.write_text if isinstance(output, TerminalOutput) else output.write_raw
        output.reset_attributes()
        output.enable_autowrap()
        before: Attrs | None = None
        for style, text in batch:
            attrs = self._attributes(style)
            if attrs != before:
                output.set_attributes(attrs, depth)
            write(text)
            before = attrs
            if "\x1b" in text:
                output.write_raw("\x1b[0m")
                before = None
        output.reset_attributes()

    def _attributes(self, style: str) -> Attrs:
        """What a style looks like; kept, for to find out takes as long as to write many lines."""
        current = self._style.invalidation_hash()
        if current != self._attributes_of:
            self._attributes_of, self._known = current, {}
        attrs = self._known.get(style)
        if attrs is None:
            attrs = self._known[style] = self._style.get_attrs_for_style_str(style)
        return attrs

    def _draw(self) -> None:
        """Draw the prompt anew, and remember how, for as long as nothing else draws it."""
        application = self._application
        output = application.output
        assert application.context is not None
        application.render_counter += 1  # what was shown before is kept by this number
        start = len(output.gathered_pieces) if isinstance(output, TerminalOutput) else 0
        application.context.copy().run(application.renderer.render, application, application.layout)
        self._drawn_screen = None
        if isinstance(output, TerminalOutput) and not self.open_line:
            self._drawn = "".join(output.gathered_pieces[start:])
            self._drawn_screen = application.renderer.last_rendered_screen

    def _stays(self) -> bool:
        """Whether the prompt looks as it did when it was drawn here last.

        To draw it takes longer than to write a batch. While much is printed it is the same each
        time, but for the unfinished line.
        """
        application = self._application
        screen = application.renderer.last_rendered_screen
        if screen is None or screen is not self._drawn_screen:
            return False
        return not application.invalidated and not self.open_line

    def _erase(self) -> None:
        """As the renderer does it, which goes on believing that the prompt is there."""
        assert self._drawn_screen is not None
        output = self._application.output
        cursor = self._drawn_screen.get_cursor_position(self._application.layout.current_window)
        output.cursor_backward(cursor.x)
        output.cursor_up(cursor.y)
        output.erase_down()
        output.reset_attributes()
        output.enable_autowrap()

    @property
    def _batch(self) -> int:
        """How many characters to write before keys get their turn."""
        output = self._application.output
        return output.room if isinstance(output, TerminalOutput) else _BATCH

    def _gathered(self) -> contextlib.AbstractContextManager[None]:
        """Where what is erased, written and drawn goes out as one, if the output can do that."""
        output = self._application.output
        if isinstance(output, TerminalOutput):
            return output.gathered()
        return contextlib.nullcontext()

    def _take(self) -> list[tuple[str, str]]:
        """A batch of whole lines."""
        batch: list[tuple[str, str]] = []
        size = 0
        enough = self._batch
        ended = True
        while self._pending and size < enough:
            style, text = self._pending.popleft()
            if size + len(text) > 2 * enough:
                cut = text.find("\n", enough) + 1
                if 0 < cut < len(text):
                    self._pending.appendleft((style, text[cut:]))
                    text = text[:cut]
            size += len(text)
            ended = text.endswith("\n")
            batch.append((style, text))
        if not ended:
            for style, text in self._rest_of_line():
                size += len(text)
                batch.append((style, text))
        self._size -= size
        return batch

    def _rest_of_line(self) -> Iterable[tuple[str, str]]:
        """Whole pieces until one ends its line: the prompt must start on a line of its own."""
        while self._pending:
            style, text = self._pending.popleft()
            yield style, text
            if text.endswith("\n"):
                return

    def _schedule(self) -> None:
        """Have a batch written soon: at once if there is enough for one."""
        loop = asyncio.get_running_loop()
        wait = max(_SOON, self._last + _INTERVAL - loop.time())
        if self._size >= self._batch:
            wait = 0.0
        if self._timer is not None:
            if self._timer.when() <= loop.time() + wait:
                return
            self._timer.cancel()
        self._timer = loop.call_later(wait, self.flush)

    def _prefixed(self, text: str, *, at_start: bool) -> str:
        """Mark each line as coming from the background."""
        prefix = "\x1b[2m[bg]\x1b[22m " if self._colours else "[bg] "
        ended = text.endswith("\n")
        marked = (text[:-1] if ended else text).replace("\n", "\n" + prefix)
        return (prefix if at_start else "") + marked + ("\n" if ended else "")


def _colours_after(text: str) -> str:
    """What has to be written to go on with the colours that a clean text ends with."""
    if "\x1b" not in text:
        return ""
    sanitiser = Sanitiser()
    sanitiser.clean(text[max(text.rfind("\x1b[0m"), 0) :])  # what came before is over there
    return sanitiser.sgr
