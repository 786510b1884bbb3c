"""Languages as data: what a front end asks of one, and one record for each.

`language_named` takes the name a server gives itself (`session.description.language`). A language
that is not known is plain text: every line is sent as it is.
"""

from __future__ import annotations

from repl_connect.languages.clojure import BABASHKA, BASILISP, CLOJURE
from repl_connect.languages.language import Language
from repl_connect.languages.python import PYTHON
from repl_connect.languages.scheme import COMMON_LISP, GUILE, RACKET, SCHEME

__all__ = ["LANGUAGES", "TEXT", "Language", "language_named"]

TEXT = Language(name="text")
"""Nothing is known of it."""

LANGUAGES: dict[str, Language] = {
    language.name: language
    for language in (
        BABASHKA,
        BASILISP,
        CLOJURE,
        COMMON_LISP,
        GUILE,
        PYTHON,
        RACKET,
        SCHEME,
        TEXT,
    )
}


def language_named(name: str) -> Language:
    """The record of a language; plain text's if it is not known."""
    return LANGUAGES.get(name.lower(), TEXT)
