"""The record that tells a front end all it needs to know of a language."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

__all__ = [
    "Bracket",
    "Call",
    "Edit",
    "EditFunction",
    "Language",
    "MoveFunction",
    "SpanFunction",
    "Structure",
    "SyntaxProblem",
]


class Bracket(NamedTuple):
    """A bracket that is code: not in a string, a comment or a character."""

    position: int
    depth: int
    """How many brackets are open around it; a closing one has its opening one's."""
    partner: int | None
    """Where the other of the pair is; None if there is none, or one of another kind."""


class SyntaxProblem(NamedTuple):
    """What is wrong with a text, whatever follows it."""

    position: int
    message: str
    """One line, without the position."""


class Call(NamedTuple):
    """The call that a position is in."""

    name: str
    """What is called, as one would look it up."""
    start: int
    """Where that name starts."""
    argument: int
    """Which argument the position is at, from 0; 0 at the name itself."""
    keyword: str | None
    """The parameter's name, if the argument is given by name; without the language's marks."""


class Edit(NamedTuple):
    """A text after a change, whole, and where the cursor is in it."""

    text: str
    position: int


MoveFunction = Callable[[str, int], int | None]
"""A text and a position in it; where to go, None if there is nothing there."""
SpanFunction = Callable[[str, int], tuple[int, int] | None]
"""A text and a position in it; the start and the end of something there, None for nothing."""
EditFunction = Callable[[str, int], Edit | None]
"""A text and the cursor; what becomes of them, None if that can't be done there."""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Structure:
    """Moves and edits by forms: a Lisp's data; Python's statements and, in brackets, elements.

    All work on any text, also one that is wrong or not finished, and on any position.
    """

    forward: MoveFunction
    """The end of the form at or after the position."""
    backward: MoveFunction
    """The start of the form at or before the position."""
    up: MoveFunction
    """The start of the form around."""
    down: MoveFunction
    """Just inside of the next form that has something in it."""
    form_at: SpanFunction
    """The smallest form that is around the position or touches it."""
    root_at: SpanFunction
    """The top-level form that is around the position or touches it."""
    slurp_forward: EditFunction
    """Take the next form into the list around."""
    slurp_backward: EditFunction
    """Take the form before the list around into it."""
    barf_forward: EditFunction
    """Put the last form out of the list around."""
    barf_backward: EditFunction
    """Put the first form out of the list around."""
    raise_form: EditFunction
    """Replace the form around by the one at the position."""
    splice: EditFunction
    """Take away the brackets around; what was in them stays."""
    wrap: EditFunction
    """Put brackets around the form at the position; empty ones if there is none."""
    kill_end: MoveFunction
    """The end of what is deleted when a form is deleted from the position on."""


def _always(_: str) -> bool:
    return True


def _never(_: str) -> bool:
    return False


def _no_indent(_: str) -> str:
    return ""


def _no_namespace(_: str | None) -> str:
    return "> "


def _word_before(text: str) -> str:
    start = len(text)
    while start and not text[start - 1].isspace():
        start -= 1
    return text[start:]


def _word_at(text: str, position: int) -> str:
    end = position
    while end < len(text) and not text[end].isspace():
        end += 1
    return _word_before(text[:end])


def _code(_text: str, _position: int) -> str:
    return "code"


def _no_brackets(_: str) -> list[Bracket]:
    return []


def _no_problem(_: str) -> SyntaxProblem | None:
    return None


def _no_call(_text: str, _position: int) -> Call | None:
    return None


def _no_structure() -> Structure | None:
    return None


def _no_namespace_at(_text: str, _position: int) -> str | None:
    return None


def _no_namespaces(_: str) -> tuple[str, ...]:
    return ()


def _no_uses(_text: str, _name: str) -> list[tuple[int, int]]:
    return []


def _line_at(text: str, position: int) -> tuple[int, int] | None:
    start = text.rfind("\n", 0, position) + 1
    line = text[start:].partition("\n")[0]
    start += len(line) - len(line.lstrip())
    return (start, start + len(line.strip())) if line.strip() else None


def _slice(text: str, start: int, end: int) -> str:
    return text[start:end]


def _whole(text: str) -> list[tuple[int, int]]:
    stripped = text.strip()
    start = text.find(stripped)
    return [(start, start + len(stripped))] if stripped else []


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Language:
    """What a front end knows of a language. Nothing here is evaluated, nothing asks the REPL.

    The defaults are those of plain text: each line is complete in itself. Positions count
    characters from the start of the text. Any text will do, also one that is wrong or not finished.
    """

    name: str
    lexer: str | None = None
    """Pygments' alias of its lexer; None for no highlighting."""
    suffix: str = ".txt"
    """What the names of its files end with."""
    comment_prefix: str = ""
    is_complete: Callable[[str], bool] = _always
    """Whether the text can be sent: whole forms, or an error that no further line can mend."""
    indent: Callable[[str], str] = _no_indent
    """The blanks that the line after this text starts with."""
    symbol_before: Callable[[str], str] = _word_before
    """The end of the text that a completion would replace; empty if there is nothing."""
    symbol_at: Callable[[str, int], str] = _word_at
    """The name around a position of the text; empty if there is none."""
    pairs: Mapping[str, str] = field(default_factory=dict)
    """What is typed in pairs: the one that opens, and the one that closes it."""
    context: Callable[[str, int], str] = _code
    """What a character typed at a position would be in: "code", "string" or "comment"."""
    brackets: Callable[[str], list[Bracket]] = _no_brackets
    """Every bracket of the code, from the start on."""
    rainbow: bool = False
    """Whether brackets are told apart by their depth."""
    find_error: Callable[[str], SyntaxProblem | None] = _no_problem
    """The first thing that is wrong for good; what can still be mended by going on is not."""
    call_at: Callable[[str, int], Call | None] = _no_call
    """The innermost call that a position is in."""
    statements: Callable[[str], list[tuple[int, int]]] = _whole
    """Where the top-level forms are that would be evaluated one by one: start and end of each."""
    may_end_in_value: Callable[[str], bool] = _always
    """Whether the last form of a text may have a value that is shown; an assignment has none.

    Without it, the last value that comes is an earlier form's.
    """
    code_at: SpanFunction = _line_at
    """What one would evaluate at a position: the innermost list, or statement. It may lack an end.

    A position beside it counts if nothing else of the line is nearer.
    """
    extracted: Callable[[str, int, int], str] = _slice
    """The code from a start to an end of a text, so that it can be evaluated on its own.

    It has as many lines as that piece of the text. If it is not that piece as it is, the columns
    are not those of the text: then they are not to be sent with it.
    """
    namespace_at: Callable[[str, int], str | None] = _no_namespace_at
    """The namespace that a file's text says its code is in from a position on, as `ns` takes it.

    None if it says none. Code belongs to where it starts: what declares a namespace is not in it.
    """
    namespaces_of_path: Callable[[str], tuple[str, ...]] = _no_namespaces
    """What a file's namespace may be called, by its absolute path, the likeliest first.

    Which of them the program has is not to be seen from here.
    """
    load_structure: Callable[[], Structure | None] = _no_structure
    """Makes what `structure` is."""
    display_namespace: Callable[[str | None], str] = _no_namespace
    """The prompt for a namespace, with the blank at its end."""
    uses: Callable[[str, str], list[tuple[int, int]]] = _no_uses
    """Where a text has a name as a symbol of its code: start and end of each place, in order.

    Not in a string or a comment, not as a part of a longer name, not what names something else: an
    attribute, a parameter, a quoted symbol.
    """
    text_literal: Callable[[str], str] | None = None
    """Any text as a string literal, to stand in code; None if it is not known how.

    Raises `ValueError`, with why, for text that can't be written.
    """
    is_meta_command: Callable[[str], bool] = _never
    """Whether the text is a command of the REPL's own, to be sent as it is (Guile's `,bt`)."""
    meta_commands: str = ""
    """A line about those commands for the help; empty if there are none."""

    @cached_property
    def structure(self) -> Structure | None:
        """Moves and edits by forms, loaded when first asked for; None if nothing is known of it."""
        return self.load_structure()
