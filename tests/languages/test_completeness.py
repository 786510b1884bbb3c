"""When Enter sends, in each language."""

from __future__ import annotations

import pytest

from repl_connect.languages import LANGUAGES, language_named

COMPLETE = {
    "guile": [
        "",
        "   ",
        "1",
        "(a)",
        "; a comment (",
        "#| a #| nested |# comment ( |#",
        "#;(a b) c",
        "(a #;b)",
        r"#\(",
        r"(list #\( #\) #\space #\x41)",
        "#{odd (name}#",
        "|odd (name|",
        '"a (string \\" with quotes"',
        "'a",
        "#'a",
        "`(a ,b ,@c)",
        "#(1 2)",
        "#vu8(1 2)",
        "[a b]",
        "(a]",  # wrong for good: the error is shown
        "a)",
        ")(",
        "(define (f x)\n  (* x 2))",
        ",bt",
        ",m (game world)",
        ",time (f 1)",
        ",help",
        "#:keyword",
        "#t",
        "#!eof",
        "(a ; comment )\n)",
    ],
    "racket": ["{a}", '#rx"("', "#\\(", '#px#"("', "#&1", "(λ (x) x)"],
    "scheme": ["(a)", "|a (b|", "#\\(", "#|(|#"],
    "sbcl": ["(a)", "#'car", "#\\(", "#+sbcl (a)", "`(,a ,@b)", "|a (|", "#(1 2)", '#p"("'],
    "clojure": [
        "(a)",
        "[1 2]",
        "#{1 2}",
        "{:a 1}",
        '"a ("',
        '#"("',
        r"\(",
        r"\newline",
        "#(+ % 1)",
        "@a",
        "#'a",
        "a'",
        "#_(a) b",
        "#?(:clj 1)",
        "#:a{:b 1}",
        "; (",
        "(a, b)",
        "^String x",
        "(a]",
        '#inst "2020"',
    ],
    "python": [
        "",
        "  ",
        "1 + 1",
        "# a comment",
        "x = 1; y = 2",
        "a = 1\nb = 2",
        "def f():\n    return 1\n",
        "def f():\n    return 1\n    ",
        "def f():\n    return 1\nf()",
        "if 1: 2\n",
        "for i in range(3):\n    if i:\n        print(i)\n\n",
        "try:\n    1\nexcept E:\n    2\n",
        "if 1:\n    2\nelse:\n    3\n",
        "x = [1,\n     2]",
        '"""a\nb"""',
        "a = '''('''",
        "1 + \\\n2",
        "await f()",
        "async with a as b:\n    pass\n",
        "1 +",  # wrong for good
        ")",
        '"abc',
        "  indented = 1",
        "x = '('",
        "@decorate\ndef f():\n    pass\n",
        "match x:\n    case 1:\n        pass\n",
        "return 1",
    ],
    "node": [
        "",
        "1 + 1",
        "// a comment (",
        "/* a ( */ 1",
        "let a = 1; a++",
        "f(\n1)",
        "({a: 1})",
        "'('",
        "`a ${f(`(`)} (`",
        "/[(/]/.test(a)",
        "a / b / c",
        "return /(/",
        "a.in",
        "do { a() } while (b)",
        "if (a) b()",
        "function f() {\n  return 1\n}",
        "'abc",  # wrong for good
        ")",
        "(a]",
    ],
    "text": ["", "(", "hello"],
}
INCOMPLETE = {
    "guile": [
        "(a",
        "(a) (b",
        "(a [b",
        '"a',
        '"a \\"',
        "#| a",
        "#| #| |#",
        "#{a",
        "|a",
        "'",
        "`(a ,",
        "#;",
        "(a) #;",
        "(a #;(b) ;c)",
        "#(1",
        "#\\",
        ",time (f",
        "(a #\\)",
        "'(a . b",
    ],
    "racket": ["{a", '#rx"(', "#&"],
    "sbcl": ["(a", "#'", "#+"],
    "clojure": [
        "(a",
        "[1",
        "#{1",
        "{:a",
        '"a',
        '#"a',
        "#(",
        "#_",
        "@",
        "'",
        "#?(:clj",
        "#:a{",
        "[\\]",
    ],
    "python": [
        "x = (",
        "f(1,",
        "[\n",
        "def f():",
        "def f():\n    1",
        "def f():\n",
        "class A:",
        "@decorate",
        '"""a',
        '"""a\n\n',
        "1 + \\",
        "if 1: 2",
        "try:\n    1\n",
        "if 1:\n    2\nelse:",
        "f('''",
        "x = {\n\n",
        "match x:",
        "lambda: (",
    ],
    "node": [
        "f(",
        "({a: [",
        "`a",
        "`a ${f(",
        "`a ${`b`",
        "/* a",
        "a +",
        "a &&",
        "x =>",
        "a.",
        "f(1,",
        "if (a)",
        "while (f(a))",
        "if (a) b(); else",
        "const",
        "function f() {\n  return 1",
    ],
}


@pytest.mark.parametrize(
    ("language", "text"),
    [(name, text) for name, texts in COMPLETE.items() for text in texts],
)
def test_complete(language: str, text: str) -> None:
    assert language_named(language).is_complete(text)


@pytest.mark.parametrize(
    ("language", "text"), [(name, text) for name, texts in INCOMPLETE.items() for text in texts]
)
def test_incomplete(language: str, text: str) -> None:
    assert not language_named(language).is_complete(text)


@pytest.mark.parametrize("name", sorted(LANGUAGES))
@pytest.mark.parametrize("text", ["\0", "\ud800", "é" * 10, "(" * 5000, "[" * 5000, "\x1b[31m"])
def test_nothing_raises(name: str, text: str) -> None:
    language = language_named(name)
    language.is_complete(text)
    language.indent(text)
    language.symbol_before(text)
    language.symbol_at(text, len(text) // 2)


def test_unknown_language_is_text() -> None:
    assert language_named("brainfuck").name == "text"


def test_meta_commands_belong_to_guile() -> None:
    assert language_named("guile").is_meta_command(",bt")
    assert not language_named("guile").is_meta_command(",(a)")
    assert not language_named("guile").is_meta_command(",@a")
    assert not language_named("clojure").is_meta_command(",bt")


@pytest.mark.parametrize(
    ("language", "namespace", "prompt"),
    [
        ("guile", "(guile-user)", "(guile-user)> "),
        ("python", "__main__", "__main__> "),
        ("python", None, "__main__> "),
        ("clojure", "user", "user=> "),
        ("sbcl", "CL-USER", "CL-USER> "),
        ("node", "repl", "> "),
        ("text", None, "> "),
    ],
)
def test_prompt_shows_the_namespace(language: str, namespace: str | None, prompt: str) -> None:
    assert language_named(language).display_namespace(namespace) == prompt
