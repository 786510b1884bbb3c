"""The call that one is in, and the top-level forms of a text."""

from __future__ import annotations

import pytest
from languages.cursor import unmarked

from repl_connect.languages import language_named

LISP = [
    ("(f |)", "f", 0, None),
    ("(f a|)", "f", 0, None),
    ("(f a |)", "f", 1, None),
    ("(f (a b)|)", "f", 1, None),
    ('(f "a|b" c)', "f", 0, None),
    ("(f '(a b) ; (c\n |)", "f", 1, None),
    ("(f (g a |", "g", 1, None),
    ("(f (g a) |", "f", 1, None),
    ("(f| a)", "f", 0, None),
    ("(f a :key |)", "f", 2, "key"),
    ("(f :key a |)", "f", 2, None),
    ("(f '(g |))", "f", 0, None),
    ("(f ((g) |))", "f", 0, None),
    ("(f) |", None, 0, None),
    ("'(f |)", None, 0, None),
    ("(quote (f |))", "quote", 0, None),
    ('("a" |)', None, 0, None),
    ("(|)", None, 0, None),
    ("f |", None, 0, None),
]
PYTHON = [
    ("f(|", "f", 0, None),
    ("f(a|)", "f", 0, None),
    ("f(a, |)", "f", 1, None),
    ("f(a, (1, 2), [3, |])", "f", 2, None),
    ("a.b.f(x, key=|", "a.b.f", 1, "key"),
    ("f(x, key == |", "f", 1, None),
    ('f("a, |b")', "f", 0, None),
    ("f(g(1, 2), |", "f", 1, None),
    ("f(g(1, |2))", "g", 1, None),
    ("f(\n    a,\n    # b,\n    |", "f", 1, None),
    ("@f(|", "f", 0, None),
    ("x = (1, |", None, 0, None),
    ("if (a, |", None, 0, None),
    ("return(|", None, 0, None),
    ("def f(a, |", None, 0, None),
    ("class C(A, |", None, 0, None),
    ("def f(a=g(1, |", "g", 1, None),
    ("a().b(|", None, 0, None),
    ("a[0](|", None, 0, None),
    ("f()|", None, 0, None),
    ("f(a) |", None, 0, None),
    ("|", None, 0, None),
]


@pytest.mark.parametrize("language", ["guile", "racket", "scheme", "clojure", "sbcl"])
@pytest.mark.parametrize(("text", "name", "argument", "keyword"), LISP)
def test_call_in_lisps(
    language: str, text: str, name: str | None, argument: int, keyword: str | None
) -> None:
    is_call(language, text, name, argument, keyword)


@pytest.mark.parametrize(("text", "name", "argument", "keyword"), PYTHON)
def test_call_in_python(text: str, name: str | None, argument: int, keyword: str | None) -> None:
    is_call("python", text, name, argument, keyword)


@pytest.mark.parametrize(
    ("language", "text", "name", "argument", "keyword"),
    [
        ("guile", "`(a ,(f |))", "f", 0, None),
        ("guile", "(f #:key |)", "f", 1, "key"),
        ("guile", "[f a |]", "f", 1, None),
        ("guile", "#(f |)", None, 0, None),
        ("guile", "(f #;(a) b |)", "f", 1, None),
        ("clojure", "(f [a |])", "f", 0, None),
        ("clojure", "(f {:a 1} |)", "f", 1, None),
        ("clojure", "(f #_a b |)", "f", 1, None),
        ("clojure", "#(str/join % |)", "str/join", 1, None),
        ("clojure", "`(a ~(f |))", "f", 0, None),
        ("clojure", "(:key |)", None, 0, None),
        ("text", "f(|", None, 0, None),
    ],
)
def test_call_in_one_language(
    language: str, text: str, name: str | None, argument: int, keyword: str | None
) -> None:
    is_call(language, text, name, argument, keyword)


def is_call(language: str, text: str, name: str | None, argument: int, keyword: str | None) -> None:
    code, position = unmarked(text)
    call = language_named(language).call_at(code, position)
    if name is None:
        assert call is None
        return
    assert call is not None
    assert (call.name, call.argument, call.keyword) == (name, argument, keyword)
    assert code.startswith(name, call.start)


@pytest.mark.parametrize(
    ("language", "text", "wanted"),
    [
        ("guile", "; (a)\n(a\n b) 'c #;(d) (e ; f", ["(a\n b)", "'c", "(e ; f"]),
        ("guile", "#| a |# b", ["b"]),
        ("clojure", "#_(a) ^{:b 1} c @d", ["^{:b 1}", "c", "@d"]),
        (
            "sbcl",
            "#+(or sbcl (not ccl)) (a) #-sbcl b c",
            ["#+(or sbcl (not ccl)) (a)", "#-sbcl b", "c"],
        ),
        (
            "python",
            "# a\nx = [\n  1]\n@b\ndef f():\n    y\n\n    # c\nif x:\n  y\nelse:\n  z\n# d\n",
            ["x = [\n  1]", "@b\ndef f():\n    y", "if x:\n  y\nelse:\n  z"],
        ),
        ("python", "x = (1,\ndef f():\n    pass\n", ["x = (1,", "def f():\n    pass"]),
        ("python", '"""a\nb"""\nx = 1 + \\\n  2', ['"""a\nb"""', "x = 1 + \\\n  2"]),
        ("python", "", []),
        ("text", " a b\nc\n", ["a b\nc"]),
        ("text", "\n", []),
    ],
)
def test_top_level_forms(language: str, text: str, wanted: list[str]) -> None:
    found = language_named(language).statements(text)
    assert [text[start:end] for start, end in found] == wanted
