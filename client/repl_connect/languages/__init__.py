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

__all__ = [
    "FILETYPES",
    "LANGUAGES",
    "TEXT",
    "Language",
    "language_named",
    "language_of",
    "language_of_filetype",
]

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

FILETYPES: Final[Mapping[str, str]] = {
    "clojure": "clojure",
    "guile": "guile",
    "javascript": "javascript",
    "lisp": "common-lisp",
    "python": "python",
    "racket": "racket",
    "scheme": "guile",
}
"""What Vim calls the language of a file, and the name in `LANGUAGES`.

Vim has one name for all Schemes. Guile's text has what the others' has, and `define-module`.
"""


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


def language_of_filetype(filetype: str) -> str | None:
    """The name of the language that a Vim filetype stands for; None if it is none of these.

    Of several (`scheme.guile`) the last that is known counts.
    """
    known = [FILETYPES[each] for each in filetype.split(".") if each in FILETYPES]
    return known[-1] if known else None
