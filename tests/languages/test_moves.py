"""Where moves by forms go; `|` is the cursor."""

from __future__ import annotations

import pytest
from languages.cursor import place, structure, unmarked

LISP = [
    ("forward", "|(a b) c", "(a b)| c"),
    ("forward", "(a b)| c", "(a b) c|"),
    ("forward", "(a| b)", "(a b|)"),
    ("forward", "(a b|)", None),
    ("forward", "(na|me b)", "(name| b)"),
    ("forward", "(a |'(b c))", "(a '(b c)|)"),
    ("forward", "(a | ; (comment\n b)", "(a  ; (comment\n b|)"),
    ("forward", '(a "b| (" c)', '(a "b ("| c)'),
    ("forward", "|(a", None),
    ("forward", "|", None),
    ("forward", ") |a", ") a|"),
    ("backward", "(a b)|", "|(a b)"),
    ("backward", "(a b|)", "(a |b)"),
    ("backward", "(a 'na|me)", "(a |'name)"),
    ("backward", "(a '(b)|)", "(a |'(b))"),
    ("backward", "(|a)", None),
    ("backward", "(a (b c|", "(a (b |c"),
    ("up", "(a (b |c))", "(a |(b c))"),
    ("up", "(a '(|b))", "(a |'(b))"),
    ("up", '(a "b|c")', '(a |"bc")'),
    ("up", "(a|) b", "|(a) b"),
    ("up", "(a) |b", None),
    ("up", "(a (b |", "(a |(b "),
    ("down", "|(a)", "(|a)"),
    ("down", "(a| b '(c))", "(a b '(|c))"),
    ("down", "(a (b) |c)", None),
    ("down", "|a (b", "a (|b"),
]
PYTHON = [
    ("forward", "|a = 1\nb = 2", "a = 1|\nb = 2"),
    ("forward", "a = 1|\nb = 2", "a = 1\nb = 2|"),
    ("forward", "a |= 1", "a = 1|"),
    ("forward", "|if x:\n    y\nelse:\n    z\nb", "if x:\n    y\nelse:\n    z|\nb"),
    ("forward", "if| x:\n    y\nz", "if x:|\n    y\nz"),
    ("forward", "if x:|\n    y\nz", "if x:\n    y|\nz"),
    ("forward", "|@a\n@b\ndef f():\n    x\ny", "@a\n@b\ndef f():\n    x|\ny"),
    ("forward", "|x = [\n1]  # a\ny", "x = [\n1]|  # a\ny"),
    ("forward", 'f(|name, "a, b")', 'f(name|, "a, b")'),
    ("forward", 'f(name|, "a, b")', 'f(name, "a, b"|)'),
    ("forward", "f(|[1, 2], 3)", "f([1, 2]|, 3)"),
    ("forward", "f(1|)", None),
    ("forward", "f(|[1", None),
    ("forward", "|", None),
    ("forward", "|a = f(\ndef g():\n    pass\n", "a = f(|\ndef g():\n    pass\n"),
    ("backward", "a = 1\nb = 2|", "a = 1\n|b = 2"),
    ("backward", "a = 1\n|b = 2", "|a = 1\nb = 2"),
    ("backward", "if x:\n    y\n    |z", "if x:\n    |y\n    z"),
    ("backward", "if x:\n    y\n    |", "if x:\n    |y\n    "),
    ("backward", "if x:\n    y\n|", "|if x:\n    y\n"),
    ("backward", "if x:\n    y|", "if x:\n    |y"),
    ("forward", "if x:\n    y|\nz", "if x:\n    y\nz|"),
    ("backward", "f(1, (2, 3)|)", "f(1, |(2, 3))"),
    ("backward", "f(|1)", None),
    ("up", "f(1, [|2])", "f(1, |[2])"),
    ("up", "f|(1)", None),
    ("up", "def f():\n    if x:\n        |y", "def f():\n    |if x:\n        y"),
    ("up", "def f():\n    |if x:\n        y", "|def f():\n    if x:\n        y"),
    ("up", "if x:\n    y\nelse:\n    z|", "if x:\n    y\n|else:\n    z"),
    ("up", "if x:\n    y\n    |", "|if x:\n    y\n    "),
    ("up", "|a", None),
    ("down", "|f(1)", "f(|1)"),
    ("down", "|def f(a):\n    b", "def f(|a):\n    b"),
    ("down", "def f(a)|:\n    b", "def f(a):\n    |b"),
    ("down", "|a", None),
]


@pytest.mark.parametrize("language", ["guile", "racket", "scheme", "clojure", "sbcl"])
@pytest.mark.parametrize(("move", "text", "wanted"), LISP)
def test_moves_in_lisps(language: str, move: str, text: str, wanted: str | None) -> None:
    code, position = unmarked(text)
    assert place(code, getattr(structure(language), move)(code, position)) == wanted


@pytest.mark.parametrize(("move", "text", "wanted"), PYTHON)
def test_moves_in_python(move: str, text: str, wanted: str | None) -> None:
    code, position = unmarked(text)
    assert place(code, getattr(structure("python"), move)(code, position)) == wanted


@pytest.mark.parametrize(
    ("language", "text", "form", "root"),
    [
        ("guile", "(a (b |c)) d", "c", "(a (b c))"),
        ("guile", "(a (|b c)) d", "b", "(a (b c))"),
        ("guile", "(a |(b c)) d", "(b c)", "(a (b c))"),
        ("guile", "(a (b c)|) d", "(b c)", "(a (b c))"),
        ("guile", "(a | (b c))", "(a  (b c))", "(a  (b c))"),
        ("guile", "(a '|b)", "'b", "(a 'b)"),
        ("guile", "(a)|", "(a)", "(a)"),
        ("guile", "(a) |", None, None),
        ("guile", "#(|1)", "1", "#(1)"),
        ("clojure", "#{:a |}", "#{:a }", "#{:a }"),
        ("python", "a = 1\nb =| 2", "b = 2", "b = 2"),
        ("python", "def f():\n    |x\n    y", "x", "def f():\n    x\n    y"),
        ("python", "if x:\n    y|", "y", "if x:\n    y"),
        ("python", "def |f():\n    x", "def f():\n    x", "def f():\n    x"),
        ("python", "f(a, na|me)", "name", "f(a, name)"),
        ("python", "f(a,| b)", "(a, b)", "f(a, b)"),
        ("python", "@a\nclass B|:\n    pass", "@a\nclass B:\n    pass", "@a\nclass B:\n    pass"),
        ("python", "|", None, None),
    ],
)
def test_form_and_top_level_form_at_the_cursor(
    language: str, text: str, form: str | None, root: str | None
) -> None:
    code, position = unmarked(text)
    found = structure(language)
    for wanted, span in [
        (form, found.form_at(code, position)),
        (root, found.root_at(code, position)),
    ]:
        assert (None if span is None else code[slice(*span)]) == wanted
