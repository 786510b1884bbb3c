"""Scheme and its relations: Guile, Racket, any other Scheme."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

from repl_connect.languages import lisp
from repl_connect.languages.language import Language, SyntaxProblem
from repl_connect.languages.lisp_dialect import lisp_language

if TYPE_CHECKING:
    from repl_connect.languages.lisp_namespaces import Declarations

__all__ = ["GUILE", "RACKET", "RECORDS", "SCHEME"]

_BLOCK: Final = r"(?P<open>#\|)|(?P<close>\|#)"
_VALUELESS: Final = r"[(\[]\s*(?:define(?:[-*/:][^\s()]*)?|set!|use-modules|require)(?=[\s()\[\]])"
_SYMBOL: Final = r"""[^\s()\[\]{}"';`,|]"""
_TOKEN: Final = r"""
    (?P<space>\s+)
  | (?P<comment>;[^\n]*)
  | (?P<block>\#\|)%(remark)s
  | (?P<whole>"(?:[^"\\]|\\.)*"
      | \#\\(?:[A-Za-z][\w+-]*|.)
      %(more)s
      | \|(?:[^|\\]|\\.)*\|
      | \#<<(?P<here>[^\n]+)\n(?:[^\n]*\n)*?(?P=here)(?=\n|\Z)
    )
  | (?P<cut>"|\||\#<<%(cut)s|\#\\\Z)
  | (?P<prefix>\#;|\#?'|\#?`|\#?,@?%(prefix)s)
  | (?P<open>\#[A-Za-z0-9]{0,8}[(\[%(braces)s] | [(\[%(braces)s])
  | (?P<close>[)\]%(closing)s])
  | (?P<name>(?:[^\s()\[\]"';`,|%(braces)s%(closing)s]|\|[^|]*\|)+)
"""


def _syntax(
    bodies: str, *, token: str, prefixes: tuple[str, ...], calls: str = "(["
) -> lisp.Syntax:
    return lisp.Syntax(
        token=token,
        block=_BLOCK,
        symbol=_SYMBOL,
        bodies=frozenset(bodies.split()),
        body_prefixes=prefixes,
        discards=frozenset(("#;",)),
        calls=frozenset(calls),
    )


def _prompt(namespace: str | None) -> str:
    return f"{namespace or 'scheme'}> "


def _meta_command(text: str) -> bool:
    stripped = text.lstrip()
    return stripped.startswith(",") and not stripped.startswith((",(", ",@"))


def _guile_complete(text: str) -> bool:
    if _meta_command(text):  # the REPL reads one line; a form in it may go on
        return "\n" in text or lisp.is_complete(text.lstrip()[1:], _GUILE) or " " not in text
    return lisp.is_complete(text, _GUILE)


def _guile_error(text: str) -> SyntaxProblem | None:
    if _meta_command(text) or _has_bars(text):
        return None
    return lisp.find_error(text, _GUILE)


def _has_bars(text: str) -> bool:
    """Whether bars are in names: what they mean depends on how Guile's reader is set."""
    if "|" not in text:
        return False
    found = lisp.tokens(text, _GUILE)
    return any(
        text[start] != '"' and "|" in text[start:end]
        for kind, start, end in found
        if kind in ("whole", "name", "cut")
    )


def _may_end_in_value(text: str, syntax: lisp.Syntax) -> bool:
    from repl_connect.languages import lisp_structure

    forms = lisp_structure.statements(text, syntax)
    return not forms or not re.match(_VALUELESS, text[slice(*forms[-1])])


def _declarations() -> Declarations:
    from repl_connect.languages import lisp_namespaces

    return lisp_namespaces.GUILE


def _racket_modules(path: str) -> tuple[str, ...]:
    """The path as a string: so Racket calls the module that a file is."""
    if not path.endswith(".rkt"):
        return ()
    return ('"' + path.replace("\\", "\\\\").replace('"', '\\"') + '"',)


_SCHEME_BODIES: Final = """
    lambda case-lambda named-lambda let let* letrec letrec* let-values let*-values let-syntax
    letrec-syntax when unless do case syntax-rules syntax-case parameterize guard dynamic-wind
    library module class receive and-let* match match-lambda match-lambda* match-let match-let*
"""
_NO_BRACES: Final = {"braces": "", "closing": "", "prefix": "", "remark": ""}
# `#! ... !#` is a comment, but for these words after `#!`.
_SCRIPT: Final = r"""
  | (?P<remark>\#!(?!(?:eof|(?:no-)?fold-case|curly-infix|r6rs|r7rs|default|unspecified|optional
      |key|rest)\b).*?!\#)
  | (?P<cut_remark>\#!(?!(?:eof|(?:no-)?fold-case|curly-infix|r6rs|r7rs|default|unspecified
      |optional|key|rest)\b))"""
_GUILE: Final = _syntax(
    _SCHEME_BODIES
    + """call-with-prompt call-with-values call-with-input-string call-with-output-string
    call-with-port call-with-values catch eval-when lambda* let/ec let-escape-continuation
    set-record-type-printer! test-assert test-group while until""",
    token=_TOKEN
    % {
        **_NO_BRACES,
        "more": r"| \#\{(?:[^}\\]|\\.|\}(?!\#))*\}\#",
        "cut": r"|\#\{",
        "remark": _SCRIPT,
    },
    prefixes=("define", "with-", "call-with-"),
)
_SCHEME: Final = _syntax(
    _SCHEME_BODIES,
    token=_TOKEN % {**_NO_BRACES, "more": "", "cut": ""},
    prefixes=("define", "with-", "call-with-"),
)
_BRACES: Final = {"braces": "{", "closing": "}", "remark": ""}
_RACKET: Final = _syntax(
    _SCHEME_BODIES
    + """module* module+ for for* for/list for*/list for/fold for*/fold for/hash for/vector
    for/sum for/and for/or for/first let/ec let/cc begin-for-syntax with-handlers λ struct""",
    token=_TOKEN
    % {**_BRACES, "prefix": r"|\#&", "more": r'| \#(?:rx|px)\#?"(?:[^"\\]|\\.)*"', "cut": ""},
    prefixes=("define", "with-", "call-with-", "syntax-"),
    calls="([{",
)
SCHEME = lisp_language(
    name="scheme",
    suffix=".scm",
    lexer="scheme",
    syntax=_SCHEME,
    brackets="([",
    display_namespace=_prompt,
    numbered=None,  # they have no escape in common
)
"""Any Scheme, by the reports."""

GUILE = replace(
    lisp_language(
        name="guile",
        suffix=".scm",
        lexer="scheme",
        syntax=_GUILE,
        brackets="([",
        display_namespace=_prompt,
        load_declarations=_declarations,
    ),
    is_complete=_guile_complete,
    may_end_in_value=partial(_may_end_in_value, syntax=_GUILE),
    find_error=_guile_error,
    is_meta_command=_meta_command,
    meta_commands="Guile's own commands: ,m MODULE  ,use MODULE  ,bt  ,describe NAME  ,apropos "
    "WORD  ,time FORM  ,pp FORM  ,help all (Guile's manual, “REPL Commands”).",
)
"""GNU Guile. A `,` command is complete with its line."""

RACKET = replace(
    lisp_language(
        name="racket",
        suffix=".rkt",
        lexer="racket",
        syntax=_RACKET,
        brackets="([{",
        display_namespace=_prompt,
    ),
    may_end_in_value=partial(_may_end_in_value, syntax=_RACKET),
    namespaces_of_path=_racket_modules,
)
"""Racket: `{}` are brackets too."""

RECORDS: Final[Mapping[str, Language]] = {each.name: each for each in (GUILE, RACKET, SCHEME)}
"""Those of this module, by name."""
