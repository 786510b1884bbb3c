"""Modules that others import at their top, and that a start has no use for.

Most of the time to the first prompt is imports, and a third of those is what prompt_toolkit and
asyncio import for what we never do (dialogs, progress bars, XML, TLS) or seldom (vi keys, widths of
characters beyond ASCII, temporary files). Such a module is put where the import system finds it,
not executed: that happens when something of it is first asked for. Whoever needs it has it, whole.
"""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import module_from_spec
from types import FunctionType, MethodType, ModuleType
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from prompt_toolkit.key_binding import KeyBindingsBase

__all__ = ["defer", "defer_seldom_used", "hidden", "import_prompt_toolkit"]

_SELDOM_USED: Final = (
    "asyncio.sslproto",
    "copy",
    "datetime",
    "locale",
    "shlex",
    "shutil",
    "tempfile",
    "textwrap",
    "tokenize",
)
_GUARD: Final = threading.RLock()
_executing: Final[set[str]] = set()
_OURS: Final = "…⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"  # what the prompt shows by itself, one cell each
_CO_COROUTINE: Final = 0x80  # as `inspect` has it
_VI: Final = "prompt_toolkit.key_binding.bindings.vi"


def defer_seldom_used() -> None:
    """Put off what of the standard library is imported by many and used by few."""
    for name in _SELDOM_USED:
        defer(name)
    defer("inspect", isawaitable=_isawaitable, iscoroutinefunction=_iscoroutinefunction)


def import_prompt_toolkit() -> None:
    """Import asyncio without TLS, and of prompt_toolkit what an application needs."""
    defer_seldom_used()
    with hidden("ssl"):
        import asyncio  # noqa: F401
    import xml.dom  # noqa: F401  (small; the import system wants it beside what is in it)

    defer("xml.dom.minidom")
    defer("wcwidth", wcwidth=_width)
    defer("prompt_toolkit")
    defer("prompt_toolkit.widgets")
    defer(
        _VI,
        load_vi_bindings=lambda: _in_vi_mode("load_vi_bindings"),
        load_vi_search_bindings=lambda: _in_vi_mode("load_vi_search_bindings"),
    )
    # First, as prompt_toolkit does it: its modules import each other in circles.
    import prompt_toolkit.application  # noqa: F401

    _put_in_package(sys.modules[_VI])


def defer(name: str, **present: object) -> None:
    """Have a module executed only when it is asked for what it lacks: all but `present`.

    Nothing happens if it is imported already or not found. What it is in is not imported.
    """
    if name in sys.modules:
        return
    spec = _found(name)
    if spec is None or spec.loader is None:
        return
    module = module_from_spec(spec)
    module.__class__ = _Deferred
    vars(module).update(present)
    sys.modules[name] = module
    _put_in_package(module)


@contextlib.contextmanager
def hidden(name: str) -> Iterator[None]:
    """Within the block, who can do without a module finds that it is not installed."""
    if name in sys.modules:
        yield
        return
    sys.modules[name] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[name]


class _Deferred(ModuleType):
    """A module that was found, and is executed when it is asked for what it lacks.

    `importlib.util.LazyLoader` makes such ones too, but these execute a package when a module in it
    is imported.
    """

    def __getattr__(self, name: str) -> Any:
        if name == "__path__":  # the import system asks what is no package, too
            raise AttributeError(name)
        with _GUARD:
            if self.__name__ in _executing:  # by this very thread: it has not come to that yet
                raise AttributeError(f"{self.__name__} has no {name!r} yet")
            _execute(self)
        return getattr(self, name)


def _found(name: str) -> ModuleSpec | None:
    """Where a module is; `importlib.util.find_spec` imports what it is in."""
    package, _, _ = name.rpartition(".")
    inside = _found(package) if package else None
    if package and inside is None:
        return None
    return PathFinder.find_spec(name, inside.submodule_search_locations if inside else None)


def _put_in_package(module: ModuleType) -> None:
    package, _, last = module.__name__.rpartition(".")
    if package in sys.modules:
        setattr(sys.modules[package], last, module)


def _executed(name: str) -> Any:
    module = sys.modules[name]
    _execute(module)
    return module


def _execute(module: ModuleType) -> None:
    """Execute a deferred module, and what it is in; of another one only what it is in."""
    with _GUARD:
        package, _, _ = module.__name__.rpartition(".")
        if package:
            import_module(package)
        if not isinstance(module, _Deferred) or module.__name__ in _executing:
            return
        assert module.__spec__ is not None
        assert module.__spec__.loader is not None
        _executing.add(module.__name__)
        try:
            module.__spec__.loader.exec_module(module)
        finally:
            _executing.discard(module.__name__)
        whole: ModuleType = module
        whole.__class__ = ModuleType  # only now: other threads wait for all of it
        _put_in_package(whole)


def _width(wc: str, *how: Any, **more: Any) -> int:
    """`wcwidth.wcwidth`: how many cells a character takes; without its tables for most."""
    if len(wc) == 1 and (" " <= wc <= "~" or wc in _OURS):
        return 1
    width: Callable[..., int] = _executed("wcwidth").wcwidth
    return width(wc, *how, **more)


def _isawaitable(object: object) -> bool:  # noqa: A002
    """`inspect.isawaitable`, asked about what each key's function returns: nothing, mostly."""
    if object is None or object is NotImplemented:
        return False
    answer: bool = _executed("inspect").isawaitable(object)
    return answer


def _iscoroutinefunction(obj: object) -> bool:
    """`inspect.iscoroutinefunction`, asked about handlers of signals."""
    if isinstance(obj, FunctionType | MethodType) and not obj.__dict__:
        return bool(obj.__code__.co_flags & _CO_COROUTINE)
    answer: bool = _executed("inspect").iscoroutinefunction(obj)
    return answer


def _in_vi_mode(name: str) -> KeyBindingsBase:
    """The bindings that this function in `vi` loads, loaded when the editing mode is vi first."""
    from prompt_toolkit.application import get_app
    from prompt_toolkit.enums import EditingMode
    from prompt_toolkit.key_binding import DynamicKeyBindings

    loaded: list[KeyBindingsBase] = []

    def present() -> KeyBindingsBase | None:
        if not loaded:
            if get_app().editing_mode != EditingMode.VI:
                return None
            loaded.append(getattr(_executed(_VI), name)())
        return loaded[0]

    return DynamicKeyBindings(present)
