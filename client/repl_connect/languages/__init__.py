"""Languages as data: what a front end asks of one, and one record for each.

`language_of` takes what a server says of itself (`session.description`). A language that is not
known is plain text: every line is sent as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Final

from repl_connect.languages.language import Language

if TYPE_CHECKING:
    from repl_connect.events import Description

__all__ = ["LANGUAGES", "TEXT", "Language", "language_named", "language_of"]

TEXT = Language(name="text")
"""Nothing is known of it."""

LANGUAGES: Final[Mapping[str, str]] = {
    "babashka": "clojure",
    "basilisp": "clojure",
    "clojure": "clojure",
    "common-lisp": "common_lisp",
    "guile": "scheme",
    "javascript": "javascript",
    "node": "javascript",
    "python": "python",
    "racket": "scheme",
    "sbcl": "common_lisp",
    "scheme": "scheme",
}
"""The languages that are known, and the module here that has each in its `RECORDS`."""


def language_of(description: Description | None) -> Language:
    """The record of what is spoken by who describes itself so; plain text's for no description."""
    return language_named(description.language) if description is not None else TEXT


def language_named(name: str) -> Language:
    """The record of a language, loaded now if it has to be; plain text's if it is not known."""
    name = name.lower()
    if name not in LANGUAGES:
        return TEXT
    records: Mapping[str, Language] = import_module(f"{__name__}.{LANGUAGES[name]}").RECORDS
    return records[name]
