"""`_`, `_1`, `_2`, `_3` and `_e`: a session's last values and its last error, in evaluated code.

They are each session's own although all sessions share one namespace, and the program's own `_`
(gettext's, in `builtins`, as often as not) is never touched: nothing is written anywhere. Instead a
statement that reads one of these names gets the object itself compiled into it, as it is when the
statement starts; also within a comprehension or a lambda, which keeps it. A name that the namespace
or `builtins` has, or that the statement itself binds, means what it means to Python.

How: the name's place in the syntax tree is taken by `(lambda: mark)()`, which Python folds into
nothing, and then the mark among the constants of the compiled lambda by the object.
"""

from __future__ import annotations

import builtins
from collections.abc import Mapping
from types import CodeType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


__all__ = ["History", "mentions"]

_MENTION = r"(?<![\w.])_[123e]?(?!\w)"
_MARK = "\0repl-server:"


def mentions(source: str) -> bool:
    """Whether this text may read one of the names."""
    if "_" not in source:
        return False
    import re

    return re.search(_MENTION, source) is not None


class History:
    """One session's last three values, and its last error."""

    def __init__(self, parent: History | None = None) -> None:
        self._values: list[object] = [] if parent is None else parent._values  # noqa: SLF001
        self._error: BaseException | None = None if parent is None else parent._error  # noqa: SLF001

    def value(self, value: object) -> None:
        """Remember a value."""
        self._values = [value, *self._values[:2]]

    def error(self, error: BaseException) -> None:
        """Remember an error."""
        self._error = error

    def names(self) -> dict[str, object]:
        """What the names stand for now; what has not been yet is not in it."""
        found: dict[str, object] = {f"_{n}": value for n, value in enumerate(self._values, 1)}
        if self._values:
            found["_"] = self._values[0]
        if self._error is not None:
            found["_e"] = self._error
        return found

    def compiled(self, tree: Any, mode: str, file: str, flags: int, ns: Mapping[str, Any]) -> Any:
        """Compile a statement's tree, or give None if it reads none of the names."""
        import ast  # some milliseconds, for those who use these names

        known = {
            name: value
            for name, value in self.names().items()
            if name not in ns and not hasattr(builtins, name)
        }
        read: list[ast.Name] = []
        for node in ast.walk(tree):
            if isinstance(node, ast.Name) and node.id in known:
                if isinstance(node.ctx, ast.Load):
                    read.append(node)
                else:
                    known.pop(node.id)
            else:
                for bound in _bound(node):
                    known.pop(bound, None)
        if not any(node.id in known for node in read):
            return None

        class Put(ast.NodeTransformer):
            def visit_Name(self, node: ast.Name) -> ast.AST:
                if node.id not in known:
                    return node
                nothing = ast.arguments(
                    posonlyargs=[], args=[], kwonlyargs=[], kw_defaults=[], defaults=[]
                )
                mark = ast.Lambda(args=nothing, body=ast.Constant(_MARK + node.id))
                call = ast.Call(func=mark, args=[], keywords=[])
                for part in ast.walk(call):
                    ast.copy_location(part, node)
                return call

        import copy

        changed = Put().visit(copy.deepcopy(tree))
        code = compile(changed, file, mode, flags, dont_inherit=True)
        return _filled(code, {_MARK + name: value for name, value in known.items()})


def _bound(node: Any) -> list[str]:
    """The names that a node binds other than by a `Name`."""
    kind = type(node).__name__
    if kind in ("FunctionDef", "AsyncFunctionDef", "ClassDef"):
        return [node.name]
    if kind == "arg":
        return [node.arg]
    if kind in ("Global", "Nonlocal"):
        return list(node.names)
    if kind == "alias":
        return [(node.asname or node.name).partition(".")[0]]
    if kind in ("ExceptHandler", "MatchAs", "MatchStar") and node.name:
        return [node.name]
    if kind == "MatchMapping" and node.rest:
        return [node.rest]
    return []


def _filled(code: CodeType, objects: Mapping[str, object]) -> CodeType:
    constants = tuple(
        _filled(constant, objects)
        if isinstance(constant, CodeType)
        else objects.get(constant, constant)
        if type(constant) is str
        else constant
        for constant in code.co_consts
    )
    return code.replace(co_consts=constants)
