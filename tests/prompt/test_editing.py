"""Keys and what they make of a text: | is the cursor."""

from __future__ import annotations

import pytest
from prompt.typist import typed

ESCAPE = "\x1b"
ENTER = "\r"
BACKSPACE = "\x7f"
UNDO = "\x1f"
YANK = "\x19"


@pytest.mark.parametrize(
    ("language", "keys", "text"),
    [
        ("python", "f(", "f(|)"),
        ("python", "f(x)", "f(x)|"),
        ("python", "d['a']", "d['a']|"),
        ("python", "{[(", "{[(|)]}"),
        ("python", "'", "'|'"),
        ("python", 'f"x"', 'f"x"|'),
        ("python", 'rb"', 'rb"|"'),
        ("python", "don't", "don't|"),
        ("python", '"it\'s ("', '"it\'s ("|'),
        ("python", r'"a\"b"', r'"a\"b"|'),
        ("python", '"""', '"""|"""'),
        ("python", "'''doc'''", "'''doc'''|"),
        ("python", "# it's (", "# it's (|"),
        ("guile", "(a (b", "(a (b|))"),
        ("guile", '(display "x', '(display "x|")'),
        ("guile", "'a", "'a|"),
        ("guile", "; (", "; (|"),
        ("guile", r"#\(x", r"#\(x|"),
        ("guile", '""x', '""x|'),
        ("clojure", "{:a [", "{:a [|]}"),
        ("scheme", "{", "{|"),
        ("gopher", "(\"'", "(\"'|"),
    ],
)
def test_pairs_close_themselves(language: str, keys: str, text: str) -> None:
    assert typed(keys, language=language).marked == text


@pytest.mark.parametrize(
    ("before", "keys", "text"),
    [
        ("|name", "(", "(|name"),
        ("|(a)", "(", "(|(a)"),
        ('|"a"', "(", '(|"a"'),
        ("| a", "(", "(|) a"),
        ("f|)", "(", "f(|)"),
        ("f((a|)", ")", "f((a)|)"),
        ("f((a)|)", ")", "f((a))|"),
        ("f(|]", ")", "f()|]"),
        ("name|", '"', 'name"|'),
        ("(|)", BACKSPACE, "|"),
        ("(a|)", BACKSPACE, "(|)"),
        ('"|"', BACKSPACE, "|"),
        ("'(|)'", BACKSPACE, "'|)'"),
        ("(|]", BACKSPACE, "|]"),
        ("[(|)]", BACKSPACE * 2, "|"),
    ],
)
def test_pairs_fit_into_what_is_there(before: str, keys: str, text: str) -> None:
    assert typed(keys, text=before).marked == text


def test_nothing_closes_itself_if_that_is_off() -> None:
    assert typed("(", auto_close="false").marked == "(|"


def test_keys_that_come_together_are_left_as_they_are() -> None:
    assert typed(['f(("a']).marked == 'f(("a|'


def test_a_pair_is_put_around_what_is_selected() -> None:
    assert typed([ESCAPE + "\x00", "("], language="guile", text="f x|").marked == "f (x)|"
    assert typed([ESCAPE + "\x00", '"'], text="f(x|)").marked == 'f("x"|)'


def test_undo_takes_back_a_pair_and_each_edit() -> None:
    assert typed(["(", UNDO]).marked == "|"
    assert typed([ESCAPE + ")", UNDO], language="guile", text="(a |b) c").marked == "(a |b) c"
    redone = typed([ESCAPE + ")", UNDO, "\x18\x12"], language="guile", text="(a |b) c")
    assert redone.marked == "(a |b c)"


@pytest.mark.parametrize(
    ("language", "before", "text"),
    [
        ("python", "def f():|", "def f():\n    |"),
        ("python", "def f():\n    x|", "def f():\n    x\n    |"),
        ("python", 'x = """a|"""', 'x = """a\n|"""'),
        ("python", "a|\nb", "a\n|\nb"),
        ("python", "x = [1,|]", "x = [1,\n     |]"),
        ("python", 'x = """a,|"""', 'x = """a,\n|"""'),
        ("python", "x = {|}", "x = {\n    |}"),
        ("python", "x = (a +|)", "x = (a +\n     |)"),
        ("python", "if a:\n    f(b|)", "if a:\n    f(b)\n    |"),
        ("python", "if a:\n    return f([b|])", "if a:\n    return f([b])\n|"),
        ("python", "if a:\n    f(b,|)", "if a:\n    f(b,\n      |)"),
        ("python", "if a:\n    f(b and|)", "if a:\n    f(b and\n      |)"),
        ("guile", "(define (f x)|)", "(define (f x)\n  |)"),
        ("guile", "(define (f x|))", "(define (f x)\n  |)"),
        ("guile", "(let ((a 1|)))", "(let ((a 1))\n  |)"),
        ("clojure", "(fn [x|])", "(fn [x]\n  |)"),
        ("guile", "(add 1|", "(add 1\n     |"),
        ("guile", "(let ((a 1)) |  a", "(let ((a 1)) \n  |a"),
    ],
)
def test_enter_starts_an_indented_line(language: str, before: str, text: str) -> None:
    typist = typed(ENTER, language=language, text=before)
    assert typist.marked == text
    assert typist.done == []


@pytest.mark.parametrize(
    ("language", "before"),
    [
        ("python", "f(|)"),
        ("python", 'print("x|")'),
        ("python", 'print("x,|")'),
        ("python", "[[1]|]"),
        ("python", "x = 1|"),
        ("python", '"""a|b"""'),
        ("guile", "(f x|)"),
        ("guile", "(define x| 1)"),
        ("guile", "(define x (f 1|))"),
        ("guile", "(define (f) (g 1|))"),
        ("clojure", "(def x [1|])"),
        ("guile", "(define (f) 1)|"),
        ("python", "|,help"),
        ("gopher", "(anything|"),
    ],
)
def test_enter_sends_what_is_complete(language: str, before: str) -> None:
    typist = typed(ENTER, language=language, text=before)
    assert typist.done == ["send " + before.replace("|", "")]


def test_keys_that_force_it() -> None:
    assert typed([ESCAPE + ENTER], text="f(|").done == ["send f("]
    assert typed(["\n"], text="f()|").marked == "f()\n|"


@pytest.mark.parametrize(
    ("before", "keys", "text"),
    [
        ("def f():\n|", "\t", "def f():\n    |"),
        ("def f():\n    |", "\t", "def f():\n        |"),
        ("def f():\n      |x", "\x1b[Z", "def f():\n    |x"),
        ("def f():\n        |x", "\x1b[Z", "def f():\n    |x"),
        ("|x", "\x1b[Z", "|x"),
        ("x = 1\n  |    y", "\x1b[Z", "x = 1\n|    y"),
    ],
)
def test_tab_in_front_of_a_line_indents_it(before: str, keys: str, text: str) -> None:
    assert typed([keys], text=before).marked == text


@pytest.mark.parametrize(
    ("pasted", "text"),
    [
        ("if x:\r\n\ty\r\n\r\nz", "if x:\n\ty\n\nz|"),
        ("f(\r(\"'\r", "f(\n(\"'\n|"),
        ("def f():\r    x\r", "def f():\n    x\n|"),
        ("a\x1b[31mb\x07\x00c\x9bd\x7f", "a[31mbcd|"),
        ("één 日本\u0301", "één 日本\u0301|"),
    ],
)
def test_a_paste_is_verbatim_and_not_sent(pasted: str, text: str) -> None:
    typist = typed([f"\x1b[200~{pasted}\x1b[201~"])
    assert typist.marked == text
    assert typist.done == []


def test_a_paste_replaces_what_is_selected() -> None:
    assert typed([ESCAPE + "\x00", "\x1b[200~(b\x1b[201~"], text="f(a|)").marked == "f((b|)"


@pytest.mark.parametrize(
    ("before", "keys", "text"),
    [
        ("|(a) (b c)", [ESCAPE + "\x06"], "(a)| (b c)"),
        ("(a) (b c)|", [ESCAPE + "\x02"], "(a) |(b c)"),
        ("(a (b |c))", [ESCAPE + "\x15"], "(a |(b c))"),
        ("|(a (b c))", [ESCAPE + "\x04"], "(|a (b c))"),
        ("(a |b) c", [ESCAPE + ")"], "(a |b c)"),
        ("(a |b c)", [ESCAPE + "}"], "(a |b) c"),
        ("a (|b)", ["\x18", "{"], "(a |b)"),
        ("(a |b)", [ESCAPE + "{"], "a (|b)"),
        ("(a |(b) c)", [ESCAPE + "r"], "|(b)"),
        ("(a (|b) c)", [ESCAPE + "s"], "(a |b c)"),
        ("(a |b c)", [ESCAPE + "("], "(a (|b) c)"),
        ("(a |(b c) d)", [ESCAPE + "\x0b"], "(a | d)"),
        ("(a (b c)| d)", ["\x18" + BACKSPACE], "(a | d)"),
        ("(a |(b c) d)", [ESCAPE + "\x0b", YANK, YANK], "(a (b c)(b c)| d)"),
        ("(a [b|", [ESCAPE + "]"], "(a [b])|"),
        ("(a [b|])", [ESCAPE + "]"], "(a [b])|"),
        ('(a "b|', [ESCAPE + "]"], '(a "b|'),
        ("(a (b |c) d)", [ESCAPE + "\x00", ESCAPE + "\x00", BACKSPACE], "(a | d)"),
        ("(a |b", [ESCAPE + "\x15", ESCAPE + "\x15"], "|(a b"),
    ],
)
def test_forms_of_a_lisp(before: str, keys: list[str], text: str) -> None:
    assert typed(keys, language="guile", text=before).marked == text


@pytest.mark.parametrize(
    ("before", "keys", "text"),
    [
        ("x = 1\n|y = 2\n", [ESCAPE + "\x06"], "x = 1\ny = 2|\n"),
        ("f(a, (b|))", [ESCAPE + "\x15"], "f(a, |(b))"),
        ("f(g(1|", [ESCAPE + "]"], "f(g(1))|"),
    ],
)
def test_forms_of_python(before: str, keys: list[str], text: str) -> None:
    assert typed(keys, text=before).marked == text


def test_text_without_structure_is_left_alone() -> None:
    keys = [ESCAPE + key for key in ")}(rs]\x06\x02\x15\x04\x0b\x00"]
    typist = typed(keys, language="gopher", text="a |(b)")
    assert typist.marked == "a |(b)"
    assert typist.done == []
