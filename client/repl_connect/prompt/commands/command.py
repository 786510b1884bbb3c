"""A command: what is typed with a comma in front, and how it is read.

A REPL may have comma commands too (Guile's `,bt`). The names in `names` are ours everywhere, those
in `other_names` where the REPL has no commands; everything else that starts with a comma goes to a
REPL that has some. So does a command of ours that got an argument it does not take.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from repl_connect.languages import Language
from repl_connect.prompt.front_end import FrontEnd

__all__ = ["Command", "Typed"]


@dataclass(frozen=True, kw_only=True)
class Command:
    """One command. `run` gets the front end and the argument, which is empty if none was given.

    `argument` is what the help calls its argument: empty if it takes none, in brackets if it can be
    left out. `more` is the rest of its help and `example` a line to type, shown by `,help NAME`.
    """

    names: tuple[str, ...]
    doc: str
    run: Callable[[FrontEnd, str], None]
    other_names: tuple[str, ...] = ()
    argument: str = ""
    more: str = ""
    needs: str = ""
    """The op without which it can do nothing: it is not among what the help shows then."""
    example: str = ""
    code_after: int | None = None
    """After how many words of the argument code begins, which may have several lines; or None."""
    complete: Callable[[str], Iterable[str]] | None = None
    """What could stand in place of the last word of an argument; the words before are given too."""

    @property
    def all_names(self) -> tuple[str, ...]:
        """Every name, those that not every REPL leaves to us last."""
        return (*self.names, *self.other_names)

    def names_in(self, language: Language) -> tuple[str, ...]:
        """The names it has where this language is spoken."""
        return self.names if language.meta_commands else self.all_names


@dataclass(frozen=True, kw_only=True)
class Typed:
    """What a line that starts with a comma is: a command of ours to run, or a problem with it.

    `code` is the code in its argument, if it takes some: with all its blanks, for the rule of
    completeness.
    """

    command: Command | None = None
    argument: str = ""
    problem: str = ""
    code: str | None = None

    def is_complete(self, language: Language) -> bool:
        """Whether it can be run: the code in it is complete."""
        return self.code is None or language.is_complete(self.code)
