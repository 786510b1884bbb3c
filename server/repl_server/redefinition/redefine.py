"""A definition evaluated again reaches those who hold the old one.

A plain `def` rebinds a name. Callbacks, bound methods, `from m import f`, instances and the local
variables of a running loop keep the old object. Here the old object is given what the new one is,
and stays bound: the function its new code, the class its new attributes.

    redefinition = prepare(tree, namespace)     # None, nearly always: nothing here is redefined
    code = compile(tree, ...)
    if redefinition is not None:
        code = redefinition.into(code)
    eval(code, namespace)
    if redefinition is not None:
        notes = redefinition.finish()

Rule 1: the old object takes over at the definition itself, before its name is bound. What follows
in the same code (an instance made, a base class named, a callback registered) already means the old
object; done later, `player = Player()` in a file would be no instance of what `Player` then is. So
`prepare` puts an outermost decorator on each definition that replaces one: a constant, no name.

Rule 2: only what was defined under that name in that namespace is touched. `def join` after
`from os.path import join` is another function, and `os.path` keeps its own.

Rule 3: a function that can't take the new code (other free variables, another kind of decorator)
gets code that calls the new one. What can't be reached even so is said.

Rule 4: attributes are set before others are deleted, and default values are there before the code
that needs them. A call in another thread at that very moment may still see the new code with old
default values, or a class with some methods new and some old.

Class variables get the values of the new class body, as if it ran for the first time; what was set
on the class from outside is gone. Attributes that a program sets on a function stay.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from types import CodeType
from typing import Any

from repl_server.redefinition.carry import Carry
from repl_server.redefinition.decorated import is_ours

__all__ = ["Redefinition", "prepare"]

_MARK = "\0repl-server:redefine:"
_DEFINITIONS = {"FunctionDef", "AsyncFunctionDef", "ClassDef"}
_LOOPS = {"For", "AsyncFor", "While"}
_BLOCKS = {"If", "With", "AsyncWith", "Try", "TryStar", "Match", *_LOOPS}
_PLACE = ("lineno", "col_offset", "end_lineno", "end_col_offset")
_NOTES = 20


class Redefinition:
    """What one piece of code redefines. `finish` says what it could not reach."""

    def __init__(self, namespace: dict[str, Any]) -> None:
        self._namespace = namespace
        self._old: dict[str, Any] = {}
        self._looped: set[str] = set()
        self._decorated: set[str] = set()
        self._notes: list[str] = []

    def into(self, code: CodeType) -> CodeType:
        """The code, compiled from the prepared tree, so that it carries over as it runs."""
        hooks = {_MARK + name: partial(self._carry, name) for name in self._old}
        return code.replace(
            co_consts=tuple(
                hooks.get(constant, constant) if type(constant) is str else constant
                for constant in code.co_consts
            )
        )

    def finish(self) -> list[str]:
        """To be called when the code has run, or failed: sentences for the user, mostly none.

        They say what goes on with the old version; at most 20, the last one tells of the rest.
        """
        for name in self._looped:
            new = self._namespace.get(name)
            if new is not self._old[name]:
                self._namespace[name] = self._carry(name, new)
        notes = list(dict.fromkeys(self._notes))
        if len(notes) > _NOTES:
            notes[_NOTES - 1 :] = [f"There are {len(notes) - _NOTES + 1} more notes like these."]
        return notes

    def _carry(self, name: str, new: Any) -> Any:
        """The decorator: what is to be bound to the name."""
        carry = Carry(self._old[name], self._namespace, self._notes)
        try:
            kept = carry.keep(self._old[name], new, name)
            carry.reach_holders(registered=name in self._decorated)
        except Exception as error:  # a note is better than a definition that fails
            self._notes.append(
                f"{name} is the new one, but what holds the old one may keep it: "
                f"{type(error).__name__}: {error}"
            )
            return new
        return kept


def prepare(tree: Any, namespace: dict[str, Any]) -> Redefinition | None:
    """Change a module's syntax tree so that what it redefines in the namespace is carried over.

    None, and an unchanged tree, if it defines nothing that was defined there before. Looks at the
    statements of the module and of its `if`, `try`, `with` and loops. Compile the tree after this,
    and run what `Redefinition.into` makes of that code.
    """
    redefinition: Redefinition | None = None
    for node, looped in _definitions(tree.body, looped=False):
        name = node.name
        if name not in namespace or not name.strip("_"):  # each `def _` is something else
            continue
        old = namespace[name]
        if not is_ours(old, name, namespace):
            continue
        redefinition = redefinition or Redefinition(namespace)
        redefinition._old[name] = old  # noqa: SLF001
        if node.decorator_list:
            redefinition._decorated.add(name)  # noqa: SLF001
        if looped:  # each turn means a function of its own; the last one counts
            redefinition._looped.add(name)  # noqa: SLF001
        else:
            _decorate(node, _MARK + name)
    return redefinition


def _definitions(body: Iterable[Any], *, looped: bool) -> Iterator[tuple[Any, bool]]:
    """The definitions in statements; of many under one name (`@overload`), the last one."""
    last: dict[str, Any] = {}
    for node in body:
        kind = type(node).__name__
        if kind in _DEFINITIONS:
            last[node.name] = node
        elif kind in _BLOCKS:
            inner = looped or kind in _LOOPS
            for field in ("body", "orelse", "finalbody"):
                yield from _definitions(getattr(node, field, ()), looped=inner)
            for field in ("handlers", "cases"):
                for block in getattr(node, field, ()):
                    yield from _definitions(block.body, looped=inner)
    for node in last.values():
        yield node, looped


def _decorate(node: Any, mark: str) -> None:
    import _ast

    first = node.decorator_list[0] if node.decorator_list else node
    place = {key: getattr(first, key) for key in _PLACE}
    node.decorator_list.insert(0, _ast.Constant(mark, **place))
