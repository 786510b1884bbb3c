"""Python taken out of a block means what it meant there."""

from __future__ import annotations

import ast
from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repl_connect.languages import language_named
from repl_connect.languages.units import unit_at

PYTHON = language_named("python")

SIMPLE = [
    "x = 1",
    "x = 1; y = 2",
    "x = 1  # (a remark",
    "'''one\n  two\n\n\tthree'''",
    'f("""a\n        b""", c)',
    'x = f"""\n{y}\n    z"""',
    "x = 'one \\\n   two'",
    "x = [\n1,\n      2,\n\n]",
    "x = f(a,\n  # (remark\n  b)",
    "x = 1 + \\\n2",
    "x = 1 + \\\n            2",
    "pass",
    "# a remark",
    "",
    "   ",
]
HEADS = [
    ["if x:"],
    ["def f(a,\n  b):"],
    ["class C:  # remark"],
    ["@d(\n1)", "# a remark", "async def f():"],
    ["for x in '''\n''':"],
]


@st.composite
def blocks(draw: st.DrawFn, depth: int) -> list[str]:
    """The logical lines of a block, without the indentation it will have."""
    step = draw(st.sampled_from(["    ", "  ", "\t", " \t"]))
    found: list[str] = []
    for _ in range(draw(st.integers(1, 4))):
        if depth and draw(st.booleans()):
            found += draw(st.sampled_from(HEADS))
            found += [step + each for each in draw(blocks(depth - 1))]
        else:
            found.append(draw(st.sampled_from(SIMPLE)))
    return [*found, "pass"]


def offset(text: str, line: int, column: int) -> int:
    """The position of a line, from 1, and a column in bytes, from 0."""
    lines = text.split("\n")
    before = sum(len(each) + 1 for each in lines[: line - 1])
    return before + len(lines[line - 1].encode()[:column].decode())


def start_of(text: str, node: ast.stmt) -> int:
    """Where a statement starts, with its decorators."""
    for decorator in getattr(node, "decorator_list", []):
        return text.rindex("@", 0, offset(text, decorator.lineno, decorator.col_offset))
    return offset(text, node.lineno, node.col_offset)


@given(lines=blocks(2), indentation=st.sampled_from(["    ", "\t", "  ", " \t "]), data=st.data())
def test_what_is_cut_out_of_a_block_means_the_same(
    lines: list[str], indentation: str, data: st.DataObject
) -> None:
    text = "while é:\n" + "".join(f"{indentation}{each}\n" for each in lines) + "x = 2\n"
    bodies = [each.body for each in ast.walk(ast.parse(text)) if hasattr(each, "body")]
    body: list[ast.stmt] = data.draw(st.sampled_from(bodies))
    first = data.draw(st.integers(0, len(body) - 1))
    last = data.draw(st.integers(first, len(body) - 1))
    start = start_of(text, body[first])
    end = offset(text, body[last].end_lineno or 0, body[last].end_col_offset or 0)
    line = text.rindex("\n", 0, start) + 1 if "\n" in text[:start] else 0
    if not text[line:start].strip():
        start = data.draw(st.integers(line, start))  # also from the middle of its indentation
    found = PYTHON.extracted(text, start, end)
    assert found.count("\n") == text[start:end].count("\n")
    cut_out = [ast.dump(each) for each in ast.parse(found).body]
    assert cut_out == [ast.dump(each) for each in body[first : last + 1]]


TEXT = dedent(
    '''\
    class C:
        def f(self):
            """Says
            something."""
            if self.x:

                y = [
            1,
                    2]
    # a remark at the margin
                z = """
                kept
    """
            return z
    '''
)


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        ("y = [", "2]", "y = [\n1,\n    2]"),
        ("if self", '\n"""', None),
        ("z = ", '\n"""', 'z = """\n            kept\n"""'),
        ("        return", "z\n", "return z\n"),
        ("self.x", ":", "self.x:"),
    ],
)
def test_the_indentation_of_its_first_line_is_taken_away(
    first: str, last: str, expected: str | None
) -> None:
    start = TEXT.index(first)
    end = TEXT.index(last, start + 1) + len(last)
    if expected is None:
        expected = (
            "if self.x:\n\n    y = [\n1,\n        2]\n# a remark at the margin\n"
            '    z = """\n            kept\n"""'
        )
    assert PYTHON.extracted(TEXT, start, end) == expected


@pytest.mark.parametrize(
    "text",
    [
        "x = 1\ny = 2\n",
        "        x = 1\n    y = 2\n",  # out of two blocks
        "\tx = 1\n        y = 2\n",  # Python has no one meaning for it
        "\n  \n# only\n",
        '    """never ended\n  x',
        "",
    ],
)
def test_what_cannot_be_cut_out_stays_as_it_is(text: str) -> None:
    if text.startswith('    """'):
        assert PYTHON.extracted(text, 0, len(text)) == text[4:]
    else:
        assert PYTHON.extracted(text, 0, len(text)) == text


def test_a_selection_from_the_middle_of_a_line_has_that_line_s_indentation() -> None:
    text = "if x:\n    a = 1; b = 2\n    c = 3\n"
    assert PYTHON.extracted(text, text.index("b"), len(text)) == "b = 2\nc = 3\n"


def test_a_method_is_evaluable_wherever_it_stands() -> None:
    found = unit_at(PYTHON, TEXT, TEXT.index("self.x"), "form")
    assert found is not None
    ast.parse(PYTHON.extracted(TEXT, *found))


@pytest.mark.parametrize("name", ["guile", "clojure", "sbcl", "node", "text"])
def test_other_languages_mind_no_indentation(name: str) -> None:
    text = "(a\n    (b)\n  (c))"
    assert language_named(name).extracted(text, 3, 12) == text[3:12]
