"""What is sent when one says: the form here, the cell here. `|` is the cursor."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from languages.cursor import unmarked
from languages.test_any_text import texts

from repl_connect.languages import LANGUAGES, TEXT, language_named
from repl_connect.languages.units import UNITS, unit_at

LISP = [
    ("form", "(+ |1 2)", "(+ 1 2)"),
    ("form", "(a (b| c) d)", "(b c)"),
    ("form", "(a |(b c) d)", "(b c)"),
    ("form", "(a (b c|) d)", "(b c)"),
    ("form", "(a (b c)| d)", "(b c)"),
    ("form", "(a (b c)|)", "(a (b c))"),
    ("form", "(a (b c) |d)", "(a (b c) d)"),
    ("form", "(a b)|", "(a b)"),
    ("form", "(a b)  |  ; and so on", "(a b)"),
    ("form", "(a b) ; and s|o on\n(c)", "(a b)"),
    ("form", "| (a b)", "(a b)"),
    ("form", "(a) | (b)", "(a)"),
    ("form", "(a)\n|\n(b)", None),
    ("form", "(a)\n; a (word|)\n(b)", None),
    ("form", "(a\n|\n b)", "(a\n\n b)"),
    ("form", "(a '(b |c))", "'(b c)"),
    ("form", "(a |'(b c))", "'(b c)"),
    ("form", '(a "(b| c)")', '(a "(b c)")'),
    ("form", "nam|e", "name"),
    ("form", '"te|xt" (b)', '"text"'),
    ("form", "(a (b |c)", "(b c)"),
    ("form", "(a (b c) |", None),
    ("form", "|", None),
    ("form", ") |", None),
    ("root", "(a (b| c) d)\n(e)", "(a (b c) d)"),
    ("root", "(a)\n  (b (c))|\n(d)", "(b (c))"),
    ("root", "(a)\n|\n(d)", None),
    ("root", "(a) ; re|mark", "(a)"),
    ("root", "(a (b |c)", None),
    ("word", "(a na|me b)", "name"),
    ("word", "(a |name b)", "name"),
    ("word", "(a name| b)", "name"),
    ("word", "(name a | b)", None),
    ("line", "(a\n  (b|)\n c)", "(b)"),
    ("line", "(a\n |\n c)", None),
    ("paragraph", "(a)\n\n(b)\n(c|)\n \n(d)", "(b)\n(c)"),
    ("paragraph", "(a)\n|\n(b)", None),
    ("paragraph", "(a)\n\n  (b|)\n", "(b)"),
    ("paragraph", "(a|)\n(b)\n\n(c)", "(a)\n(b)"),
    ("buffer", "\n(a)\n|\n(b)\n\n", "(a)\n\n(b)"),
    ("buffer", " \n|", None),
    ("cell", "(a)\n;; %%\n(b|)\n;;; %% next\n(c)", "(b)"),
    ("cell", "(a|)\n;; %%\n(b)\n", "(a)"),
    ("cell", "(a)\n; %|%\n(b)\n", "(b)"),
    ("cell", "(a)\n;;%%\n\n|\n;;%%\n(b)", None),
    ("cell", "(a|)\n;; 100 %%\n(b)", None),
]
PYTHON = [
    ("form", "x = f(a,| b)  # c", "x = f(a, b)"),
    ("form", "x = f(a)  # c|\ny", "x = f(a)"),
    ("form", "if x:\n    a|\n    b", "a"),
    ("form", "if x:\n  |  a\n    b", "a"),
    ("form", "if x:\n    a\n    b  # |c\nd", "b"),
    ("form", "if x:  # c|\n    a\nd", "if x:  # c\n    a"),
    ("form", "i|f x:\n    a\nelse:\n    b\nd", "if x:\n    a\nelse:\n    b"),
    ("form", "if x:\n    a\nel|se:\n    b\nd", "if x:\n    a\nelse:\n    b"),
    ("form", "@de|c\ndef f():\n    a", "@dec\ndef f():\n    a"),
    ("form", "x = [\n  1,|\n  2,\n]", "x = [\n  1,\n  2,\n]"),
    ("form", "a\n|\nb", None),
    ("form", "def f():\n    a\n|\n    b\n", "def f():\n    a\n\n    b"),
    ("form", "x = f(a,|", None),
    ("root", "a\n@dec\ndef f():\n    x|\n\n    y\nb", "@dec\ndef f():\n    x\n\n    y"),
    ("root", "# one|\na\n", None),
    ("root", "a\n\nb   |", "b"),
    ("word", "a.b|.c", "a.b"),
    ("word", "x = other.na|me + 1", "other.name"),
    ("word", "f( | )", None),
    ("cell", "a\n# %% two\nb|\n\n#%%\nc", "b"),
    ("cell", "a\n  # %% no\nb|", None),
    ("line", "if x:\n    a|  \n", "a"),
    ("paragraph", "if x:\n    a|\n\n    b", "if x:\n    a"),
]
JAVASCRIPT = [
    ("form", "let a = 1\nlet b = 2|\nlet c", "let b = 2"),
    ("form", "f(1); g(|2); h(3)", "g(2);"),
    ("form", "f(1)\n  .then(x| => x)\n  .catch(y)\ng()", "f(1)\n  .then(x => x)\n  .catch(y)"),
    ("root", "if (a) {\n  b()|\n}\nelse {\n  c()\n}\nd()", "if (a) {\n  b()\n}\nelse {\n  c()\n}"),
    ("root", "function f(x) {\n  return x|\n}\n\nf(1)", "function f(x) {\n  return x\n}"),
    ("root", "let a = 1 +\n  2|\nb", "let a = 1 +\n  2"),
    ("root", "do {\n  a()|\n}\nwhile (b)\nc", "do {\n  a()\n}\nwhile (b)"),
    ("root", "a // |b\nc", "a"),
    ("root", "a\n|\nc", None),
    ("root", "f(|", None),
    ("cell", "a\n// %%\nb|\n// %%\nc", "b"),
]
CASES = [
    *((language, *case) for language in ("guile", "clojure", "sbcl") for case in LISP),
    *(("python", *case) for case in PYTHON),
    *(("node", *case) for case in JAVASCRIPT),
    ("clojure", "form", "#_(a |b)", "(a b)"),
    ("clojure", "form", "`(a ~(b |c))", "(b c)"),
    ("guile", "form", "(a #;(b| c))", "(b c)"),
    ("racket", "form", "(a [b| c])", "[b c]"),
    ("text", "form", "one\n  two| \n", "two"),
    ("text", "cell", "one\n# %%\ntwo|", None),
]


@pytest.mark.parametrize(("language", "unit", "text", "expected"), CASES)
def test_what_is_sent(language: str, unit: str, text: str, expected: str | None) -> None:
    text, position = unmarked(text)
    found = unit_at(language_named(language), text, position, unit)
    assert (text[slice(*found)] if found else None) == expected


def test_no_other_units_are_known() -> None:
    with pytest.raises(KeyError):
        unit_at(TEXT, "a", 0, "galaxy")


@pytest.mark.parametrize("name", [*LANGUAGES, "text"])
@given(text=texts, position=st.integers(-1, 70))
def test_whatever_the_text_something_of_it_is_sent_or_nothing(
    name: str, text: str, position: int
) -> None:
    language = language_named(name)
    for unit in UNITS:
        found = unit_at(language, text, position, unit)
        if found is not None:
            assert 0 <= found[0] < found[1] <= len(text)
            assert text[found[0] : found[1]].strip()
            language.extracted(text, *found)


@pytest.mark.parametrize(
    ("language", "text", "may"),
    [
        ("python", "1", True),
        ("python", "x = 1\nx  # so", True),
        ("python", "'a'; x = 1", False),
        ("python", "1\nimport this  # so", False),
        ("python", "1\ndef f():\n    2\n", False),
        ("python", "1\nif x:\n    2\n", True),
        ("python", "1\nx = (", True),
        ("python", "", True),
        ("guile", "5 (define x 3) ; so", False),
        ("guile", "5\n(set! x 3)", False),
        ("guile", "(define x 3) x", True),
        ("guile", "(defined? 'x)", True),
        ("racket", "5\n(require list)", False),
        ("scheme", "5\n(define x 3)", True),
        ("clojure", "5\n(def x 3)", True),
    ],
)
def test_whether_the_last_form_may_have_a_value(language: str, text: str, may: bool) -> None:
    assert language_named(language).may_end_in_value(text) is may
