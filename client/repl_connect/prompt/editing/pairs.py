"""Brackets and quotes that close themselves as they are typed.

What stands in the text decides, not what was typed before: a closing one that is there already and
belongs to the text is stepped over, one that is missing is inserted. Keys that arrive together with
others are text from a program, or typed ahead: nothing is added to them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from prompt_toolkit.buffer import Buffer
from prompt_toolkit.document import Document
from prompt_toolkit.filters import (
    Condition,
    Filter,
    emacs_insert_mode,
    emacs_mode,
    has_selection,
    vi_insert_mode,
)
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

from repl_connect.languages import Language

__all__ = ["Pairs", "pair_keys"]

_OPENERS: Final = "([{\"'"
_CLOSERS: Final = ")]}"
_PREFIX: Final = re.compile(r"(?<!\w)[bfruBFRU]{1,2}$")
_BEFORE_WHICH: Final = ")]},;"  # what an opening bracket is closed before, besides blanks


class Pairs:
    """What typing one of a pair does to a buffer; `language` gives the language at the time."""

    def __init__(self, buffer: Buffer, language: Callable[[], Language]) -> None:
        self._buffer = buffer
        self._language = language

    def has(self, char: str) -> bool:
        """Whether the language has pairs with this character."""
        pairs = self._language().pairs
        return char in pairs or char in pairs.values()

    def type(self, char: str) -> None:
        """Insert a character, and what closes it; or step over it."""
        language = self._language()
        if language.pairs.get(char) == char:
            self._type_quote(char, language)
        elif char in language.pairs:
            self._type_opener(char, language.pairs[char], language)
        elif not self._steps_over(char, language):
            self._buffer.insert_text(char)

    def wrap(self, char: str) -> None:
        """Put the pair around what is selected."""
        closer = self._language().pairs[char]
        document = self._buffer.document
        start, end = next(iter(document.selection_ranges()), (0, 0))
        text = document.text
        wrapped = char + text[start:end] + closer
        self._buffer.exit_selection()
        self._buffer.document = Document(text[:start] + wrapped + text[end:], start + len(wrapped))

    @property
    def at_empty(self) -> bool:
        """Whether the cursor is between the two of a pair, with nothing in it."""
        document = self._buffer.document
        text, cursor = document.text, document.cursor_position
        language = self._language()
        before, after = text[cursor - 1 : cursor], text[cursor : cursor + 1]
        if not before or language.pairs.get(before) != after:
            return False
        inside = "string" if before == after else "code"
        return language.context(text, cursor) == inside and not _escaped(text, cursor - 1)

    @property
    def in_long_string(self) -> bool:
        """Whether the cursor is just before the three quotes that end a long string."""
        text, cursor = self._buffer.text, self._buffer.cursor_position
        language = self._language()
        quote = text[cursor : cursor + 1]
        return (
            language.pairs.get(quote) == quote
            and text.startswith(3 * quote, cursor)
            and _has_long(language.context, quote)
            and language.context(text, cursor) == "string"
        )

    def delete_both(self) -> None:
        """Take away the pair around the cursor."""
        self._buffer.delete()
        self._buffer.delete_before_cursor()

    def _type_opener(self, char: str, closer: str, language: Language) -> None:
        text, cursor = self._buffer.text, self._buffer.cursor_position
        following = text[cursor : cursor + 1]
        self._buffer.insert_text(char)
        if following.strip() and following not in _BEFORE_WHICH:
            return
        if language.context(text, cursor) != "code":
            return
        if following == closer and any(
            each.partner is None and text[each.position] == closer
            for each in language.brackets(text)
            if each.position >= cursor
        ):
            return  # one that waited for this
        self._insert_behind(closer)

    def _type_quote(self, quote: str, language: Language) -> None:
        text, cursor = self._buffer.text, self._buffer.cursor_position
        before, following = text[:cursor], text[cursor : cursor + 1]
        inside = language.context(text, cursor)
        if inside == "string":
            if following == quote and not _escaped(text, cursor):
                self._buffer.cursor_position += 1
            else:
                self._buffer.insert_text(quote)
            return
        self._buffer.insert_text(quote)
        if inside != "code" or (following.strip() and following not in _BEFORE_WHICH):
            return
        if before.endswith(quote):
            if before.endswith(2 * quote) and _has_long(language.context, quote):
                self._insert_behind(3 * quote)
            return
        word = before[-1:].isalnum() or before[-1:] == "_"
        if not word or _PREFIX.search(before):
            self._insert_behind(quote)

    def _steps_over(self, closer: str, language: Language) -> bool:
        """Step over a closing bracket that is not needed for one that is still open."""
        text, cursor = self._buffer.text, self._buffer.cursor_position
        if text[cursor : cursor + 1] != closer:
            return False
        brackets = language.brackets(text)
        here = next((each for each in brackets if each.position == cursor), None)
        if here is None or here.partner is None:
            return False
        open_before = [each for each in brackets if each.position < cursor and each.partner is None]
        if any(language.pairs.get(text[each.position]) == closer for each in open_before):
            return False
        self._buffer.cursor_position += 1
        return True

    def _insert_behind(self, text: str) -> None:
        self._buffer.insert_text(text, move_cursor=False, fire_event=False)


def pair_keys(pairs: Pairs, when: Filter) -> KeyBindings:
    """The bindings; `when` says whether pairs are to be closed where the cursor is."""
    keys = KeyBindings()
    typing = when & (emacs_insert_mode | vi_insert_mode)

    def alone(event: KeyPressEvent) -> bool:
        return not event.arg_present and not event.key_processor.input_queue

    def unless_repeated(event: KeyPressEvent) -> bool:
        return not event.is_repeat

    for char in _OPENERS + _CLOSERS:
        known = Condition(lambda char=char: pairs.has(char))  # type: ignore[misc]

        @keys.add(char, filter=typing & known, save_before=unless_repeated)
        def _(event: KeyPressEvent) -> None:
            if alone(event):
                pairs.type(event.data)
            else:
                event.current_buffer.insert_text(event.data * event.arg)

        if char in _OPENERS:

            @keys.add(char, filter=when & emacs_mode & has_selection & known)
            def _(event: KeyPressEvent) -> None:
                pairs.wrap(event.data)

    @keys.add(
        "backspace",
        filter=typing & Condition(lambda: pairs.at_empty),
        save_before=unless_repeated,
    )
    def _(event: KeyPressEvent) -> None:
        if alone(event):
            pairs.delete_both()
        else:
            event.current_buffer.delete_before_cursor(event.arg)

    return keys


def _escaped(text: str, position: int) -> bool:
    """Whether an odd number of backslashes is before this position."""
    before = text[:position]
    return (len(before) - len(before.rstrip("\\"))) % 2 == 1


@lru_cache
def _has_long(context: Callable[[str, int], str], quote: str) -> bool:
    """Whether three quotes open a string that one does not end: the language itself tells."""
    return context(f"{3 * quote}a{quote}b", 6) == "string"
