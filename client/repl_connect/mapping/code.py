"""The code for each partner and item: by the partner's language, with the item in it as data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from repl_connect.errors import ReplConnectError, UsageError
from repl_connect.exit_codes import ExitCode
from repl_connect.languages import LANGUAGES, Language
from repl_connect.mapping.outcome import Item

__all__ = ["Code", "Unfit", "Written", "language_and_code"]

Written = Callable[[Item], str]
"""Code for an item. Raises `ValueError`, with why, for an item that can't be written there."""


class Unfit(ReplConnectError):
    """A partner can't be given items: the text says why."""

    exit_code = ExitCode.RAISED


class Code(NamedTuple):
    """What is evaluated.

    `text` is for every language but those of `by_language`. If `name` is given, an item stands in
    its place wherever it is a symbol of the code.
    """

    text: str
    by_language: Mapping[str, str] = {}
    name: str | None = None

    def check(self) -> None:
        """Raise `UsageError` if there is to be an item, and nothing can mention it."""
        if self.name is None:
            return
        for text in (self.text, *self.by_language.values()):
            if self.name not in text:
                raise UsageError(
                    f"The code does not mention `{self.name}`, which stands for the item: "
                    f"{_shortened(text)}\nWrite it where the item belongs, or say --as NAME."
                )

    def for_language(self, language: Language) -> str:
        """The code for a language, as it was given."""
        for name in (language.name, _family(language.name)):
            if name in self.by_language:
                return self.by_language[name]
        return self.text

    def with_items(self, language: Language) -> Written:
        """The code for a language, ready for items. Raises `Unfit`."""
        assert self.name is not None
        text = self.for_language(language)
        literal = language.text_literal
        if literal is None:
            raise Unfit(
                f"how it writes a text is not known here (its language: {language.name}), so it "
                "can be given no items. If it is a partner, say its `language` there."
            )
        places = language.uses(text, self.name)
        if not places:
            raise Unfit(
                f"`{self.name}` is no symbol of this code in its language ({language.name}), "
                "so it can be given no items: in a string or a comment it is only text."
            )
        pieces = []
        position = 0
        for start, end in places:
            pieces.append(text[position:start])
            position = end
        pieces.append(text[position:])
        return lambda item: literal(item.text).join(pieces)


def language_and_code(text: str) -> tuple[str, str]:
    """`LANGUAGE=CODE`, read. Raises `UsageError`, with the languages there are."""
    name, equals, code = text.partition("=")
    name = name.strip().lower()
    if not equals or name not in LANGUAGES:
        from difflib import get_close_matches

        near = get_close_matches(name, LANGUAGES, n=1)
        raise UsageError(
            f"--for {_shortened(text)}: "
            + (f"there is no language {name!r} here. " if equals else "give LANGUAGE=CODE. ")
            + (f"Did you mean {near[0]}? " if near else "")
            + f"There are: {', '.join(sorted(LANGUAGES))}."
        )
    return name, code


def _family(name: str) -> str:
    """The language that a language is one of: `common-lisp` for `sbcl`."""
    return LANGUAGES.get(name, name).replace("_", "-")


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 60 else f"{line[:59]}…"
