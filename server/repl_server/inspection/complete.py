"""What could stand at the end of a text, from the live program, without running any of its code."""

from __future__ import annotations

import builtins
import keyword
import sys
import time
import types
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from repl_server.inspection.dict_keys import finished_keys
from repl_server.inspection.module_names import absolute_name, loaded_module, module_names
from repl_server.inspection.names import UNKNOWN, attributes, entries, is_a, kind, own, resolve
from repl_server.inspection.prefix import Call, Prefix, read_prefix

__all__ = ["MOST", "complete"]

MOST = 500
"""How many candidates are given at most."""

_SECONDS = 0.1


class _Candidate(NamedTuple):
    text: str
    type: str
    value: Any = UNKNOWN
    is_bound: bool = False


def complete(
    prefix: str, namespace: Mapping[str, Any], extra: Collection[str] = ()
) -> list[dict[str, object]]:
    """Candidates for what ends `prefix`: maps of `candidate` and `type`, 500 at most.

    `prefix` is all the text before the cursor, or as much of it as is known; strings, comments,
    calls and imports are told apart by it. A candidate stands in the place of the word at its end
    (`prefix.word_before`): a dotted name as a whole, also with literal subscripts (`a.b["c` becomes
    `a.b["cat"]`). Arguments of a call that has begun come first, as `name=`.
    Names that begin with an underscore are given when the word does so.

    With `arglists` or `doc` in `extra`, functions and classes have these too: a list of one text,
    and the first line of the documentation.
    """
    deadline = time.monotonic() + _SECONDS
    read = read_prefix(prefix)
    if read is None:
        return []
    found = _first(_candidates(read, namespace), deadline)
    given: list[dict[str, object]] = [{"candidate": one.text, "type": one.type} for one in found]
    if extra:
        for one, fields in zip(found, given, strict=True):
            if time.monotonic() > deadline:
                break
            fields.update(_about(one, extra))
    return given


def _first(found: Iterable[_Candidate], deadline: float) -> list[_Candidate]:
    """The first of them in a good order: arguments and keys in their own, then by name.

    Of the names, those with no underscore in front, with one, with two.
    """
    seen: dict[str, _Candidate] = {}
    for number, one in enumerate(found):
        seen.setdefault(one.text, one)
        if number % 64 == 0 and time.monotonic() > deadline:
            break

    def order(one: _Candidate) -> tuple[int, str]:
        if one.type in ("argument", "key"):
            return (-1, "")
        last = one.text.rpartition(".")[2]
        return (2 if last.startswith("__") else last.startswith("_"), one.text)

    return sorted(seen.values(), key=order)[:MOST]


def _about(one: _Candidate, extra: Collection[str]) -> dict[str, object]:
    from repl_server.inspection.lookup import documentation
    from repl_server.inspection.signature import signature

    if one.type not in ("function", "method", "class"):
        return {}
    fields: dict[str, object] = {}
    if "arglists" in extra and (known := signature(one.value, bound=one.is_bound)):
        fields["arglists"] = [known.text]
    if "doc" in extra and (doc := documentation(one.value)):
        fields["doc"] = doc.partition("\n")[0]
    return fields


def _candidates(read: Prefix, namespace: Mapping[str, Any]) -> Iterator[_Candidate]:
    if read.imported is not None:
        if read.imported.names is None:
            yield from _modules(read.imported.module, namespace)
        else:
            yield from _importable(read.imported.module, read.begun, namespace)
    elif read.is_key:
        head = read.word[: len(read.word) - len(read.begun)]
        for text, value in finished_keys(resolve(read.holder, namespace), read.begun):
            yield _Candidate(head + text, "key", value)
    elif read.holder:
        yield from _attributes(read, resolve(read.holder, namespace))
    else:
        if read.call is not None:
            yield from _arguments(read.call, read.begun, namespace)
        yield from _names(read.begun, namespace)


def _names(begun: str, namespace: Mapping[str, Any]) -> Iterator[_Candidate]:
    for found, value in entries(namespace):
        if _fits(found, begun):
            yield _Candidate(found, kind(value), value)
    for word in keyword.kwlist:
        if word.startswith(begun):
            yield _Candidate(word, "keyword")
    for found, value in vars(builtins).items():
        if _fits(found, begun):
            yield _Candidate(found, kind(value), value)


def _attributes(read: Prefix, holder: Any) -> Iterator[_Candidate]:
    if holder is UNKNOWN:
        return
    head = read.word[: len(read.word) - len(read.begun)]
    in_object = not is_a(holder, types.ModuleType)
    unbound = attributes(holder) if is_a(holder, type) else own(holder)
    for found, value in attributes(holder).items():
        if _fits(found, read.begun):
            what = kind(value)
            if what == "function" and in_object:
                what = "method"
            yield _Candidate(head + found, what, value, found not in unbound)


def _arguments(call: Call, begun: str, namespace: Mapping[str, Any]) -> Iterator[_Candidate]:
    """The parameters of what is called that have no argument yet."""
    from repl_server.inspection.signature import signature_of_name

    known = signature_of_name(call.callee, namespace)
    if known is None:
        return
    position = 0
    for parameter in known.parameters:
        in_place = parameter.kind in ("positional", "any")
        position += in_place
        if in_place and call.positional is not None and position <= call.positional:
            continue
        if parameter.kind not in ("any", "named") or parameter.name in call.given:
            continue
        if parameter.name.startswith(begun):
            yield _Candidate(parameter.name + "=", "argument")


def _importable(module: str, begun: str, namespace: Mapping[str, Any]) -> Iterator[_Candidate]:
    """What `from module import` can name; the module is not imported for it."""
    name = absolute_name(module, namespace)
    if name is None:
        return
    name = name.rstrip(".")
    loaded = loaded_module(name)
    if loaded is not None:
        for found, value in own(loaded).items():
            if _fits(found, begun):
                yield _Candidate(found, kind(value), value)
    for inner in module_names(f"{name}.{begun}"):
        yield _Candidate(inner.rpartition(".")[2], "module", dict.get(sys.modules, inner, UNKNOWN))


def _modules(module: str, namespace: Mapping[str, Any]) -> Iterator[_Candidate]:
    name = absolute_name(module, namespace)
    if name is None:
        return
    dots = module[: len(module) - len(module.lstrip("."))]
    package = len(name) - len(module) + len(dots)
    for found in module_names(name):
        yield _Candidate(dots + found[package:], "module")


def _fits(name: object, begun: str) -> bool:
    return (
        type(name) is str
        and name.startswith(begun)
        and (begun != "" or not name.startswith("_"))
        and name.isidentifier()
    )
