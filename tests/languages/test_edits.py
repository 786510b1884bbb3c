"""What edits by forms make of a text; `|` is the cursor, before and after."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from languages.cursor import marked, structure, unmarked

LISP = [
    ("slurp_forward", "(a|) b c", "(a| b) c"),
    ("slurp_forward", "(|) b", "(|b)"),
    ("slurp_forward", "(a (b|)) c", "(a (b|) c)"),
    ("slurp_forward", "(a|)(b)", "(a| (b))"),
    ("slurp_forward", "(a|) ; c)\n'b", "(a| ; c)\n'b)"),
    ("slurp_forward", "(a|)", None),
    ("slurp_forward", "(a| b", None),
    ("slurp_forward", "(a|) (b", None),
    ("slurp_forward", "a| b", None),
    ("slurp_backward", "a (b|)", "(a b|)"),
    ("slurp_backward", "a '(b|)", "'(a b|)"),
    ("slurp_backward", "a (|)", "(a|)"),
    ("slurp_backward", "a ((|b) c)", "(a (|b) c)"),
    ("slurp_backward", "(|a)", None),
    ("barf_forward", "(a| b)", "(a|) b"),
    ("barf_forward", "(a b|)", "(a) b|"),
    ("barf_forward", "(|a)", "(|) a"),
    ("barf_forward", "(a| b ; c\n d)", "(a| b) ; c\n d"),
    ("barf_forward", "(|)", None),
    ("barf_forward", "(a| b", None),
    ("barf_backward", "(a b|)", "a (b|)"),
    ("barf_backward", "'(a |b c)", "a '(|b c)"),
    ("barf_backward", "(|a)", "|a ()"),
    ("barf_backward", "(|)", None),
    ("raise_form", "(a (b |c) d)", "(a |c d)"),
    ("raise_form", "(a |(b c) d)", "|(b c)"),
    ("raise_form", "(a na|me)", "na|me"),
    ("raise_form", "'(a 'b|)", "'b|"),
    ("raise_form", "|a", None),
    ("raise_form", "(a |b", None),
    ("splice", "(a (b |c) d)", "(a b |c d)"),
    ("splice", "(a '(|b))", "(a |b)"),
    ("splice", "a(b|)c", "a b| c"),
    ("splice", "|a", None),
    ("wrap", "(a |b)", "(a (|b))"),
    ("wrap", "(a na|me)", "(a (na|me))"),
    ("wrap", "a '(b)|", "a ('(b)|)"),
    ("wrap", "(a | b)", "(a (|) b)"),
    ("wrap", "; a| b", None),
    ("wrap", "|(a", None),
]
PYTHON = [
    ("slurp_forward", "[f(a|), b, c]", "[f(a|, b), c]"),
    ("slurp_forward", "[f(|), b]", "[f(|b)]"),
    ("slurp_forward", "[f(a|) + 1, b]", None),
    ("slurp_forward", "[f(a|,), b]", None),
    ("slurp_forward", "f(a|)", None),
    ("slurp_backward", "[a, (b|)]", "[(a, b|)]"),
    ("slurp_backward", "[a, (|)]", "[(a|)]"),
    ("slurp_backward", "[a, f(b|)]", None),
    ("barf_forward", "[f(a|, b)]", "[f(a|), b]"),
    ("barf_forward", "[f(a, |b)]", "[f(a), |b]"),
    ("barf_forward", "[f(|a)]", "[f(), |a]"),
    ("barf_forward", "[f(a|, b).c]", None),
    ("barf_forward", "f(a|, b)", None),
    ("barf_forward", "f(|)", None),
    ("barf_backward", "[(a, b|)]", "[a, (b|)]"),
    ("barf_backward", "[a, (b|)]", "[a, b|, ()]"),
    ("barf_backward", "[f(a, b|)]", None),
    ("raise_form", "if x:\n    y|", "y|"),
    ("raise_form", "x = g(f(a|, b))", "x = g(a|)"),
    ("raise_form", "x = a.f(key=val|ue)", "x = val|ue"),
    ("raise_form", "return (a|)", "return a|"),
    ("raise_form", "def f(a|): pass", None),
    ("raise_form", "f(a,| b", None),
    ("raise_form", "if x:\n    |y\nz", "|y\nz"),
    ("raise_form", "if x:\n    |y(\n        1)\nz", "|y(\n    1)\nz"),
    (
        "raise_form",
        'def f():\n    if x:\n        for |a in b:\n            """c\n            d"""\n    e',
        'def f():\n    for |a in b:\n        """c\n            d"""\n    e',
    ),
    ("raise_form", "|a", None),
    ("splice", "[(a|, b), c]", "[a|, b, c]"),
    ("splice", "f(a|)", None),
    ("splice", "with x:\n    a|\n    b\nc", "a|\nb\nc"),
    ("splice", "if x:\n    a|\nelse:\n    b", None),
    ("wrap", "x = na|me", "x = (na|me)"),
    ("wrap", "x = a.b(|1)", "x = a.b((|1))"),
    ("wrap", "x = |a.b(1).c + 2", "x = (|a.b(1).c) + 2"),
    ("wrap", "x = a.b.c| + 2", "x = (a.b.c|) + 2"),
    ("wrap", "x = |", "x = (|)"),
    ("wrap", "# a|", None),
]


@pytest.mark.parametrize("language", ["guile", "racket", "scheme", "clojure", "sbcl"])
@pytest.mark.parametrize(("edit", "text", "wanted"), LISP)
def test_edits_in_lisps(language: str, edit: str, text: str, wanted: str | None) -> None:
    found = getattr(structure(language), edit)(*unmarked(text))
    assert (None if found is None else marked(*found)) == wanted


@pytest.mark.parametrize(("edit", "text", "wanted"), PYTHON)
def test_edits_in_python(edit: str, text: str, wanted: str | None) -> None:
    found = getattr(structure("python"), edit)(*unmarked(text))
    assert (None if found is None else marked(*found)) == wanted


atoms = st.sampled_from(["a", "'b", '"c ("', "12"])
data = st.recursive(
    atoms, lambda inner: st.lists(inner, max_size=3).map(lambda each: f"({' '.join(each)})")
)
lisp_forms = st.lists(data, min_size=1, max_size=4).map(" ".join)
elements = st.recursive(
    st.sampled_from(["a", "'b, ('", "c.d", "12"]),
    lambda inner: st.lists(inner, max_size=3).map(lambda each: f"[{', '.join(each)}]"),
)
INVERSES = [
    ("slurp_forward", "barf_forward"),
    ("slurp_backward", "barf_backward"),
    ("barf_forward", "slurp_forward"),
    ("barf_backward", "slurp_backward"),
]


@pytest.mark.parametrize(("edit", "inverse"), INVERSES)
@given(text=lisp_forms, data=st.data())
def test_an_edit_can_be_taken_back_in_lisps(
    edit: str, inverse: str, text: str, data: st.DataObject
) -> None:
    taken_back("guile", edit, inverse, text, data)


@pytest.mark.parametrize(("edit", "inverse"), INVERSES)
@given(text=elements, data=st.data())
def test_an_edit_can_be_taken_back_in_python(
    edit: str, inverse: str, text: str, data: st.DataObject
) -> None:
    taken_back("python", edit, inverse, text, data)


def taken_back(language: str, edit: str, inverse: str, text: str, data: st.DataObject) -> None:
    found = structure(language)
    position = data.draw(st.integers(0, len(text)))
    done = getattr(found, edit)(text, position)
    if done is None:
        return
    # From the inside of the same list: the cursor is where that is known.
    places = [getattr(found, inverse)(done.text, each) for each in range(len(done.text) + 1)]
    assert text in [each.text for each in places if each is not None]
