"""Common Lisp. Only round brackets are brackets; `[`, `]`, `{` and `}` are part of names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from repl_connect.languages import lisp
from repl_connect.languages.language import Language
from repl_connect.languages.lisp_dialect import lisp_language

if TYPE_CHECKING:
    from repl_connect.languages.lisp_namespaces import Declarations

__all__ = ["COMMON_LISP", "RECORDS", "SBCL"]


def _declarations() -> Declarations:
    from repl_connect.languages import lisp_namespaces

    return lisp_namespaces.COMMON_LISP


_BODIES: Final = """
    lambda let let* flet labels macrolet symbol-macrolet when unless progn block catch case
    ecase ccase typecase etypecase dolist dotimes do do* prog prog1 eval-when handler-case
    handler-bind restart-case restart-bind unwind-protect multiple-value-bind destructuring-bind
    loop return-from tagbody throw locally
"""
_SYNTAX: Final = lisp.Syntax(
    token=r"""
          (?P<space>\s+)
        | (?P<comment>;[^\n]*)
        | (?P<block>\#\|)
        | (?P<whole>(?:\#[pP])?"(?:[^"\\]|\\.)*" | \#\\(?:[A-Za-z][\w+-]*|.) | \|(?:[^|\\]|\\.)*\|)
        | (?P<cut>(?:\#[pP])?"|\||\#\\\Z)
        | (?P<prefix>\#[+-]\s*(?:[^\s()]+|\((?:[^()]|\([^()]*\))*\))|\#[+.-]|\#?'|`|,[@.]?)
        | (?P<open>(?:\#[A-Za-z0-9]{0,4})?\()
        | (?P<close>\))
        | (?P<name>(?:[^\s()"';`,|\\]|\\.|\|(?:[^|\\]|\\.)*\|)+)
        """,
    block=r"(?P<open>#\|)|(?P<close>\|#)",
    symbol=r"""[^\s()"';`,|]""",
    bodies=frozenset(_BODIES.split()),
    body_prefixes=("def", "with-", "do-"),
    unquotes=frozenset((",", ",@", ",.")),
)

COMMON_LISP = lisp_language(
    name="common-lisp",
    suffix=".lisp",
    lexer="common-lisp",
    syntax=_SYNTAX,
    brackets="(",
    display_namespace=lambda namespace: f"{namespace or 'CL-USER'}> ",
    named={},  # a backslash makes the next character stand for itself, whatever it is
    numbered="",
    load_declarations=_declarations,
)
"""Common Lisp, whatever implementation."""

SBCL = replace(COMMON_LISP, name="sbcl")
"""Steel Bank Common Lisp."""

RECORDS: Final[Mapping[str, Language]] = {each.name: each for each in (COMMON_LISP, SBCL)}
"""Those of this module, by name."""
