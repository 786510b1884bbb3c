"""The record of a Lisp, made from how it is written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Final

from repl_connect.languages import lisp
from repl_connect.languages.language import Call, Language, Structure
from repl_connect.languages.lisp import Syntax
from repl_connect.languages.tokens import CLOSERS

if TYPE_CHECKING:
    from repl_connect.languages.lisp_namespaces import Declarations

__all__ = ["lisp_language"]

_NAMED: Final[Mapping[str, str]] = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}


def lisp_language(
    *,
    name: str,
    suffix: str,
    lexer: str,
    syntax: Syntax,
    brackets: str,
    display_namespace: Callable[[str | None], str],
    named: Mapping[str, str] = _NAMED,
    numbered: str | None = "\\u{:04x}",
    load_declarations: Callable[[], Declarations] | None = None,
) -> Language:
    """The record of a dialect: `brackets` are those that open, `syntax` says how it is read.

    `named` and `numbered` say how a string literal has control characters, as `lisp_literal` takes
    them. `load_declarations` makes what says which forms declare a namespace, if any do.
    """
    return Language(
        name=name,
        suffix=suffix,
        lexer=lexer,
        comment_prefix=";; ",
        is_complete=partial(lisp.is_complete, syntax=syntax),
        indent=partial(lisp.indent, syntax=syntax),
        symbol_before=partial(lisp.symbol_before, syntax=syntax),
        symbol_at=partial(lisp.symbol_at, syntax=syntax),
        pairs={**{each: CLOSERS[each] for each in brackets}, '"': '"'},
        context=partial(lisp.context, syntax=syntax),
        brackets=partial(lisp.brackets, syntax=syntax),
        rainbow=True,
        find_error=partial(lisp.find_error, syntax=syntax),
        call_at=partial(_call_at, syntax=syntax),
        statements=partial(_statements, syntax=syntax),
        code_at=partial(_code_at, syntax=syntax),
        namespace_at=partial(_namespace_at, syntax=syntax, load=load_declarations),
        uses=partial(lisp.uses, syntax=syntax),
        text_literal=partial(_literal, named=named, numbered=numbered),
        load_structure=partial(_structure, syntax=syntax),
        display_namespace=display_namespace,
    )


# What reads forms is loaded when first asked for: the first prompt does without.


def _call_at(text: str, position: int, syntax: Syntax) -> Call | None:
    from repl_connect.languages import lisp_structure

    return lisp_structure.call_at(text, position, syntax)


def _statements(text: str, syntax: Syntax) -> list[tuple[int, int]]:
    from repl_connect.languages import lisp_structure

    return lisp_structure.statements(text, syntax)


def _code_at(text: str, position: int, syntax: Syntax) -> tuple[int, int] | None:
    from repl_connect.languages import lisp_structure

    return lisp_structure.code_at(text, position, syntax)


def _namespace_at(
    text: str, position: int, syntax: Syntax, load: Callable[[], Declarations] | None
) -> str | None:
    if load is None:
        return None
    from repl_connect.languages import lisp_namespaces

    return lisp_namespaces.namespace_at(text, position, syntax, load())


def _literal(text: str, named: Mapping[str, str], numbered: str | None) -> str:
    from repl_connect.languages import literals

    return literals.lisp_literal(text, named=named, numbered=numbered)


def _structure(syntax: Syntax) -> Structure:
    from repl_connect.languages import lisp_structure

    return lisp_structure.structure(syntax)
