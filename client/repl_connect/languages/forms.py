"""Moves and edits in a tree of forms, whatever language it was read from.

What paredit does: an edit moves a bracket over a neighbour, and leaves the rest of the text as it
is, apart from a blank where two forms would run into each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from repl_connect.languages.language import Edit, Structure

__all__ = [
    "Form",
    "backward",
    "barf_backward",
    "barf_forward",
    "container",
    "down",
    "form_at",
    "forward",
    "raise_form",
    "root_at",
    "slurp_backward",
    "slurp_forward",
    "splice",
    "structure",
    "touching",
    "up",
    "wrap",
]

_Found = TypeVar("_Found")


class Form:
    """An atom or a list, from its prefixes on.

    Its prefixes (a quote) are from `start` to `lead`.
    `opening` is the position of the bracket that opens it, None for an atom; `closing` that of the
    one that closes it, None also if there is none. The root is a list without brackets.
    `separators` are the positions of its commas, in a language that has them.
    """

    __slots__ = ("children", "closing", "end", "lead", "opening", "parent", "separators", "start")

    def __init__(self, parent: Form | None, start: int, opening: int | None, end: int) -> None:
        self.parent = parent
        self.start = self.lead = start
        self.opening = opening
        self.end = end
        self.closing: int | None = None
        self.children: list[Form] = []
        self.separators: list[int] = []
        if parent is not None:
            parent.children.append(self)

    @property
    def is_whole(self) -> bool:
        """Whether it ends before the text does: an atom, or a list that is closed."""
        return self.opening is None or self.closing is not None

    def around(self) -> Iterator[Form]:
        """It and the lists around it, without the root."""
        form: Form | None = self
        while form is not None and form.parent is not None:
            yield form
            form = form.parent


def structure(read: Callable[[str], Form]) -> Structure:
    """The moves and edits of this module, in the tree that `read` makes of a text."""

    def there(function: Callable[[Form, int], _Found]) -> Callable[[str, int], _Found]:
        return lambda text, position: function(read(text), _within(text, position))

    def edit(
        function: Callable[[str, Form, int], Edit | None],
    ) -> Callable[[str, int], Edit | None]:
        return lambda text, position: function(text, read(text), _within(text, position))

    return Structure(
        forward=there(forward),
        backward=there(backward),
        up=there(up),
        down=there(down),
        form_at=there(form_at),
        root_at=there(root_at),
        slurp_forward=edit(slurp_forward),
        slurp_backward=edit(slurp_backward),
        barf_forward=edit(barf_forward),
        barf_backward=edit(barf_backward),
        raise_form=edit(raise_form),
        splice=edit(splice),
        wrap=edit(wrap),
        kill_end=there(forward),
    )


def _within(text: str, position: int) -> int:
    return min(max(position, 0), len(text))


def container(root: Form, position: int) -> Form:
    """The innermost list that a position is inside of; the root if there is none."""
    inside = root
    while True:
        for child in inside.children:
            if child.opening is None or position <= child.opening:
                continue
            if position <= (child.end if child.closing is None else child.closing):
                inside = child
                break
        else:
            return inside


def touching(root: Form, position: int) -> Form | None:
    """The form in the list around that a position is in, or starts, or else ends."""
    ending = None
    for child in container(root, position).children:
        if child.start <= position < child.end:
            return child
        if child.end == position:
            ending = child
    return ending


def _next(root: Form, position: int) -> Form | None:
    """The form in the list around that ends after a position."""
    children = container(root, position).children
    return next((child for child in children if child.end > position), None)


def _previous(root: Form, position: int) -> Form | None:
    """The form in the list around that starts before a position."""
    children = container(root, position).children
    return next((child for child in reversed(children) if child.start < position), None)


def _listed(root: Form, position: int) -> Form | None:
    """The closed list that a position is inside of."""
    inside = container(root, position)
    return inside if inside.closing is not None else None


def forward(root: Form, position: int) -> int | None:
    """The end of the form at or after a position."""
    form = _next(root, position)
    return form.end if form is not None and form.is_whole else None


def backward(root: Form, position: int) -> int | None:
    """The start of the form at or before a position."""
    form = _previous(root, position)
    return form.start if form is not None else None


def up(root: Form, position: int) -> int | None:
    """The start of the list around, or of the atom that the position is in the middle of."""
    form = touching(root, position)
    if form is not None and form.opening is None and form.start < position < form.end:
        return form.start
    inside = container(root, position)
    return inside.start if inside.parent is not None else None


def down(root: Form, position: int) -> int | None:
    """Just inside of the next list."""
    for child in container(root, position).children:
        if child.opening is not None and child.opening >= position:
            return child.opening + 1
    return None


def form_at(root: Form, position: int) -> tuple[int, int] | None:
    """The smallest form around a position, or touching it."""
    form = touching(root, position) or container(root, position)
    return (form.start, form.end) if form.parent is not None else None


def root_at(root: Form, position: int) -> tuple[int, int] | None:
    """The outermost form around a position, or touching it."""
    ending = None
    for child in root.children:
        if child.start <= position < child.end:
            return child.start, child.end
        if child.end == position:
            ending = child.start, child.end
    return ending


def slurp_forward(text: str, root: Form, position: int) -> Edit | None:
    """Move the closing bracket of the list around, or of one further out, over the next form."""
    for form in container(root, position).around():
        follower = _sibling(form, +1)
        if form.closing is None or form.opening is None:
            return None
        if follower is None:
            continue
        if not follower.is_whole:
            return None
        between = text[form.end : follower.start]
        before = text[: form.closing]
        if not between.strip():
            if not form.children and not text[form.opening + 1 : form.closing].strip():
                before, between = text[: form.opening + 1], ""
                position = len(before)
            elif not between and not before[-1:].isspace():
                between = " "
        taken = text[follower.start : follower.end]
        return Edit(
            before + between + taken + text[form.closing : form.end] + text[follower.end :],
            position,
        )
    return None


def slurp_backward(text: str, root: Form, position: int) -> Edit | None:
    """Move the opening bracket of the list around, or of one further out, over the form before."""
    for form in container(root, position).around():
        leader = _sibling(form, -1)
        if form.closing is None or form.opening is None:
            return None
        if leader is None:
            continue
        opener = text[form.start : form.opening + 1]
        between = text[leader.end : form.start]
        after = text[form.opening + 1 :]
        if not between.strip():
            inner = text[form.opening + 1 : form.closing]
            if not form.children and not inner.strip():
                after, between = text[form.closing :], ""
                position = form.opening + 1
            elif not between and not inner[:1].isspace():
                between = " "
        before = text[: leader.start] + opener + text[leader.start : leader.end] + between
        return Edit(before + after, position + len(before) - form.opening - 1)
    return None


def barf_forward(text: str, root: Form, position: int) -> Edit | None:
    """Move the closing bracket of the list around to before its last form."""
    form = _listed(root, position)
    if form is None or form.closing is None or form.opening is None or not form.children:
        return None
    last = form.children[-1]
    kept = form.children[-2].end if len(form.children) > 1 else form.opening + 1
    closer = text[form.closing : form.end]
    if kept == last.start:
        closer += " "
    rest = text[kept : form.closing]
    if not rest.strip():
        return None
    moved = position + len(closer) if position > kept else position
    return Edit(text[:kept] + closer + rest + text[form.end :], min(moved, len(text)))


def barf_backward(text: str, root: Form, position: int) -> Edit | None:
    """Move the opening bracket of the list around to behind its first form."""
    form = _listed(root, position)
    if form is None or form.closing is None or form.opening is None or not form.children:
        return None
    kept = form.children[1].start if len(form.children) > 1 else form.closing
    opener = text[form.start : form.opening + 1]
    out = text[form.opening + 1 : kept]
    blank = "" if out[-1:].isspace() else " "
    moved = position + len(blank) if position >= kept else position - len(opener)
    return Edit(text[: form.start] + out + blank + opener + text[kept:], moved)


def raise_form(text: str, root: Form, position: int) -> Edit | None:
    """Replace the list around by the form at the position, else the next, else the last one."""
    inside = _listed(root, position)
    if inside is None or not inside.children:
        return None
    form = touching(root, position) or _next(root, position) or inside.children[-1]
    taken = text[form.start : form.end]
    offset = min(max(position - form.start, 0), len(taken))
    return Edit(text[: inside.start] + taken + text[inside.end :], inside.start + offset)


def splice(text: str, root: Form, position: int) -> Edit | None:
    """Take away the brackets of the list around, with their prefixes."""
    form = _listed(root, position)
    if form is None or form.closing is None or form.opening is None:
        return None
    before, after = text[: form.start], text[form.end :]
    inner = text[form.opening + 1 : form.closing]
    leader, follower = _sibling(form, -1), _sibling(form, +1)
    moved = position - (form.opening + 1 - form.start)
    if leader is not None and leader.end == form.start:
        before += " "
        moved += 1
    if follower is not None and follower.start == form.end:
        after = " " + after
    return Edit(before + inner + after, moved)


def wrap(text: str, root: Form, position: int) -> Edit | None:
    """Put round brackets around the form that touches the position; else empty ones there."""
    form = touching(root, position)
    if form is None:
        return Edit(text[:position] + "()" + text[position:], position + 1)
    if not form.is_whole:
        return None
    inner = text[form.start : form.end]
    return Edit(text[: form.start] + "(" + inner + ")" + text[form.end :], position + 1)


def _sibling(form: Form, step: int) -> Form | None:
    """The form beside one, in the same list: +1 after it, -1 before it."""
    if form.parent is None:
        return None
    siblings = form.parent.children
    index = siblings.index(form) + step
    return siblings[index] if 0 <= index < len(siblings) else None
