"""Gives an old function or class what the new one is."""

from __future__ import annotations

import abc
import gc
import sys
from collections.abc import Iterator
from contextlib import suppress
from functools import _lru_cache_wrapper, partial
from types import CodeType, FunctionType, GetSetDescriptorType, MemberDescriptorType
from typing import Any

from repl_server.redefinition.decorated import (
    METHODS,
    alike,
    content,
    is_class,
    is_ours,
    layers,
    parts_of,
)
from repl_server.redefinition.old_code import OldCode, count, give

__all__ = ["Carry"]

_DETAILS = (
    "__annotate__" if hasattr(FunctionType, "__annotate__") else "__annotations__",
    *("__doc__", "__name__", "__qualname__", "__module__"),
)
_OWN = {"__dict__", "__weakref__", "__slots__", "_abc_impl"}
_INSTANCES = 100_000
_TARGET = "\0repl-server:target"


class Carry:
    """Carries one definition over to what it replaces, `root`."""

    def __init__(self, root: Any, namespace: dict[str, Any], notes: list[str]) -> None:
        self._root = root
        self._namespace = namespace
        self._notes = notes
        self._kept: dict[tuple[int, int], tuple[Any, Any, Any]] = {}
        self._classes: dict[int, Any] = {}
        """The old class for the id of each new one."""
        self._code = OldCode(namespace, notes)

    def keep(self, old: Any, new: Any, name: str) -> Any:
        """Carry the new one over, and return which of the two to go on with."""
        if old is new:
            return new
        pair = (id(old), id(new))
        if pair not in self._kept:
            self._kept[pair] = (old, new, new)
            self._kept[pair] = (old, new, self._carried(old, new, name))
        return self._kept[pair][2]

    def _carried(self, old: Any, new: Any, name: str) -> Any:
        if is_class(old) and is_class(new):
            return self._class(old, new, name)
        if used := self._use(old, new, name):
            self._notes.append(
                f"{name}: the new one uses the old one ({used}), so who holds the old one keeps it."
            )
            return new
        if type(old) is type(new):
            if type(old) is FunctionType:
                return self._function(old, new)
            return self._decorated(old, new, name)
        if callable(new) and type(old) not in METHODS and type(new) not in METHODS:
            inner = next((each for each in layers(old) if each.__qualname__ == name), None)
            if inner is not None and not is_class(old):
                self._function(inner, new)
                if type(old) is _lru_cache_wrapper:
                    old.cache_clear()
                return new
        self._notes.append(
            f"{name} changed from {_kind(old)} to {_kind(new)}: who holds the old one keeps it."
        )
        return new

    def reach_holders(self, *, registered: bool) -> None:
        """Give the new code to whatever else has the old one; to be called at the end.

        `registered`: a decorator may have put the new class somewhere while it was made. What else
        does that, `__init_subclass__` and metaclasses, is seen here.
        """
        self._code.reach_holders()
        for old, new, kept in list(self._kept.values()):
            if kept is old and is_class(new) and (registered or _is_told(new)):
                _replace(new, old)

    # Functions.

    def _function(self, old: FunctionType, new: Any) -> Any:
        if (
            type(new) is FunctionType
            and old.__globals__ is new.__globals__
            and old.__code__.co_freevars == new.__code__.co_freevars
        ):
            self._kept[id(old), id(new)] = (old, new, old)
            self._in_place(old, new)
            return old
        self._forward(old, new)
        return new

    def _use(self, old: Any, new: Any, name: str) -> str:
        """How the new one calls the old one, if it does: it would call itself for ever."""
        called = [old, *layers(old)] if is_class(self._root) else [old, self._root, *layers(old)]
        calls = {id(each) for each in called}
        own = name.rpartition(".")[2]
        for layer in layers(new):
            names = {name for code in _codes(layer.__code__) for name in code.co_names}
            for other in names:
                if other != own and id(self._namespace.get(other)) in calls:
                    return f"as {other}"
            values = [*(layer.__defaults__ or ()), *(layer.__kwdefaults__ or {}).values()]
            if any(id(value) in calls for value in values):
                return "as a default value"
            if any(id(content(cell)) in calls for cell in layer.__closure__ or ()):
                return "as a free variable"
        return ""

    def _in_place(self, old: FunctionType, new: FunctionType) -> None:
        before, after = old.__code__.co_qualname, new.__code__.co_qualname
        if before == after or "<locals>" not in before:
            self._code.note(old, new.__code__, new, (new.__defaults__, new.__kwdefaults__))
        for cell, other in zip(old.__closure__ or (), new.__closure__ or (), strict=True):
            if cell is not other:
                cell.cell_contents = self._part(content(cell), content(other))
        give(old, new.__code__, new.__defaults__, new.__kwdefaults__)
        for detail in _DETAILS:
            setattr(old, detail, getattr(new, detail))
        for key, value in new.__dict__.items():
            old.__dict__[key] = self._part(old.__dict__.get(key), value)
        if "__wrapped__" not in new.__dict__:
            old.__dict__.pop("__wrapped__", None)

    def _forward(self, old: FunctionType, new: Any) -> None:
        """Let the old one call the new one, with whatever it is called with."""
        passing = _passing(old.__code__, new)
        if "<locals>" not in old.__code__.co_qualname:  # else it's a decorator's, others have it
            self._code.note(old, passing, new, (None, None))
        give(old, passing, None, None)
        old.__wrapped__ = new  # type: ignore[attr-defined]  # for those who ask for its signature

    def _part(self, old: Any, new: Any) -> Any:
        """What to put where `old` was, in a cell or an attribute."""
        if id(new) in self._classes:
            return self._classes[id(new)]
        return self.keep(old, new, layers(new)[0].__qualname__) if alike(old, new) else new

    def _decorated(self, old: Any, new: Any, name: str) -> Any:
        """Objects that hold functions: what can't be changed itself has its functions changed."""
        before = parts_of(old)
        parts = {
            key: self._part(before.get(key), part) if key in before else part
            for key, part in parts_of(new).items()
        }
        if type(old) is partial:
            setstate: Any = type(old).__dict__["__setstate__"].__get__(old)
            setstate((parts["func"], new.args, new.keywords, new.__dict__))
            return old
        if type(old) is _lru_cache_wrapper:
            self.keep(before["__wrapped__"], parts["__wrapped__"], name)
            old.cache_clear()
            if old.cache_parameters() == new.cache_parameters():
                old.__doc__ = new.__doc__
                return old
        return new

    # Classes.

    def _class(self, old: Any, new: Any, name: str) -> Any:
        obstacle, movable = _obstacle(old, new)
        bases = tuple(self._classes.get(id(base), base) for base in new.__bases__)
        if not obstacle and old.__bases__ != bases:
            try:
                old.__bases__ = bases
            except TypeError:
                obstacle, movable = "its bases changed", True
        if obstacle:
            self._move(old, new, f"{name}: {obstacle}, so this is a new class", movable=movable)
            return new
        self._classes[id(new)] = old
        attributes = {key: value for key, value in vars(new).items() if not _is_own(key, value)}
        for key, value in attributes.items():
            _repoint(value, new, old)
            before = vars(old).get(key)
            kept = self._attribute(before, value, f"{name}.{key}")
            if kept is not before or key not in vars(old):
                type.__setattr__(old, key, kept)
        for key, value in list(vars(old).items()):
            if key not in attributes and not _is_own(key, value):
                type.__delattr__(old, key)
        if issubclass(type(old), abc.ABCMeta):
            old._abc_caches_clear()  # noqa: SLF001
        abc.ABC.register(type("_", (), {}))  # what ABCs remember not to be theirs is asked again
        return old

    def _attribute(self, old: Any, new: Any, name: str) -> Any:
        if is_class(old) and is_class(new):
            same = old.__qualname__ == new.__qualname__ == name and old.__module__ == new.__module__
            return self.keep(old, new, name) if same else new
        if alike(old, new) or is_ours(old, name, self._namespace):
            return self.keep(old, new, name)
        return new

    def _move(self, old: Any, new: Any, why: str, *, movable: bool) -> None:
        """The class can't stay the same: move its instances and subclasses to the new one."""
        moved = stuck = 0
        subclasses = []
        if movable:
            for subclass in type.__subclasses__(old):
                try:
                    subclass.__bases__ = tuple(
                        new if base is old else base for base in subclass.__bases__
                    )
                except TypeError:
                    subclasses.append(subclass.__name__)
            instances = [each for each in gc.get_referrers(old) if type(each) is old]
            for instance in instances[:_INSTANCES]:
                with suppress(TypeError):
                    object.__setattr__(instance, "__class__", new)
                    moved += 1
            stuck = len(instances) - moved
        if moved and not stuck:
            self._redirect(old, new)
        said = [f"{count(moved, 'instance')} moved to it"] if moved else []
        said += [f"{count(stuck, 'instance')} of the old one could not be moved"] if stuck else []
        said += [f"{', '.join(subclasses[:5])} still derive from the old one"] if subclasses else []
        said += ["who holds the old class keeps it"]
        self._notes.append(f"{why}; {'; '.join(said)}.")

    def _redirect(self, old: Any, new: Any) -> None:
        """Let methods of the old class, bound to instances that have moved, call the new ones."""
        for key, value in vars(old).items():
            method = vars(new).get(key)
            if type(value) is type(method) is FunctionType and key not in ("__init__", "__new__"):
                self._forward(value, method)


def _passing(old: CodeType, target: object) -> CodeType:
    """Code that calls the target, for a function with the old one's free variables."""
    free = ", ".join(old.co_freevars)
    source = (
        f"def make({free}):\n"
        "  def pass_on(*__args, **__keywords):\n"
        f"    if 0: ({free})\n"  # no instruction; but the frame knows of the variables
        f"    __target = {_TARGET!r}\n"
        "    return __target(*__args, **__keywords)\n"
    )
    code = next(
        each
        for each in _codes(compile(source, "<repl-server>", "exec"))
        if each.co_name == "pass_on"
    )
    return code.replace(
        co_consts=tuple(target if each == _TARGET else each for each in code.co_consts),
        co_name=old.co_name,
        co_qualname=old.co_qualname,
    )


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if type(constant) is CodeType:
            yield from _codes(constant)


def _obstacle(old: Any, new: Any) -> tuple[str, bool]:
    """Why the old class can't become the new one, and whether its instances can."""
    if old in new.__mro__:
        return "it derives from the old one", False
    enum = sys.modules.get("enum")
    if enum is not None and issubclass(type(old), enum.EnumMeta):
        return "an Enum can't be changed in place", False
    if issubclass(old, tuple) and getattr(old, "_fields", ()) != getattr(new, "_fields", ()):
        return "its fields changed", False
    if type(old) is not type(new):
        return "its metaclass changed", True
    if _slots(old) != _slots(new):
        return "its __slots__ changed", True
    return "", False


def _slots(cls: Any) -> tuple[bool, set[str]]:
    attributes = vars(cls)
    return "__slots__" in attributes, {
        key for key, value in attributes.items() if type(value) is MemberDescriptorType
    }


def _is_own(key: str, value: object) -> bool:
    """Whether an attribute belongs to the one class object, not to its definition."""
    return key in _OWN or type(value) in (MemberDescriptorType, GetSetDescriptorType)


def _repoint(attribute: Any, new: Any, old: Any) -> None:
    """Let `super()` and `__class__` in a method mean the class that stays."""
    for layer in layers(attribute):
        for cell in layer.__closure__ or ():
            if content(cell) is new:
                cell.cell_contents = old


def _is_told(new: Any) -> bool:
    """Whether code of the program's own runs when such a class is made."""
    return type(new) not in (type, abc.ABCMeta) or any(
        "__init_subclass__" in vars(base) for base in new.__mro__[1:-1]
    )


def _replace(new: Any, old: Any) -> None:
    """Let registries, which were given the new class, hold the one that stays."""
    for holder in gc.get_referrers(new):
        if type(holder) is list:
            for index, each in enumerate(holder):
                if each is new:
                    holder[index] = old
        elif type(holder) is dict:
            for key, each in list(holder.items()):
                if each is new:
                    holder[key] = old
                if key is new:
                    holder[old] = holder.pop(new)
        elif type(holder) is set:
            holder.discard(new)
            holder.add(old)


def _kind(thing: Any) -> str:
    return "class" if is_class(thing) else type(thing).__name__
