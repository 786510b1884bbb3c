"""Scheme and its relations: Guile, Racket, any other Scheme, Common Lisp."""

from __future__ import annotations

from functools import partial
from typing import Final

from repl_connect.languages import lisp
from repl_connect.languages.language import Language

__all__ = ["COMMON_LISP", "GUILE", "RACKET", "SCHEME"]

_BLOCK: Final = r"(?P<open>#\|)|(?P<close>\|#)"
_SYMBOL: Final = r"""[^\s()\[\]{}"';`,|]"""
_TOKEN: Final = r"""
    (?P<space>\s+)
  | (?P<comment>;[^\n]*)
  | (?P<block>\#\|)
  | (?P<whole>"(?:[^"\\]|\\.)*"
      | \#\\(?:[A-Za-z][\w+-]*|.)
      %(more)s
      | (?:\|[^|]*\|)
    )
  | (?P<cut>"|\|%(cut)s|\#\\$)
  | (?P<prefix>\#;|\#?'|\#?`|\#?,@?%(prefix)s)
  | (?P<open>\#[A-Za-z0-9]{0,4}[(\[] | [(\[%(braces)s])
  | (?P<close>[)\]%(closing)s])
  | (?P<name>(?:[^\s()\[\]"';`,|%(braces)s%(closing)s]|\|[^|]*\|)+)
"""


def _syntax(bodies: str, *, token: str, prefixes: tuple[str, ...]) -> lisp.Syntax:
    return lisp.Syntax(
        token=token,
        block=_BLOCK,
        symbol=_SYMBOL,
        bodies=frozenset(bodies.split()),
        body_prefixes=prefixes,
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


_SCHEME_BODIES: Final = """
    lambda case-lambda named-lambda let let* letrec letrec* let-values let*-values let-syntax
    letrec-syntax when unless do case syntax-rules syntax-case parameterize guard dynamic-wind
    library module class receive and-let* match match-lambda match-lambda* match-let match-let*
"""
_NO_BRACES: Final = {"braces": "", "closing": "", "prefix": ""}
_GUILE: Final = _syntax(
    _SCHEME_BODIES
    + """call-with-prompt call-with-values call-with-input-string call-with-output-string
    call-with-port call-with-values catch eval-when lambda* let/ec let-escape-continuation
    set-record-type-printer! test-assert test-group while until""",
    token=_TOKEN % {**_NO_BRACES, "more": r"| \#\{(?:[^}\\]|\\.|\}(?!\#))*\}\#", "cut": r"|\#\{"},
    prefixes=("define", "with-", "call-with-"),
)
_SCHEME: Final = _syntax(
    _SCHEME_BODIES,
    token=_TOKEN % {**_NO_BRACES, "more": "", "cut": ""},
    prefixes=("define", "with-", "call-with-"),
)
_BRACES: Final = {"braces": "{", "closing": "}"}
_RACKET: Final = _syntax(
    _SCHEME_BODIES
    + """module* module+ for for* for/list for*/list for/fold for*/fold for/hash for/vector
    for/sum for/and for/or for/first let/ec let/cc begin-for-syntax with-handlers λ struct""",
    token=_TOKEN
    % {**_BRACES, "prefix": r"|\#&", "more": r'| \#(?:rx|px)\#?"(?:[^"\\]|\\.)*"', "cut": ""},
    prefixes=("define", "with-", "call-with-", "syntax-"),
)
_COMMON_LISP: Final = _syntax(
    """lambda let let* flet labels macrolet symbol-macrolet when unless progn block catch case
    ecase ccase typecase etypecase dolist dotimes do do* prog prog1 eval-when handler-case
    handler-bind restart-case restart-bind unwind-protect multiple-value-bind destructuring-bind
    loop return-from tagbody throw locally""",
    token=_TOKEN % {**_NO_BRACES, "prefix": r"|\#[+-.]", "more": "", "cut": ""},
    prefixes=("def", "with-", "do-"),
)

SCHEME = Language(
    name="scheme",
    lexer="scheme",
    comment_prefix=";; ",
    is_complete=partial(lisp.is_complete, syntax=_SCHEME),
    indent=partial(lisp.indent, syntax=_SCHEME),
    symbol_before=partial(lisp.symbol_before, syntax=_SCHEME),
    symbol_at=partial(lisp.symbol_at, syntax=_SCHEME),
    display_namespace=_prompt,
)
"""Any Scheme, by the reports."""

GUILE = Language(
    name="guile",
    lexer="scheme",
    comment_prefix=";; ",
    is_complete=_guile_complete,
    indent=partial(lisp.indent, syntax=_GUILE),
    symbol_before=partial(lisp.symbol_before, syntax=_GUILE),
    symbol_at=partial(lisp.symbol_at, syntax=_GUILE),
    display_namespace=_prompt,
    is_meta_command=_meta_command,
    meta_commands="Guile's own commands: ,m MODULE  ,use MODULE  ,bt  ,describe NAME  ,apropos "
    "WORD  ,time FORM  ,pp FORM  ,help all (Guile's manual, “REPL Commands”).",
)
"""GNU Guile. A `,` command is complete with its line."""

RACKET = Language(
    name="racket",
    lexer="racket",
    comment_prefix=";; ",
    is_complete=partial(lisp.is_complete, syntax=_RACKET),
    indent=partial(lisp.indent, syntax=_RACKET),
    symbol_before=partial(lisp.symbol_before, syntax=_RACKET),
    symbol_at=partial(lisp.symbol_at, syntax=_RACKET),
    display_namespace=_prompt,
)
"""Racket: `{}` are brackets too, and here strings are left to the lexer alone."""

COMMON_LISP = Language(
    name="sbcl",
    lexer="common-lisp",
    comment_prefix=";; ",
    is_complete=partial(lisp.is_complete, syntax=_COMMON_LISP),
    indent=partial(lisp.indent, syntax=_COMMON_LISP),
    symbol_before=partial(lisp.symbol_before, syntax=_COMMON_LISP),
    symbol_at=partial(lisp.symbol_at, syntax=_COMMON_LISP),
    display_namespace=lambda namespace: f"{namespace or 'CL-USER'}> ",
)
"""Common Lisp, as SBCL has it."""
