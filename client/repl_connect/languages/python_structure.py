"""Moves by Python's forms: in brackets names, literals and brackets; elsewhere statements.

Blocks are read from the lines and their indentation, so a text that doesn't parse has them too.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from repl_connect.languages import forms
from repl_connect.languages.language import Structure
from repl_connect.languages.python_source import Line, read

__all__ = [
    "Statement",
    "around",
    "backward",
    "blocks",
    "code_at",
    "down",
    "form_at",
    "forward",
    "root_at",
    "statement_at",
    "statements",
    "structure",
    "up",
]

_CLAUSES: Final = frozenset(("elif", "else", "except", "finally"))


class Statement:
    """A statement with its block, if it has one; the root is that of the whole text.

    `heads` are the lines of its own: its clauses' and, before them, its decorators'.
    """

    __slots__ = ("body", "end", "heads", "indent", "parent", "start")

    def __init__(self, parent: Statement | None, line: Line) -> None:
        self.parent = parent
        self.start = line.start
        self.end = line.end
        self.indent = line.indent
        self.heads = [line]
        self.body: list[Statement] = []

    @property
    def is_block(self) -> bool:
        """Whether other statements are in it."""
        return bool(self.body)


@lru_cache(maxsize=4)
def blocks(text: str) -> Statement:
    """The tree of a text's statements."""
    root = Statement(None, Line(0, len(text), -1, ""))
    root.heads = []
    stack = [root]
    for line in read(text).lines:
        while stack[-1].indent > line.indent:
            stack.pop()
        last = stack[-1]
        if last.indent == line.indent:
            if line.word in _CLAUSES or last.heads[-1].word == "@":
                last.heads.append(line)
            else:
                stack.pop()
                last = _added(stack, line)
        else:
            last = _added(stack, line)
        for each in stack[1:]:
            each.end = line.end
    return root


def _added(stack: list[Statement], line: Line) -> Statement:
    statement = Statement(stack[-1], line)
    stack[-1].body.append(statement)
    stack.append(statement)
    return statement


def around(text: str, position: int, *, at_end: bool = True) -> Statement:
    """The innermost block that a position is in, the root if none.

    An indented empty line after a block is still in it, and so is its end, if `at_end`.
    """
    inside = blocks(text)
    line = text[text.rfind("\n", 0, position) + 1 : position]
    while True:
        for child in inside.body:
            after = text[child.end : position]
            end = child.end + at_end
            follows = (
                position > child.end
                and "\n" in after
                and not after.strip()
                and len(line.expandtabs(8)) > child.indent
            )
            if child.start < position and (position < end or follows) and child.is_block:
                inside = child
                break
        else:
            return inside


def statement_at(text: str, position: int) -> Statement | None:
    """The statement of the block around that a position is in, or starts, or else ends."""
    ending = None
    for child in around(text, position).body:
        if child.start <= position < child.end:
            return child
        if child.end == position:
            ending = child
    return ending


def forward(text: str, position: int) -> int | None:
    """The end of the form at or after a position."""
    root = read(text).root
    if forms.container(root, position) is not root:
        return forms.forward(root, position)
    inside = around(text, position, at_end=False)
    ends = [line.end for line in inside.heads if line.end > position]
    ends += [child.end for child in inside.body if child.end > position]
    return min(ends, default=None)


def backward(text: str, position: int) -> int | None:
    """The start of the form at or before a position."""
    root = read(text).root
    if forms.container(root, position) is not root:
        return forms.backward(root, position)
    inside = around(text, position)
    starts = [line.start for line in inside.heads if line.start < position]
    starts += [child.start for child in inside.body if child.start < position]
    return max(starts, default=None)


def up(text: str, position: int) -> int | None:
    """The start of the bracket around, else of the line that the block around belongs to."""
    root = read(text).root
    if forms.container(root, position) is not root:
        return forms.up(root, position)
    inside = around(text, position)
    if any(line.start <= position <= line.end for line in inside.heads):
        position = inside.start
        inside = inside.parent or inside
    starts = [line.start for line in inside.heads if line.start < position]
    return max(starts, default=None)


def down(text: str, position: int) -> int | None:
    """Just inside of the next bracket of the line, else the block's first statement."""
    root, lines = read(text)
    if forms.container(root, position) is not root:
        return forms.down(root, position)
    line = next((each for each in lines if each.end > position), None)
    if line is None:
        return None
    for child in root.children:
        if child.opening is not None and position <= child.opening < line.end:
            return child.opening + 1
    follower = next((each for each in lines if each.start >= line.end), None)
    deeper = follower is not None and follower.indent > line.indent
    return follower.start if follower is not None and deeper else None


def form_at(text: str, position: int) -> tuple[int, int] | None:
    """The smallest form around a position, or touching it."""
    root = read(text).root
    if forms.container(root, position) is not root:
        return forms.form_at(root, position)
    found = statement_at(text, position) or around(text, position)
    return (found.start, found.end) if found.parent is not None else None


def root_at(text: str, position: int) -> tuple[int, int] | None:
    """The top-level statement around a position, or touching it."""
    ending = None
    for start, end in statements(text):
        if start <= position < end:
            return start, end
        if end == position:
            ending = start, end
    return ending


def code_at(text: str, position: int) -> tuple[int, int] | None:
    """The innermost statement that a position is in, or beside; a block where nothing is nearer."""
    before = after = None
    for line in read(text).lines:
        if line.start <= position <= line.end:
            break
        if line.end < position:
            before = line.end
        else:
            after = line.start
            break
    if before is not None and "\n" not in text[before:position]:
        position = before
    elif after is not None and "\n" not in text[position:after]:
        position = after
    found = statement_at(text, position) or around(text, position)
    return (found.start, found.end) if found.parent is not None else None


def statements(text: str) -> list[tuple[int, int]]:
    """Where the top-level statements are, each with its block and its decorators."""
    return [(each.start, each.end) for each in blocks(text).body]


def structure() -> Structure:
    """The moves of this module, and the edits that are made by them."""
    from repl_connect.languages import python_edits

    return Structure(
        forward=forward,
        backward=backward,
        up=up,
        down=down,
        form_at=form_at,
        root_at=root_at,
        slurp_forward=python_edits.slurp_forward,
        slurp_backward=python_edits.slurp_backward,
        barf_forward=python_edits.barf_forward,
        barf_backward=python_edits.barf_backward,
        raise_form=python_edits.raise_form,
        splice=python_edits.splice,
        wrap=python_edits.wrap,
        kill_end=forward,
    )
