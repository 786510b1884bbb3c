"""What keys do to the text that is typed: when it is sent, indentation, moves and edits by forms.

Whatever the language has nothing for is left alone, without a sound.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from prompt_toolkit.application import Application, get_app
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.clipboard import Clipboard
from prompt_toolkit.document import Document
from prompt_toolkit.filters import vi_mode
from prompt_toolkit.key_binding.vi_state import InputMode
from prompt_toolkit.search import stop_search
from prompt_toolkit.selection import SelectionState

from repl_connect.languages import TEXT, Language
from repl_connect.prompt.commands import typed_command
from repl_connect.prompt.editing.choosing import Choosing
from repl_connect.prompt.editing.pairs import Pairs
from repl_connect.prompt.editing.syntax_mark import SyntaxCheck, SyntaxMark
from repl_connect.prompt.look.brackets import BracketProcessor
from repl_connect.settings import Settings

if TYPE_CHECKING:
    from repl_connect.languages.language import EditFunction, MoveFunction, Structure

__all__ = ["Editing", "TypingPlace", "start_line"]

_STEP = "    "


class TypingPlace(Protocol):
    """Where the text is typed."""

    language: Language
    settings: Settings

    @property
    def takes_input(self) -> bool:
        """Whether the line is input for the program."""


class Editing:
    """Edits a buffer in the ways of the language there is at the time."""

    def __init__(self, buffer: Buffer, place: TypingPlace) -> None:
        self.buffer = buffer
        self._place = place
        self.choosing = Choosing(buffer)
        self.pairs = Pairs(buffer, lambda: place.language)
        self.syntax = SyntaxCheck(
            buffer,
            lambda: place.language,
            enabled=self._checks_syntax,
            on_change=_redraw,
        )

    @property
    def processors(self) -> tuple[BracketProcessor, SyntaxMark]:
        """What marks the text as it is drawn; to be the first ones."""
        place = self._place
        return (
            BracketProcessor(
                lambda: TEXT if place.takes_input else place.language,
                lambda: place.settings,
                _redraw,
            ),
            SyntaxMark(self.syntax),
        )

    # Sending.

    def submits(self) -> bool:
        """Whether Enter sends the text; if not, a line is started, or the cursor is at an error.

        Who types ahead doesn't see what is said of a line: it is sent then.
        """
        text = self.buffer.text
        typed = typed_command(text, self._language())
        if typed is not None:
            complete = typed.is_complete(self._language())
        else:
            complete = self._language().is_complete(text)
        if complete:
            self._step_to_body()
        if self._wants_line():
            self.new_line()
            return False
        if not complete:
            self._step_over_closers()
            self.new_line()
            return False
        return bool(get_app().key_processor.input_queue) or not self.syntax.holds()

    def _language(self) -> Language:
        return self._place.language

    def _checks_syntax(self) -> bool:
        text = self.buffer.text
        return (
            self._place.settings.prompt.check_syntax
            and not self._place.takes_input
            and typed_command(text, self._language()) is None
            and not self._language().is_meta_command(text)
        )

    # Lines.

    @property
    def at_indentation(self) -> bool:
        """Whether there are only blanks before the cursor in its line."""
        return not self.buffer.document.current_line_before_cursor.strip()

    def _wants_line(self) -> bool:
        """Whether Enter starts a line although the text could be sent.

        So it is above the last line, and before what was closed by itself: in a long string, where
        something is still to come in brackets, and in a form of a Lisp's that has a body.
        """
        document = self.buffer.document
        after = document.text_after_cursor
        if not document.on_last_line:
            return bool(after.strip())
        if self.pairs.in_long_string and not after.strip(")]}\"' \t"):
            return True
        if not after.strip() or after.strip(")]} \t"):
            return False
        before = document.text_before_cursor
        language = self._language()
        if before.endswith((",", "[", "{")):
            return True
        if language.find_error(document.text) and not language.is_complete(before):
            return True
        opened = [each.position for each in language.brackets(before) if each.partner is None]
        if not opened or not before[opened[-1] + 1 :].strip():
            return False
        return self._has_body(opened[-1], before)

    def _has_body(self, bracket: int, before: str) -> bool:
        """Whether what follows this text in the form is its body, and not an argument.

        What is not a body stands below the first argument, or one column inside.
        """
        column = bracket - (before.rfind("\n", 0, bracket) + 1)
        return len(self._language().indent(before)) == column + 2

    def _step_to_body(self) -> None:
        """Go behind a list of arguments or bindings that was closed by itself: a body is to come.

        `(define (f x|))` becomes `(define (f x)|)`.
        """
        document = self.buffer.document
        before, after = document.text_before_cursor, document.text_after_cursor
        if not after.strip() or after.strip(")]} "):
            return
        opened = [each.position for each in self._language().brackets(before) if not each.partner]
        for levels, (bracket, inner) in enumerate(
            zip(opened[-2::-1], opened[:0:-1], strict=True), 1
        ):
            head = before[bracket + 1 : inner].split()
            if len(head) == 1 and self._has_body(bracket, before[:inner] + "x"):
                closers = [at for at, each in enumerate(after) if each != " "]
                if levels < len(closers):
                    self.buffer.cursor_position += closers[levels - 1] + 1
                return

    def _step_over_closers(self) -> None:
        """Go behind what was closed by itself where the line is whole, as that of a block may be.

        It lacks nothing but the lines that follow: with an empty one it could be sent.
        """
        after = self.buffer.document.text_after_cursor
        if after.strip() and not after.strip(")]} \t"):
            text = self.buffer.text
            if self._language().is_complete(text + "\n"):
                self.buffer.cursor_position = len(text)

    def new_line(self) -> None:
        """Start a line, indented."""
        buffer = self.buffer
        document = buffer.document
        rest = document.current_line_after_cursor
        if rest.strip():
            buffer.delete(len(rest) - len(rest.lstrip()))
        buffer.insert_text("\n" + self._language().indent(document.text_before_cursor))

    def indent(self) -> None:
        """Put the right indentation before the cursor; one step more if it is there."""
        document = self.buffer.document
        present = document.current_line_before_cursor
        start = document.cursor_position - len(present)
        wanted = self._language().indent(document.text[: max(0, start - 1)]) if start else ""
        if wanted == present or len(wanted) < len(present):
            self.buffer.insert_text(_STEP)
        else:
            self.buffer.insert_text(wanted[len(present) :])

    def dedent(self) -> None:
        """Take a step of indentation from the line."""
        document = self.buffer.document
        line = document.current_line
        blanks = len(line) - len(line.lstrip(" "))
        taken = (blanks % len(_STEP)) or min(blanks, len(_STEP))
        start = document.cursor_position - document.cursor_position_col
        text = document.text[:start] + document.text[start + taken :]
        cursor = max(start, document.cursor_position - taken)
        self.buffer.document = Document(text, cursor)

    def paste(self, text: str) -> None:
        """Insert text as it is, apart from control characters, of which only tabs are kept."""
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        kept = "".join(char for char in text if char in "\n\t" or not _is_control(char))
        if self.buffer.selection_state is not None:
            self.buffer.cut_selection()
        self.buffer.insert_text(kept)

    # Forms.

    def move(self, way: Callable[[Structure], MoveFunction]) -> None:
        """Move the cursor as a function of the language's structure says."""
        found = self._found(way)
        if found is not None:
            self.buffer.cursor_position = found

    def change(self, way: Callable[[Structure], EditFunction]) -> None:
        """Change the text as a function of the language's structure says."""
        structure = self._language().structure
        if structure is None:
            return
        document = self.buffer.document
        edit = way(structure)(document.text, document.cursor_position)
        if edit is not None:
            self.buffer.document = Document(edit.text, edit.position)

    def kill_form(self, clipboard: Clipboard) -> None:
        """Delete the form after the cursor; it can be yanked."""
        end = self._found(lambda structure: structure.kill_end)
        if end is not None and end > self.buffer.cursor_position:
            clipboard.set_text(self.buffer.delete(end - self.buffer.cursor_position))

    def backward_kill_form(self, clipboard: Clipboard) -> None:
        """Delete the form before the cursor; it can be yanked."""
        start = self._found(lambda structure: structure.backward)
        if start is not None and start < self.buffer.cursor_position:
            count = self.buffer.cursor_position - start
            clipboard.set_text(self.buffer.delete_before_cursor(count))

    def select_form(self) -> None:
        """Select the form at the cursor; if it is selected, the one around it."""
        structure = self._language().structure
        if structure is None:
            return
        buffer = self.buffer
        text = buffer.text
        selected: tuple[int, int] | None = None
        if buffer.selection_state is not None:
            selected = buffer.document.selection_range()
            start: int | None = structure.up(text, selected[0])
        else:
            start = buffer.cursor_position
        span = structure.form_at(text, start) if start is not None else None
        if span is None or (selected is not None and span[1] < selected[1]):
            return
        # In vi mode the character under the cursor belongs to the selection.
        buffer.cursor_position = span[1] - 1 if vi_mode() else span[1]
        buffer.selection_state = SelectionState(original_cursor_position=span[0])
        buffer.selection_state.enter_shift_mode()  # what is typed replaces it

    def close_all(self) -> None:
        """Close every bracket that is open before the cursor; step over what is there of it."""
        document = self.buffer.document
        text, cursor = document.text, document.cursor_position
        language = self._language()
        before = text[:cursor]
        if language.context(text, cursor) != "code":
            return
        for bracket in reversed(language.brackets(before)):
            closer = language.pairs.get(before[bracket.position])
            if bracket.partner is not None or closer is None:
                continue
            if text[cursor : cursor + 1] != closer:
                text = text[:cursor] + closer + text[cursor:]
            cursor += 1
        self.buffer.document = Document(text, cursor)

    def _found(self, way: Callable[[Structure], MoveFunction]) -> int | None:
        structure = self._language().structure
        if structure is None:
            return None
        document = self.buffer.document
        return way(structure)(document.text, document.cursor_position)


def start_line(application: Application[object]) -> None:
    """Leave the search and vi's navigation mode: what is typed now is text."""
    if application.layout.is_searching and application.context is not None:
        application.context.copy().run(stop_search)
    application.vi_state.input_mode = InputMode.INSERT


def _redraw() -> None:
    get_app().invalidate()


def _is_control(char: str) -> bool:
    return char < " " or "\x7f" <= char < "\xa0"
