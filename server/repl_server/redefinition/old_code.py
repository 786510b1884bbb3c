"""Code that was replaced in one function, and what else has it: closures, calls that run."""

from __future__ import annotations

import gc
import sys
from collections import Counter
from collections.abc import Collection, Iterator
from types import (
    AsyncGeneratorType,
    CodeType,
    CoroutineType,
    FrameType,
    FunctionType,
    GeneratorType,
)
from typing import Any, NamedTuple

from repl_server.redefinition.decorated import layers

__all__ = ["OldCode", "count", "give"]

_COMPREHENSIONS = {"<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>"}
_SUSPENDED: dict[type, tuple[str, str]] = {
    GeneratorType: ("generator", "gi"),
    CoroutineType: ("coroutine", "cr"),
    AsyncGeneratorType: ("async generator", "ag"),
}
_FRAMES = 1_000
_HOLDERS = 100_000


class _Replaced(NamedTuple):
    """Code that was replaced, and what others that have it too are to get."""

    old: CodeType
    new: CodeType | None
    parents: int
    """How many code objects have it among their constants."""
    defaults: Any
    """The default values of the function that had it."""
    given: tuple[Any, Any] | None
    """The new default values, of positions and of keywords; None if they are not known."""


class OldCode:
    """All the code that one definition replaces."""

    def __init__(self, namespace: dict[str, Any], notes: list[str]) -> None:
        self._namespace = namespace
        self._notes = notes
        self._replaced: list[_Replaced] = []

    def note(self, old: FunctionType, code: CodeType, new: Any, given: Any) -> None:
        """Remember the code that is about to go, and the code of the functions within it."""
        before = old.__code__
        if code is before:
            return
        self._replaced.append(_Replaced(before, code, 0, old.__defaults__, given))
        after = [each.__code__ for each in layers(new)]
        same = next((each for each in after if each.co_qualname == before.co_qualname), None)
        self._replaced += _inner(before, same)

    def reach_holders(self) -> None:
        """Give new code to whatever else has the old: closures made before, for instance.

        They are found by going through all objects, which takes some milliseconds in a small
        program; the reference counts say whether there are any.
        """
        alone = next(sys.getrefcount(each[0]) for each in [(object(),)])
        held = {
            id(each.old): each
            for each in self._replaced
            if sys.getrefcount(each[0]) > alone + each.parents
        }
        if not held:
            return
        stay: Counter[tuple[str, str]] = Counter()
        suspended: Counter[tuple[str, str]] = Counter()
        holders = gc.get_referrers(*(each.old for each in held.values()))
        for holder in holders[:_HOLDERS]:
            kind = type(holder)
            if kind is FunctionType:
                each = held.get(id(holder.__code__))
                if each is not None and holder.__globals__ is self._namespace:
                    why = _adopt(holder, each)
                    if why:
                        stay[each.old.co_qualname, why] += 1
            elif kind in _SUSPENDED:
                word, prefix = _SUSPENDED[kind]
                code = getattr(holder, f"{prefix}_code")
                if id(code) in held and not getattr(holder, f"{prefix}_running"):
                    suspended[code.co_qualname, word] += 1
        self._notes += [
            f"{name} is running: that call goes on with the old code." for name in _running(held)
        ]
        self._notes += [
            f"{name} waits in {count(n, word)}: with the old code until the end."
            for (name, word), n in suspended.items()
        ]
        self._notes += [
            f"{name}: {count(n, 'function')} made before can't change, because {why}."
            for (name, why), n in stay.items()
        ]
        if len(holders) > _HOLDERS:
            self._notes.append(f"Only {_HOLDERS:,} holders of old code were given the new one.")


def give(function: FunctionType, code: CodeType, defaults: Any, keywords: Any) -> None:
    """Change what a function does. No call sees code whose default values are not there yet."""
    if keywords:
        function.__kwdefaults__ = {**(function.__kwdefaults__ or {}), **keywords}
    if len(defaults or ()) > len(function.__defaults__ or ()):
        function.__defaults__ = defaults
    function.__code__ = code
    function.__defaults__ = defaults
    function.__kwdefaults__ = keywords


def _adopt(function: FunctionType, replaced: _Replaced) -> str:
    """Give a function the code that replaces its own, or say why it can't have it."""
    code = replaced.new
    if code is None:
        return "it is gone from the new one"
    if code.co_freevars != function.__code__.co_freevars:
        return "its free variables changed"
    if replaced.given is not None and function.__defaults__ is replaced.defaults:
        give(function, code, *replaced.given)
    elif _parameters(code) == _parameters(replaced.old):
        function.__code__ = code
    else:  # what their default values are is only known to a call that makes such a function
        return "its parameters changed"
    return ""


def _parameters(code: CodeType) -> object:
    count = code.co_argcount + code.co_kwonlyargcount
    return code.co_argcount, code.co_posonlyargcount, code.co_flags & 12, code.co_varnames[:count]


def _inner(old: CodeType, new: CodeType | None) -> Iterator[_Replaced]:
    """Functions within functions, the new beside the old by their names and their order."""

    def named(code: CodeType | None) -> dict[str, list[CodeType]]:
        found: dict[str, list[CodeType]] = {}
        for constant in () if code is None else code.co_consts:
            if type(constant) is CodeType and constant.co_name not in _COMPREHENSIONS:
                found.setdefault(constant.co_name, []).append(constant)
        return found

    after = named(new)
    for name, codes in named(old).items():
        others: list[CodeType] = after.get(name, [])
        for index, code in enumerate(codes):
            other = others[index] if len(others) == len(codes) else None
            yield _Replaced(code, other, 1, None, None)
            yield from _inner(code, other)


def _running(codes: Collection[int]) -> list[str]:
    """The names of those that some thread is in the middle of."""
    found: dict[str, None] = {}
    for innermost in sys._current_frames().values():  # noqa: SLF001
        frame: FrameType | None = innermost
        for _ in range(_FRAMES):
            if frame is None:
                break
            if id(frame.f_code) in codes:
                found[frame.f_code.co_qualname] = None
            frame = frame.f_back
    return list(found)


def count(number: int, noun: str) -> str:
    """So many things, in words."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
