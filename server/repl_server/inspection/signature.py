"""The parameters of what can be called, read from code objects and C's own text.

`inspect.signature` asks the object itself (`__signature__`, `__wrapped__`, metaclasses, `repr` of
defaults), which may run the program's code; here nothing does.
"""

from __future__ import annotations

import functools
import re
import types
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from repl_server.inspection.annotation_text import annotation_text
from repl_server.inspection.names import (
    C_CALLABLES,
    UNKNOWN,
    class_lines,
    class_text,
    entries,
    is_a,
    is_bound,
    own,
    resolve,
)

__all__ = ["Parameter", "Signature", "innermost", "signature", "signature_of_name"]

_DEEPEST = 20
_TREE: Final = 0x400  # ast.PyCF_ONLY_AST; `import ast` takes some milliseconds
_NO_DEFAULT = object()
_VARIADIC = {"rest": "*", "more": "**"}
_PLAIN = (int, float, complex, str, bytes, bool, type(None), type(...))
_LONGEST = 200


class Parameter(NamedTuple):
    """One parameter. `text` shows it with its annotation and default.

    `kind` says how it is given: `positional` (never by name), `any`, `rest` (`*rest`), `named`
    (only by name) or `more` (`**more`).
    """

    name: str
    kind: str
    text: str


class Signature(NamedTuple):
    """The parameters, and the text that shows them in brackets with what is returned."""

    parameters: tuple[Parameter, ...]
    text: str


def signature(found: Any, *, bound: bool = False) -> Signature | None:
    """What to call `found` with, as far as that is known; `bound` leaves out the first one."""
    known = _of(found, bound, 0)
    if known is None:
        return None
    parameters, result = known
    return Signature(tuple(parameters), _text(parameters) + result)


def signature_of_name(name: str, namespace: Mapping[str, Any]) -> Signature | None:
    """The signature of what `name` stands for, without the `self` that it brings."""
    found = resolve(name, namespace)
    if found is UNKNOWN:
        return None
    holder_name, dot, last = name.rpartition(".")
    holder = resolve(holder_name.strip(), namespace) if dot else UNKNOWN
    bound = holder is not UNKNOWN and is_bound(holder, last.strip())
    return signature(found, bound=bound)


def innermost(found: Any) -> Any:
    """The function that decorators have wrapped, where they say so by `__wrapped__`."""
    for _ in range(_DEEPEST):
        if is_a(found, types.MethodType):
            found = types.MethodType.__dict__["__func__"].__get__(found)
        elif is_a(found, staticmethod):
            found = staticmethod.__dict__["__func__"].__get__(found)
        elif is_a(found, classmethod):
            found = classmethod.__dict__["__func__"].__get__(found)
        elif is_a(found, functools.partial):
            found = functools.partial.__dict__["func"].__get__(found)
        else:
            inner = None if is_a(found, type) else own(found).get("__wrapped__")
            if not is_a(inner, types.FunctionType, types.MethodType, type, *C_CALLABLES):
                return found
            found = inner
    return found


_Known = tuple[list[Parameter], str]


def _of(found: Any, bound: bool, depth: int) -> _Known | None:
    """The parameters, and ` -> result` if that is known."""
    if depth > _DEEPEST:
        return None
    if is_a(found, types.MethodType):
        return _of(types.MethodType.__dict__["__func__"].__get__(found), True, depth + 1)
    if is_a(found, staticmethod):
        return _of(staticmethod.__dict__["__func__"].__get__(found), False, depth + 1)
    if is_a(found, classmethod):
        return _of(classmethod.__dict__["__func__"].__get__(found), True, depth + 1)
    if is_a(found, functools.partial):
        return _of_partial(found, depth)
    if is_a(found, *C_CALLABLES):
        return _of_c(found, bound)
    if is_a(found, property, functools.cached_property):
        return None
    if is_a(found, type):
        return _of_class(found, depth)
    stored = own(found)
    if declared := _declared(stored.get("__signature__")):
        return declared
    inner = stored.get("__wrapped__")
    if is_a(inner, types.FunctionType, types.MethodType, type, *C_CALLABLES):
        return _of(inner, bound, depth + 1)
    if is_a(found, types.FunctionType):
        return _without_first(_of_function(found), bound)
    for line in class_lines(type(found)):
        call = own(line).get("__call__", UNKNOWN)
        if call is not UNKNOWN:
            return _of(call, True, depth + 1) if is_a(call, types.FunctionType) else None
    return None


def _without_first(known: _Known, bound: bool) -> _Known:
    parameters, result = known
    if bound and parameters and parameters[0].kind in ("positional", "any"):
        return parameters[1:], result
    return known


def _of_function(function: types.FunctionType) -> _Known:
    code = function.__code__
    names = iter(code.co_varnames)
    count = code.co_argcount
    kinds = ["positional"] * code.co_posonlyargcount
    kinds += ["any"] * (count - len(kinds))
    defaults = list(tuple.__iter__(function.__defaults__ or ()))[-count:] if count else []
    values: list[Any] = [_NO_DEFAULT] * (count - len(defaults)) + defaults
    annotations = _annotations(function)
    parameters = [
        _parameter(name, kind, value, annotations)
        for kind, value, name in zip(kinds, values, names, strict=False)
    ]
    named_defaults = dict(entries(function.__kwdefaults__ or {}))
    named = [next(names) for _ in range(code.co_kwonlyargcount)]
    if code.co_flags & 0x04:  # inspect.CO_VARARGS
        parameters.append(_parameter(next(names), "rest", _NO_DEFAULT, annotations))
    for name in named:
        value = named_defaults.get(name, _NO_DEFAULT)
        parameters.append(_parameter(name, "named", value, annotations))
    if code.co_flags & 0x08:  # inspect.CO_VARKEYWORDS
        parameters.append(_parameter(next(names), "more", _NO_DEFAULT, annotations))
    return parameters, _result(annotations.get("return", UNKNOWN))


def _annotations(function: types.FunctionType) -> dict[str, Any]:
    import sys

    if sys.version_info[:2] >= (3, 14):  # asking for them may run the program's code
        return {}
    return {name: value for name, value in entries(function.__annotations__) if type(name) is str}


def _parameter(name: str, kind: str, default: Any, annotations: Mapping[str, Any]) -> Parameter:
    text = _VARIADIC.get(kind, "") + name
    annotation = annotation_text(annotations[name]) if name in annotations else None
    if annotation is not None:
        text += f": {annotation}"
    if default is not _NO_DEFAULT:
        text += ("=" if annotation is None else " = ") + _default(default)
    return Parameter(name, kind, text)


def _default(value: Any) -> str:
    """The default's `repr` where that is Python's own; what only the program could print is its
    type's name.
    """  # noqa: D205
    kind = type(value)
    if kind in _PLAIN or (kind in (tuple, list, dict) and not value):
        if kind in (str, bytes) and len(value) > _LONGEST:
            return repr(value[:_LONGEST]) + "…"
        try:
            return repr(value)
        except ValueError:  # a number of more digits than Python prints
            pass
    if kind is type:
        return class_text(value, "__qualname__")
    return f"<{class_text(kind, '__name__')}>"


def _result(annotation: Any) -> str:
    text = None if annotation is UNKNOWN else annotation_text(annotation)
    return "" if text is None else f" -> {text}"


def _text(parameters: Iterable[Parameter]) -> str:
    return f"({', '.join(_parts(parameters))})"


def _parts(parameters: Iterable[Parameter]) -> Iterator[str]:
    last = ""
    starred = False
    for parameter in parameters:
        if last == "positional" != parameter.kind:
            yield "/"
        if parameter.kind == "named" and not starred:
            yield "*"
        starred = starred or parameter.kind in ("rest", "named")
        yield parameter.text
        last = parameter.kind
    if last == "positional":
        yield "/"


def _of_class(found: type, depth: int) -> _Known | None:
    """What makes an instance: the metaclass's `__call__`, else the nearest `__init__` or
    `__new__`.
    """  # noqa: D205
    stored = own(found)
    if "__signature__" in stored:
        return _declared(stored["__signature__"])
    for line in class_lines(type(found)):
        if line is type:
            break
        call = own(line).get("__call__")
        if is_a(call, types.FunctionType):
            return _of(call, True, depth + 1)
    for line in class_lines(found):
        if line is object:
            return [], ""
        stored = own(line)
        for name in ("__init__", "__new__"):
            made = stored.get(name)
            if is_a(made, staticmethod):
                made = staticmethod.__dict__["__func__"].__get__(made)
            if is_a(made, types.FunctionType):
                known = _of(made, True, depth + 1)
                return None if known is None else (known[0], "")
            if made is not None:
                return _of_text(type.__dict__["__text_signature__"].__get__(line), True)
    return None


def _of_partial(found: Any, depth: int) -> _Known | None:
    members = functools.partial.__dict__
    inner = _of(members["func"].__get__(found), False, depth + 1)
    if inner is None:
        return None
    parameters, result = inner
    given = len(members["args"].__get__(found))
    keywords = dict(entries(members["keywords"].__get__(found)))
    left: list[Parameter] = []
    kind_after = "any"
    for parameter in parameters:
        if given and parameter.kind in ("positional", "any"):
            given -= 1
            continue
        kind, text = parameter.kind, parameter.text
        if parameter.name in keywords:
            text = f"{parameter.name}={_default(keywords[parameter.name])}"
            kind_after = "named"
        if kind == "any":
            kind = kind_after
        elif kind == "rest" and kind_after == "named":
            continue
        left.append(Parameter(parameter.name, kind, text))
    return left, result


def _declared(value: Any) -> _Known | None:
    """A `__signature__` that is one of `inspect`'s own."""
    if value is None or class_text(type(value), "__module__") != "inspect":
        return None
    import inspect

    if type(value) is not inspect.Signature:
        return None
    kinds = dict(enumerate(_KINDS))
    parameters: list[Parameter] = []
    for parameter in value.parameters.values():
        if type(parameter) is not inspect.Parameter:
            return None
        empty = parameter.empty
        annotations = (
            {} if parameter.annotation is empty else {parameter.name: parameter.annotation}
        )
        default = _NO_DEFAULT if parameter.default is empty else parameter.default
        parameters.append(
            _parameter(parameter.name, kinds[int(parameter.kind)], default, annotations)
        )
    result = value.return_annotation
    return parameters, _result(UNKNOWN if result is value.empty else result)


_KINDS = ("positional", "any", "rest", "named", "more")


def _of_c(found: Any, bound: bool) -> _Known | None:
    bound = bound or is_a(found, types.BuiltinFunctionType, types.MethodWrapperType)
    return _of_text(type(found).__dict__["__text_signature__"].__get__(found), bound)


def _of_text(text: Any, bound: bool) -> _Known | None:
    """The parameters in a text like `($self, key, default=None, /)`."""
    if type(text) is not str:
        return None
    has_self = text.startswith("($")
    line = re.sub(r"<[^<>]*>", "...", " ".join(text.replace("$", "", 1).split()))
    try:
        tree: Any = compile(f"def f{line}: pass", "<signature>", "exec", _TREE, dont_inherit=True)
    except (SyntaxError, ValueError):
        return None
    source = f"def f{line}: pass".encode()

    def shown(node: Any) -> str:
        return source[node.col_offset : node.end_col_offset].decode("utf-8", "replace")

    def made(argument: Any, kind: str, default: Any = None) -> Parameter:
        text = _VARIADIC.get(kind, "") + argument.arg
        return Parameter(
            argument.arg, kind, text if default is None else f"{text}={shown(default)}"
        )

    given = tree.body[0].args
    places = [(one, "positional") for one in given.posonlyargs]
    places += [(one, "any") for one in given.args]
    defaults = [None] * (len(places) - len(given.defaults)) + given.defaults
    parameters = [
        made(one, kind, default) for (one, kind), default in zip(places, defaults, strict=True)
    ]
    if given.vararg:
        parameters.append(made(given.vararg, "rest"))
    parameters += [
        made(one, "named", default)
        for one, default in zip(given.kwonlyargs, given.kw_defaults, strict=True)
    ]
    if given.kwarg:
        parameters.append(made(given.kwarg, "more"))
    return _without_first((parameters, ""), has_self and bound)
