"""Clojure and what reads like it: Babashka, Basilisp."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Final

from repl_connect.languages import lisp
from repl_connect.languages.language import Language

__all__ = ["BABASHKA", "BASILISP", "CLOJURE"]

_BODIES: Final = """
    fn let loop binding when when-not when-let when-some when-first if-let if-some if-not doseq
    dotimes for do try catch finally letfn ns cond-> cond->> case condp comment while locking future
    go go-loop thread extend-type extend-protocol reify proxy testing are delay lazy-seq
"""
_SYNTAX: Final = lisp.Syntax(
    token=r"""
          (?P<space>[\s,]+)
        | (?P<comment>;[^\n]*|\#![^\n]*)
        | (?P<whole>\#?"(?:[^"\\]|\\.)*" | \\(?:[A-Za-z][\w]*|.))
        | (?P<cut>\#?"|\\$)
        | (?P<prefix>\#_|\#'|\#\?@?(?=\(|\s|$)|\#\^|['`~@^]|~@)
        | (?P<open>\#:{0,2}[\w.]*[({] | [(\[{])
        | (?P<close>[)\]}])
        | (?P<name>[^\s,()\[\]{}"`~@^\\;]+)
        """,
    symbol=r"""[^\s,()\[\]{}"'`~@^\\;]""",
    bodies=frozenset(_BODIES.split()),
    body_prefixes=("def", "with-"),
)

CLOJURE = Language(
    name="clojure",
    lexer="clojure",
    comment_prefix=";; ",
    is_complete=partial(lisp.is_complete, syntax=_SYNTAX),
    indent=partial(lisp.indent, syntax=_SYNTAX),
    symbol_before=partial(lisp.symbol_before, syntax=_SYNTAX),
    symbol_at=partial(lisp.symbol_at, syntax=_SYNTAX),
    display_namespace=lambda namespace: f"{namespace or 'user'}=> ",
)
"""Clojure on the JVM, and ClojureScript."""

BABASHKA = replace(CLOJURE, name="babashka")
"""Babashka."""

BASILISP = replace(CLOJURE, name="basilisp")
"""Basilisp, a Clojure on Python."""
