"""Brackets, what a position is in, and what is known to be wrong before it is sent."""

from __future__ import annotations

import sys

import pytest
from languages.cursor import unmarked

from repl_connect.languages import language_named

PAIRED = [
    ("guile", "(a [b] 'c)", "(0 [1 ]1 )0"),
    ("guile", r'(a "(" #\( ; (', "(0?"),
    ("guile", "#| ( #| ( |# |# (a)", "(0 )0"),
    ("guile", "#! ( !# (a)", "(0 )0"),
    ("guile", "#!eof (a)", "(0 )0"),
    ("guile", "#{a (b}# (c)", "(0 )0"),
    ("guile", "#vu8(1 #(2))", "(0 (1 )1 )0"),
    ("guile", "(a [b) (c)", "(0 [1? )0 (0 )0"),
    ("guile", "(a] b)", "(0 ]0? )0"),
    ("guile", ") (a)", ")0? (0 )0"),
    ("guile", '(a "b (', "(0?"),
    ("racket", '{a #rx"(" #hasheq((b . 1))}', "{0 (1 (2 )2 )1 }0"),
    ("racket", "(a #<<END\n( [\nEND\n)", "(0 )0"),
    ("clojure", r"#{a \( [b {}]}", "{0 [1 {2 }2 ]1 }0"),
    ("clojure", '#(a #"(" %)', "(0 )0"),
    ("sbcl", r"(a #\( [b foo\(c |d (|)", "(0 )0"),
    ("python", "f(a[1], '(', {2})  # (", "(0 [1 ]1 {1 }1 )0"),
    ("python", '"""(""" + f"{(1)}" + r"\\""(', "(0?"),
    ("python", "x = 'abc (\n(1)", "(0 )0"),
    ("python", '"""(\n(', ""),
    ("node", "f(a[1], '(', {b: 2}) // (", "(0 [1 ]1 {1 }1 )0"),
    ("node", "/[(]/.test(`(${'`('}`) / (2)", "(0 )0 (0 )0"),
    ("node", "`${`(", ""),
    ("text", "(a)", ""),
]


@pytest.mark.parametrize(("language", "text", "wanted"), PAIRED)
def test_brackets_have_their_depth_and_partner(language: str, text: str, wanted: str) -> None:
    found = language_named(language).brackets(text)
    words = [
        f"{text[each.position]}{each.depth}{'?' if each.partner is None else ''}" for each in found
    ]
    assert " ".join(words) == wanted
    partners = {each.position: each for each in found}
    for each in found:
        if each.partner is not None:
            assert partners[each.partner].partner == each.position
            assert partners[each.partner].depth == each.depth


@pytest.mark.parametrize(
    ("language", "text", "wanted"),
    [
        ("guile", "(a |b)", "code"),
        ("guile", '(a "b|c")', "string"),
        ("guile", '(a |"bc")', "code"),
        ("guile", '(a "bc"|)', "code"),
        ("guile", '(a "bc|', "string"),
        ("guile", r"#\|", "string"),
        ("guile", r"(#\|(a)", "string"),
        ("guile", r"#\a|", "code"),
        ("guile", "; a|", "comment"),
        ("guile", "; a\n|", "code"),
        ("guile", "|; a", "code"),
        ("clojure", r"\|", "string"),
        ("clojure", '#"a|"', "string"),
        ("sbcl", r"#\|", "string"),
        ("python", "a |b", "code"),
        ("python", "'a|'", "string"),
        ("python", "'a'|", "code"),
        ("python", "'a|", "string"),
        ("python", "'a\n|", "code"),
        ("python", "rb'''a\n|'", "string"),
        ("python", "# a|", "comment"),
        ("python", "'#'|", "code"),
        ("python", "|", "code"),
        ("node", "a |/ b", "code"),
        ("node", "`a|`", "string"),
        ("node", "`a\n|", "string"),
        ("node", "'a'|", "code"),
        ("node", "// a|", "comment"),
        ("node", "/* a\n|", "comment"),
        ("node", "/* a */|", "code"),
        ("text", "'a|", "code"),
    ],
)
def test_what_a_position_is_in(language: str, text: str, wanted: str) -> None:
    assert language_named(language).context(*unmarked(text)) == wanted


@pytest.mark.parametrize("language", ["guile", "scheme", "racket", "sbcl"])
@pytest.mark.parametrize(
    ("text", "position", "wanted"), [("#| a |# b", 3, "comment"), ("#| a", 4, "comment")]
)
def test_block_comments_are_comments(language: str, text: str, position: int, wanted: str) -> None:
    assert language_named(language).context(text, position) == wanted


WRONG = [
    ("guile", "(a))", 3, ") closes nothing"),
    ("guile", "(a]", 2, "] where ) has to close the ("),
    ("guile", "(a\n [b\n )", 8, ") where ] has to close the [ in line 2"),
    ("clojure", "[a)", 2, ") where ] has to close the ["),
    ("racket", "{a]", 2, "] where } has to close the {"),
    ("sbcl", "a)", 1, ") closes nothing"),
    ("python", "1 +* 2", 3, "invalid syntax"),
    ("python", "é = 'ö'; é 1", 11, "invalid syntax"),
    ("python", "x = 1\r\né = 1 +* 2", 14, "invalid syntax"),
    ("python", "x = 1\n)", 6, "unmatched ')'"),
    ("node", "f('(')]", 6, "unmatched ']'"),
    ("python", "é = 'abc", 4, "unterminated string literal (detected at line 1)"),
    ("python", "def f(x]:", 7, "closing parenthesis ']' does not match opening parenthesis '('"),
]


@pytest.mark.parametrize(("language", "text", "position", "message"), WRONG)
def test_an_error_is_found_where_it_is(
    language: str, text: str, position: int, message: str
) -> None:
    assert language_named(language).find_error(text) == (position, message)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("guile", "(a"),
        ("guile", r'(a "b)" #\) #;(c) ) ; )'),
        ("guile", ",pp )"),
        ("guile", "(a |b (c|d))"),  # what bars are depends on the reader's options
        ("guile", "#! ) !# a"),
        ("guile", '(a "))'),
        ("racket", "#<<END\n)\nEND\n"),
        ("racket", r'(regexp #px"\\)" #\))'),
        ("clojure", r'[\) #")" "\")"] ; )'),
        ("sbcl", r"'(a ] [ \) |)| #\))"),
        ("python", ""),
        ("python", "x = ("),
        ("python", "def f():"),
        ("python", "if x:\n    y\nel"),
        ("python", '"""abc'),
        ("python", "await f()"),
        ("python", "\0"),
        ("text", ")"),
    ],
)
def test_what_is_right_or_not_finished_is_no_error(language: str, text: str) -> None:
    assert language_named(language).find_error(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "type X = int",
        "type X[T] = list[T]\n",
        "def f[T: (int, str)](x: T) -> T: pass\n",
        "class A[*T, **P](B[T]):\n    pass\n",
        "async def f[T](): pass\n",
        "try:\n    1\nexcept A, B:\n    2\n",
        'x = t"{a}"',
        'f"{x["a"]}"',
        "f'{x!r:{'a'}}'",
        'f"{"\\n".join(a)}"',
    ],
)
def test_what_only_a_newer_python_knows_is_no_error(text: str) -> None:
    """The program may be run by another Python than this one."""
    assert language_named("python").find_error(text) is None


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="this Python knows it")
def test_what_only_a_newer_python_knows_is_not_complete_too_early() -> None:
    python = language_named("python")
    assert not python.is_complete("def f[T](x: T) -> T:")
    assert python.is_complete("def f[T](x: T) -> T:\n    return x\n")
    assert python.find_error("def f[T](x: T) -> T:\n    1 +* 2\n") == (28, "invalid syntax")


@pytest.mark.parametrize(
    ("language", "wanted", "rainbow"),
    [
        ("python", "()[]{}\"\"''", False),
        ("clojure", '()[]{}""', True),
        ("racket", '()[]{}""', True),
        ("guile", '()[]""', True),
        ("scheme", '()[]""', True),
        ("sbcl", '()""', True),
        ("text", "", False),
    ],
)
def test_what_is_typed_in_pairs(language: str, wanted: str, rainbow: bool) -> None:
    found = language_named(language)
    assert "".join(opener + closer for opener, closer in found.pairs.items()) == wanted
    assert found.rainbow is rainbow
