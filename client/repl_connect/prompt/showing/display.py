"""What is shown of what was typed and of what comes of it, above the line being typed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from prompt_toolkit.data_structures import Size
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.lexers import PygmentsLexer

from repl_connect import session as events
from repl_connect.durations import duration
from repl_connect.escapes import visible
from repl_connect.prompt.look.layout import line_prefix
from repl_connect.prompt.look.lexing import HIGHLIGHTED, highlighted
from repl_connect.prompt.showing.printer import Printer
from repl_connect.prompt.showing.tracebacks import ErrorView, styled
from repl_connect.prompt.showing.values import Shown, ValueView

if TYPE_CHECKING:
    from repl_connect.settings import Settings

__all__ = ["Display"]


class Display:
    """Writes entries, values, errors and ends of evaluations with a printer.

    `lexer` is the language's, when it has been loaded. `size` is the terminal's.
    """

    def __init__(
        self,
        printer: Printer,
        values: ValueView,
        *,
        settings: Callable[[], Settings],
        size: Callable[[], Size],
        lexer: Callable[[], PygmentsLexer | None],
    ) -> None:
        self._printer = printer
        self._values = values
        self._settings = settings
        self._size = size
        self._lexer = lexer
        self._errors = ErrorView(
            lambda text: printer.program("err", text),
            printer.say,
            short=lambda: settings().prompt.traceback == "short",
        )

    @property
    def error(self) -> str:
        """The whole text of the last error, safe to show; empty if there was none."""
        return self._errors.text

    def entry(self, prompt: StyleAndTextTuples, text: str) -> None:
        """What was entered, as it stood there."""
        fragments: StyleAndTextTuples = list(prompt)
        line = 0
        for style, part, *_ in highlighted(self._lexer_for(text), text):
            for number, piece in enumerate(part.split("\n")):
                if number:
                    line += 1
                    fragments += [("", "\n"), *line_prefix(prompt, line)]
                if piece:
                    fragments.append((style, visible(piece)))
        fragments.append(("", "\n"))
        self._printer.say([(style, part) for style, part, *_ in fragments])

    def answer(self, text: str, *, secret: bool = False) -> None:
        """What was given to the program as input; a secret is not shown, not even its length."""
        text = "(not shown)" if secret else text
        self._printer.say([("class:input-request", "input> "), ("", visible(text) + "\n")])

    def event(self, event: events.Event, *, seconds: float = 0.0, timed: bool = False) -> None:
        """What came of an evaluation, or by itself.

        At an evaluation's end: how long it took, and if that is to be said.
        """
        if isinstance(event, events.Output) and event.held is not None:
            from repl_connect.prompt.commands.held import held_notice

            self._printer.say(held_notice(event))
            return
        late = isinstance(event, events.Output) and event.late
        if not late and self._errors.take(event):
            return
        match event:
            case events.Output():
                self._printer.program(event.stream, event.text, late=event.late)
            case events.Value():
                size = self._size()
                lines = self._settings().prompt.value_lines
                shown = self._values.show(event, rows=size.rows, columns=size.columns, lines=lines)
                self.value(shown, event.label)
            case events.Done():
                self._ended(event, seconds, timed=timed)
            case events.Failed() | events.NeedInput():
                pass

    def value(self, shown: Shown, label: str | None = None) -> None:
        """A value, or a part of one."""
        fragments: list[tuple[str, str]] = []
        if label:
            fragments.append(("class:label", f"{visible(label)} = "))
        parts = highlighted(self._lexer_for(shown.text), shown.text, "class:value")
        fragments += [(style, text) for style, text, *_ in parts]
        if shown.remark:
            fragments += [("", "\n"), ("class:note", shown.remark)]
        self._printer.say(fragments)

    def more_of_value(self) -> None:
        """The next part of the last value."""
        size = self._size()
        lines = self._settings().prompt.value_lines
        shown = self._values.more(rows=size.rows, columns=size.columns, lines=lines)
        if shown is None:
            self._printer.note("There is no more of the last value.")
        else:
            self.value(shown)

    def whole_error(self) -> None:
        """All of the last error."""
        if self.error:
            self._printer.say(styled(self.error))
        else:
            self._printer.note("There was no error yet.")

    def _ended(self, done: events.Done, seconds: float, *, timed: bool) -> None:
        self._printer.end_of_evaluation()
        if done.problem is not None and not done.lost:
            self._printer.problem(" ".join(visible(done.problem).split()))
        elif done.interrupted:
            self._printer.note("interrupted")
        least = self._settings().prompt.timing
        if timed or 0 <= least <= seconds:
            self._printer.note(duration(seconds))

    def _lexer_for(self, text: str) -> PygmentsLexer | None:
        return self._lexer() if len(text) <= HIGHLIGHTED else None
