"""Clojure and what reads like it: Babashka, Basilisp."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from repl_connect.languages import lisp
from repl_connect.languages.language import Language
from repl_connect.languages.lisp_dialect import lisp_language

if TYPE_CHECKING:
    from repl_connect.languages.lisp_namespaces import Declarations

__all__ = ["BABASHKA", "BASILISP", "CLOJURE", "RECORDS"]


def _declarations() -> Declarations:
    from repl_connect.languages import lisp_namespaces

    return lisp_namespaces.CLOJURE


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
        | (?P<prefix>\#_|\#'|\#\?@?(?=\(|\s|$)|\#\^|~@|['`~@^])
        | (?P<open>\#:{0,2}[\w.]*[({] | [(\[{])
        | (?P<close>[)\]}])
        | (?P<name>[^\s,()\[\]{}"`~@^\\;]+)
        """,
    symbol=r"""[^\s,()\[\]{}"'`~@^\\;]""",
    bodies=frozenset(_BODIES.split()),
    body_prefixes=("def", "with-"),
    unquotes=frozenset(("~", "~@")),
    discards=frozenset(("#_",)),
    calls=frozenset(("(", "#(")),
)

CLOJURE = lisp_language(
    name="clojure",
    suffix=".clj",
    lexer="clojure",
    syntax=_SYNTAX,
    brackets="([{",
    display_namespace=lambda namespace: f"{namespace or 'user'}=> ",
    load_declarations=_declarations,
)
"""Clojure on the JVM, and ClojureScript."""

BABASHKA = replace(CLOJURE, name="babashka")
"""Babashka."""

BASILISP = replace(CLOJURE, name="basilisp", suffix=".lpy")
"""Basilisp, a Clojure on Python."""

RECORDS: Final[Mapping[str, Language]] = {each.name: each for each in (CLOJURE, BABASHKA, BASILISP)}
"""Those of this module, by name."""
