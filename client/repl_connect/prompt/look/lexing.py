"""Colouring code by Pygments' lexers, line by line, so that a key costs one line of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import (
    PygmentsTokens,
    StyleAndTextTuples,
    split_lines,
    to_formatted_text,
)
from prompt_toolkit.lexers import Lexer, PygmentsLexer, SimpleLexer
from prompt_toolkit.styles.pygments import pygments_token_to_classname

if TYPE_CHECKING:
    from pygments.lexer import Lexer as PygmentsLexerClass

__all__ = ["HIGHLIGHTED", "LanguageLexer", "LineLexer", "highlighted", "load_lexer"]

HIGHLIGHTED: Final = 20_000
"""Characters of a text that is coloured; lexing more of it would be felt."""

_LINES_KEPT: Final = 2_000
_OPEN: Final = ("class:pygments.literal.string", "class:pygments.comment")
_CLOSED: Final = "class:pygments.comment.single"


class _Run(NamedTuple):
    """Lines that were lexed together. `closed`: what follows them has no part in it."""

    lines: tuple[str, ...]
    lexed: list[StyleAndTextTuples]
    closed: bool


class LineLexer(PygmentsLexer):
    """Lexes each line by itself and remembers it; lines that share a string or comment together.

    That is not all that a lexer could know: in a list that was quoted some lines above, a line is
    coloured as code. But a key in a long text costs no more than in a short one.
    """

    def __init__(self, pygments_lexer_cls: type[PygmentsLexerClass]) -> None:
        super().__init__(pygments_lexer_cls)
        self._classes: dict[object, str] = {}
        self._runs: dict[str, _Run] = {}
        self._last: tuple[Sequence[str], list[StyleAndTextTuples]] = ([], [])

    def lex_document(self, document: Document) -> Callable[[int], StyleAndTextTuples]:
        """The fragments of each line, by its number."""
        lines = document.lines
        if len(document.text) > HIGHLIGHTED:
            return lambda number: [("", lines[number])] if number < len(lines) else []
        lexed = self._as_before(lines, document.cursor_position_row)
        alone = True
        while len(lexed) < len(lines):
            run = self._run_at(lines, len(lexed))
            lexed += run.lexed
            alone = alone and run.closed and len(run.lines) == 1
        self._last = (lines, lexed) if alone else ([], [])
        return lambda number: lexed[number] if number < len(lexed) else []

    def _as_before(self, lines: Sequence[str], row: int) -> list[StyleAndTextTuples]:
        """All lines, if none but this one has changed and each is lexed by itself; or nothing."""
        before, lexed = self._last
        if (
            len(before) != len(lines)
            or before[:row] != lines[:row]
            or before[row + 1 :] != lines[row + 1 :]
        ):
            return []
        run = self._run_at(lines, row)
        if not run.closed or len(run.lines) > 1:
            return []
        return [*lexed[:row], run.lexed[0], *lexed[row + 1 :]]

    def _run_at(self, lines: Sequence[str], start: int) -> _Run:
        """The line at `start`, with those below that belong to it."""
        first = lines[start]
        if not first.strip():
            return _Run((first,), [[("", first)]], closed=True)
        known = self._runs.get(first)
        if known is not None:
            end = start + len(known.lines)
            if (known.closed or end == len(lines)) and (
                end == start + 1 or known.lines == tuple(lines[start:end])
            ):
                return known
        if len(self._runs) > _LINES_KEPT:
            self._runs.clear()
        known = self._runs[first] = self._lexed(lines, start)
        return known

    def _lexed(self, lines: Sequence[str], start: int) -> _Run:
        """Lex up to the first line whose end is in no string or comment."""
        read: StyleAndTextTuples = []
        closed = False
        text = "\n".join(lines[start:]) + "\n"
        for _, token, piece in self.pygments_lexer.get_tokens_unprocessed(text):
            style = self._classes.get(token)
            if style is None:
                style = self._classes[token] = "class:" + pygments_token_to_classname(token)
            if "\n" in piece and (not style.startswith(_OPEN) or style.startswith(_CLOSED)):
                closed = True
                read.append((style, piece.partition("\n")[0]))
                break
            read.append((style, piece))
        lexed = [list(line) for line in split_lines(read)]
        if not closed:
            del lexed[len(lines) - start :]  # the line after the newline that was added
        return _Run(tuple(lines[start : start + len(lexed)]), lexed, closed)


class LanguageLexer(Lexer):
    """Colours what is typed as the language does it, once its lexer has been loaded.

    `enabled` says whether code is typed. `on_load` is called when another lexer is there.
    """

    def __init__(self, *, enabled: Callable[[], bool], on_load: Callable[[], None]) -> None:
        self._enabled = enabled
        self._on_load = on_load
        self._plain = SimpleLexer()
        self._alias: str | None = None
        self.loaded: LineLexer | None = None

    def load(self, alias: str | None) -> None:
        """Get the lexer of this name, beside the loop: its import would be felt. None: have none.

        The loop must be running.
        """
        self._alias = alias
        if alias is None:
            self.loaded = None
            return
        loading = asyncio.get_running_loop().run_in_executor(None, load_lexer, alias)

        def take(future: asyncio.Future[LineLexer | None]) -> None:
            if not future.cancelled() and self._alias == alias:
                self.loaded = future.result()
                self._on_load()

        loading.add_done_callback(take)

    def lex_document(self, document: Document) -> Callable[[int], StyleAndTextTuples]:
        """The fragments of each line, by its number."""
        return self._present().lex_document(document)

    def invalidation_hash(self) -> Hashable:
        """Which lexer it is at present."""
        return id(self._present())

    def _present(self) -> Lexer:
        return self.loaded if self.loaded is not None and self._enabled() else self._plain


def load_lexer(alias: str) -> LineLexer | None:
    """The lexer Pygments has under this name; slow the first time."""
    from pygments.lexers import find_lexer_class_by_name
    from pygments.util import ClassNotFound

    try:
        return LineLexer(find_lexer_class_by_name(alias))
    except ClassNotFound:
        return None


def highlighted(lexer: PygmentsLexer | None, text: str, style: str = "") -> StyleAndTextTuples:
    """Text as fragments, coloured if there is a lexer and it is not too long for that."""
    if lexer is None or len(text) > HIGHLIGHTED:
        return [(style, text)]
    tokens: Iterable[tuple[object, str]] = lexer.pygments_lexer.get_tokens(text)
    return to_formatted_text(PygmentsTokens(list(tokens)), style=style)
