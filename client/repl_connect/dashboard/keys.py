"""Every key there is, by where it works: the help and the command palette are made from it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from textual.app import App
from textual.binding import Binding
from textual.dom import DOMNode

__all__ = ["Group", "Key", "groups"]

_OURS = "repl_connect."


class Key(NamedTuple):
    """A key, or several, and what they do. `node` is where its action is."""

    shown: str
    what: str
    action: str
    node: DOMNode


class Group(NamedTuple):
    """The keys of one place."""

    title: str
    keys: list[Key]


def groups(app: App[Any], screen: DOMNode) -> list[Group]:
    """The keys of the app, and of what is on a screen, each kind of widget once."""
    everywhere = list(_keys(app, app))
    found = [Group("Everywhere", everywhere)]
    seen: set[type] = set()
    by_title: dict[str, Group] = {}
    for node in screen.walk_children(with_self=True):
        if type(node) in seen:
            continue
        seen.add(type(node))
        known = {(each.shown, each.what) for each in everywhere}
        keys = [each for each in _keys(app, node) if (each.shown, each.what) not in known]
        if not keys:
            continue
        title = _title(node)
        group = by_title.get(title)
        if group is None:
            group = by_title[title] = Group(title, [])
            found.append(group)
        known = {(each.shown, each.what) for each in group.keys}
        group.keys.extend(each for each in keys if (each.shown, each.what) not in known)
    return found


def _keys(app: App[Any], node: DOMNode) -> Iterator[Key]:
    """The keys that our own classes give a node; what one takes over is not its parent's."""
    taken: set[str] = set()
    for each in type(node).__mro__:
        if not each.__module__.startswith(_OURS):
            continue
        for given in vars(each).get("BINDINGS", ()):
            binding = given if isinstance(given, Binding) else Binding(*given)
            keys = set(binding.key.split(","))
            if binding.description and not keys <= taken:
                yield Key(
                    _shown(app, binding),
                    binding.tooltip or binding.description,
                    binding.action,
                    node,
                )
            taken |= keys


def _shown(app: App[Any], binding: Binding) -> str:
    singles = Binding.make_bindings([binding])
    return " ".join(dict.fromkeys(app.get_key_display(each) for each in singles))


def _title(node: DOMNode) -> str:
    for each in node.ancestors_with_self:
        if isinstance(each, App):
            break
        title = type(each).BINDING_GROUP_TITLE
        if title and type(each).__module__.startswith(_OURS):
            return title
        if type(each).__name__.endswith("Panel"):
            return type(each).__name__.removesuffix("Panel")
    return type(node).__name__
