"""How the next line is indented, and which name the cursor is at."""

from __future__ import annotations

import pytest

from repl_connect.languages import language_named


@pytest.mark.parametrize(
    ("language", "text", "width"),
    [
        ("guile", "(define (f x)", 2),
        ("guile", "(let ((a 1)", 6),
        ("guile", "(let loop ((i 0))", 2),
        ("guile", "(f a", 3),
        ("guile", "(f\n", 1),
        ("guile", "(f", 1),
        ("guile", "(if a\n    b", 4),
        ("guile", "'(a b", 2),
        ("guile", "((a b)", 1),
        ("guile", "(a (b c", 6),
        ("guile", "(a)", 0),
        ("guile", '(a "b', 0),
        ("guile", "(with-exception-handler h", 2),
        ("guile", "(a]", 0),
        ("clojure", "(defn f [x]", 2),
        ("clojure", "{:a 1", 1),
        ("clojure", "[1", 1),
        ("clojure", "(->> a", 5),
        ("sbcl", "(defun f (x)", 2),
        ("racket", "(for/list ([i 3])", 2),
        ("python", "def f():", 4),
        ("python", "def f():  # a comment:", 4),
        ("python", "    if x:", 8),
        ("python", "    return 1", 0),
        ("python", "        pass", 4),
        ("python", "    a = 1", 4),
        ("python", "f(", 4),
        ("python", "f(a,", 2),
        ("python", "x = {1: [", 4),
        ("python", "x = '#:'", 0),
        ("python", '"""a:', 0),
        ("python", "    a = f(1,\n          2)", 4),
        ("python", "    return [1,\n            2]", 0),
        ("python", "if (a and\n        b):", 4),
        ("python", '    a = """\n  b"""', 4),
        ("python", "    return 1 + \\", 8),
        ("python", "    f()\n", 0),
        ("node", "function f() {", 2),
        ("node", "f({", 2),
        ("node", "  if (a) {\n    b()", 4),
        ("node", "function f() {\n  return `{", 0),
        ("node", "f(1)", 0),
        ("text", "hello", 0),
    ],
)
def test_indentation(language: str, text: str, width: int) -> None:
    assert language_named(language).indent(text) == " " * width


@pytest.mark.parametrize(
    ("language", "text", "name"),
    [
        ("guile", "(string-ap", "string-ap"),
        ("guile", "(f 'ab", "ab"),
        ("guile", '"ab', ""),
        ("guile", "; ab", ""),
        ("guile", "(f ", ""),
        ("guile", "(list #:ke", "#:ke"),
        ("clojure", "(str/jo", "str/jo"),
        ("clojure", "(.toStr", ".toStr"),
        ("python", "import os; os.pa", "os.pa"),
        ("python", "f(a.b", "a.b"),
        ("python", "x = 'ab" + "'", ""),
        ("python", "# ab", ""),
        ("python", '"""ab', ""),
        ("python", "1.", ""),
        ("node", "a = console.lo", "console.lo"),
        ("node", "f(a?.b", "a?.b"),
        ("node", "$x.y_", "$x.y_"),
        ("node", "f().ab", ""),
        ("node", "'ab", ""),
        ("node", "// ab", ""),
        ("node", "/* ab */ cd", "cd"),
        ("text", "hello wor", "wor"),
    ],
)
def test_name_before_the_cursor(language: str, text: str, name: str) -> None:
    assert language_named(language).symbol_before(text) == name


@pytest.mark.parametrize(
    ("language", "text", "position", "name"),
    [
        ("guile", "(string-append a)", 3, "string-append"),
        ("guile", "(string-append a)", 14, "string-append"),
        ("guile", "(string-append ", 15, "string-append"),
        ("guile", "", 0, ""),
        ("python", "os.path.join(a, b)", 9, "os.path.join"),
        ("python", "os.path.join(a, b)", 4, "os.path"),
        ("python", "print(", 6, "print"),
        ("clojure", "(map inc [1])", 6, "inc"),
        ("text", "a word here", 4, "word"),
    ],
)
def test_name_at_the_cursor(language: str, text: str, position: int, name: str) -> None:
    assert language_named(language).symbol_at(text, position) == name
