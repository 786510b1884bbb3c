"""Run a script or a module as Python itself does, in a module `__main__` that is there before.

What is made ready in `Program` is what Python sets: `sys.argv`, `sys.path[0]`, and in `__main__`
the names `__file__`, `__spec__`, `__loader__`, `__package__`, `__cached__`. So classes of the
program can be pickled, and child processes of `multiprocessing` find their program.
"""

from __future__ import annotations

import builtins
import contextlib
import os
import sys
import types
from collections.abc import Callable
from importlib.machinery import ModuleSpec, SourceFileLoader
from typing import Any

__all__ = ["Program", "ProgramError"]


class ProgramError(Exception):
    """What is to be run can't be: no such file, no such module."""


class Program:
    """The program, made ready in a new module `__main__`; nothing of it has run.

    `script` is a path, `module` a dotted name; with neither there is only the empty module.
    `arguments` are the program's own. Raises `ProgramError`.
    """

    def __init__(
        self,
        *,
        script: str | None = None,
        module: str | None = None,
        arguments: list[str] | None = None,
    ) -> None:
        main = types.ModuleType("__main__")
        self.namespace: dict[str, Any] = main.__dict__
        self.namespace["__builtins__"] = builtins
        self._code: Callable[[], Any] | None = None
        if script is not None:
            self._make_script(script, arguments or [])
        elif module is not None:
            self._make_module(module, arguments or [])
        sys.modules["__main__"] = main

    def run(self) -> None:
        """Run it to its end.

        It ends as Python has it: by `SystemExit` if it says so, of status 1 after an error; the
        traceback is printed without frames that are not the program's.
        """
        if self._code is None:
            return
        try:
            exec(self._code(), self.namespace)
        except SystemExit:
            raise
        except BaseException as error:
            from repl_server.evaluation.traceback_text import trimmed

            error.__traceback__ = trimmed(error.__traceback__)
            sys.excepthook(type(error), error, error.__traceback__)
            if isinstance(error, KeyboardInterrupt):
                # Python then ends by the signal, as a shell expects; all has been printed.
                sys.excepthook = _silent
                raise
            raise SystemExit(1) from None

    def _make_script(self, path: str, arguments: list[str]) -> None:
        try:
            with open(path, "rb") as opened:
                text = opened.read()
        except OSError as error:
            raise ProgramError(f"can't run {path}: {error.strerror}") from None
        sys.argv = [path, *arguments]
        if not sys.flags.safe_path:
            sys.path[0] = os.path.dirname(os.path.realpath(path))
        file = os.path.join(os.getcwd(), path)
        self.namespace |= {
            "__file__": file,
            "__cached__": None,
            "__loader__": SourceFileLoader("__main__", file),
        }
        self._code = lambda: compile(text, file, "exec", dont_inherit=True)

    def _make_module(self, name: str, arguments: list[str]) -> None:
        sys.argv = ["-m", *arguments]
        spec = _found(name)
        loader: Any = spec.loader
        path = spec.origin or name
        sys.argv = [path, *arguments]
        self.namespace |= {
            "__file__": path,
            "__cached__": spec.cached,
            "__loader__": loader,
            "__package__": spec.parent,
            "__spec__": spec,
        }
        self._code = lambda: loader.get_code(spec.name)
        with contextlib.suppress(SyntaxError):  # told when it is run, as for a script
            if self._code() is None:
                raise ProgramError(f"can't run the module {name}: it is not written in Python")


def _found(name: str) -> ModuleSpec:
    """The module, or its `__main__` if it is a package. Importing what is above it may fail."""
    from importlib.util import find_spec

    try:
        spec = find_spec(name)
        if spec is not None and spec.submodule_search_locations is not None:
            inner = f"{name}.__main__"
            spec = find_spec(inner)
            if spec is None:
                raise ProgramError(f"can't run {name}: it is a package without a module __main__")
    except (ImportError, AttributeError, TypeError, ValueError) as error:
        raise ProgramError(f"can't run the module {name}: {error}") from None
    if spec is None:
        raise ProgramError(f"can't run the module {name}: there is no such module")
    if not hasattr(spec.loader, "get_code"):
        raise ProgramError(f"can't run the module {name}: it has no code to run")
    return spec


def _silent(*_error: object) -> None:
    pass
