"""A module of a running program, and what evaluating code in it says."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import pytest

from repl_server.redefinition.redefine import prepare

__all__ = ["LiveProgram", "tree_of"]


def tree_of(source: str) -> Any:
    return compile(source, "<repl>", "exec", 0x400)  # ast.PyCF_ONLY_AST


class LiveProgram:
    """Its globals are its attributes."""

    def __init__(self, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        module = ModuleType(name)
        monkeypatch.setitem(sys.modules, name, module)
        self.namespace = module.__dict__

    def __getattr__(self, name: str) -> Any:
        return self.namespace[name]

    def run(self, source: str) -> list[str]:
        """Evaluate statements as the server does; what could not be reached."""
        tree = tree_of(source)
        redefinition = prepare(tree, self.namespace)
        code = compile(tree, "<repl>", "exec")
        if redefinition is None:
            exec(code, self.namespace)
            return []
        exec(redefinition.into(code), self.namespace)
        return redefinition.finish()
