"""An error in the program's own loop need not end the program: it is held until it is mended.

    with server.continuable("step"):        # a block: goes on after it, or raises
        step()
    server.continuable(step)(world)         # a call: can also be made again

Where the program waits meanwhile:

- threads: the thread that failed waits; sessions evaluate in theirs.
- cooperative: the thread that failed goes on polling, so it evaluates what clients send. A thread
  beside the one that polls just waits.
- asyncio: `async with`, and calls of coroutine functions, await; the loop goes on. `with` and plain
  calls in the loop's thread hold the loop, and evaluate what clients send within it; code with
  `await` is refused for so long, since nothing can be awaited there.

An error in what a client evaluates is not held: that client sees it. `KeyboardInterrupt` and other
exceptions that are no `Exception` are not held, and end the wait.
"""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Awaitable, Callable
from functools import partial, wraps
from types import CoroutineType, FunctionType, MethodType, TracebackType
from typing import TYPE_CHECKING, Any, Literal

from repl_server.dispatch.holding import ABORT, ALONE, CONTINUE, RETRY, Held, Holding
from repl_server.dispatch.transcript import head
from repl_server.evaluation.interrupt import closed_here
from repl_server.evaluation.traceback_text import describe_exception

if TYPE_CHECKING:
    from typing import Self

__all__ = ["Alone", "Block", "Unhandled", "Wait", "await_choice", "continuable", "wait_plainly"]

Alone = Literal["raise", "log"]
"""What happens to an error when no client is there: it is raised, or logged and gone on after."""

Wait = Callable[[Held], None]
"""Waits in the program's thread until it is chosen how to go on."""

_GENERATES = 0x20 | 0x200  # inspect.CO_GENERATOR, CO_ASYNC_GENERATOR
_COROUTINE = 0x80  # inspect.CO_COROUTINE
_LOG_BYTES = 65_536
_LAYERS = 50


class _Point:
    """What is the same for all errors of one block or function."""

    def __init__(
        self, holding: Holding, wait: Wait, name: str, restarts: tuple[str, ...], alone: Alone
    ) -> None:
        if alone not in ("raise", "log"):
            raise ValueError(f"alone must be 'raise' or 'log', not {alone!r}.")
        self.holding = holding
        self.wait = wait
        self.name = name
        self.restarts = restarts
        self.alone = alone

    def hold(self, error: Exception) -> tuple[str, object]:
        """Hold an error that is being handled; how to go on, and the value to go on with."""
        held = self._held(error)
        if held is None:
            return self._alone(error), None
        try:
            with Unhandled(error):
                self.wait(held)
        finally:
            self.holding.release(held)
        return self._chosen(held, error)

    async def hold_awaiting(self, error: Exception) -> tuple[str, object]:
        """The same in a task."""
        held = self._held(error)
        if held is None:
            return self._alone(error), None
        try:
            await await_choice(held)
        finally:
            self.holding.release(held)
        return self._chosen(held, error)

    def _held(self, error: Exception) -> Held | None:
        if closed_here() is not None:  # a client evaluates this: it is told anyway
            return None
        return self.holding.hold(self.name, error, self.restarts)

    def _chosen(self, held: Held, error: Exception) -> tuple[str, object]:
        assert held.restart is not None
        how, value = held.restart, held.value
        held.value = None
        return (self._alone(error), None) if how == ALONE else (how, value)

    def _alone(self, error: Exception) -> str:
        if self.alone == "raise" or closed_here() is not None:
            return ABORT
        _log(self.name, error)
        return CONTINUE


class Block:
    """A block whose errors are held, for `with` or `async with`. Can be entered again and again."""

    def __init__(self, point: _Point) -> None:
        self._point = point

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        return isinstance(error, Exception) and self._point.hold(error)[0] == CONTINUE

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        if not isinstance(error, Exception):
            return False
        return (await self._point.hold_awaiting(error))[0] == CONTINUE


def continuable(holding: Holding, wait: Wait, step: Any, alone: Alone) -> Any:
    """What `Server.continuable` gives: a `Block` for a name, else a function that calls `step`."""
    if isinstance(step, str):
        return Block(_Point(holding, wait, step, (CONTINUE, ABORT), alone))
    if not callable(step):
        raise TypeError(f"continuable takes a function or a name, not {type(step).__qualname__}.")
    name = getattr(step, "__qualname__", None) or type(step).__qualname__
    flags = _flags(step)
    if flags & _GENERATES:
        raise TypeError(f"{name} is a generator, whose errors come later: use `with` in it.")
    point = _Point(holding, wait, name, (RETRY, CONTINUE, ABORT), alone)
    return _coroutine_function(step, point) if flags & _COROUTINE else _function(step, point)


# What the wrappers have in their closures is the step, as a redefinition looks for it there, and an
# object that is no function.


def _function(step: Any, point: _Point) -> Any:
    @wraps(step)
    def continued(*args: Any, **kwargs: Any) -> Any:
        function = step
        while True:
            try:
                result = function(*args, **kwargs)
            except Exception as error:
                how, value = point.hold(error)
                if how == ABORT:
                    raise
            else:
                if type(result) is CoroutineType:
                    return _awaited(function, result, point, args, kwargs)
                return result
            if how == CONTINUE:
                return value
            function = _mended(function)

    return continued


def _coroutine_function(step: Any, point: _Point) -> Any:
    @wraps(step)
    async def continued(*args: Any, **kwargs: Any) -> Any:
        return await _awaited(step, None, point, args, kwargs)

    return continued


async def _awaited(
    function: Any, result: Awaitable[Any] | None, point: _Point, args: Any, kwargs: Any
) -> Any:
    while True:
        try:
            return await (function(*args, **kwargs) if result is None else result)
        except Exception as error:
            how, value = await point.hold_awaiting(error)
            if how == ABORT:
                raise
        if how == CONTINUE:
            return value
        result = None
        function = _mended(function)


def _flags(step: Any) -> int:
    """The flags of the code that a call runs."""
    for _ in range(10):
        if isinstance(step, MethodType):
            step = step.__func__
        elif isinstance(step, partial):
            step = step.func
        else:
            break
    if not isinstance(step, FunctionType | type):
        step = vars(type(step)).get("__call__")
    return step.__code__.co_flags if isinstance(step, FunctionType) else 0


def _mended(function: Any) -> Any:
    """The function to call again.

    Redefinition gives the same object new code. Where it is off, or could not, the function's name
    means another one now.
    """
    if isinstance(function, MethodType):
        return MethodType(_mended(function.__func__), function.__self__)
    if not isinstance(function, FunctionType) or "<" in function.__qualname__:
        return function
    first, *rest = function.__qualname__.split(".")
    found: Any = function.__globals__.get(first)
    for part in rest:
        found = getattr(found, part, None)
    layer = found = getattr(found, "__func__", found)
    for _ in range(_LAYERS):  # a decorator of the program's own may be around it
        if layer is function:
            return function
        layer = getattr(layer, "__wrapped__", None)
    return _without_ours(found) if callable(found) else function


def _without_ours(function: Any) -> Any:
    """What is called again is held here already."""
    while isinstance(function, FunctionType) and function.__globals__ is globals():
        function = function.__wrapped__  # type: ignore[attr-defined]
    return function


# Waiting.


def wait_plainly(held: Held) -> None:
    """Let this thread do nothing until it is chosen how to go on."""
    chosen = threading.Event()
    held.waits(chosen.set)
    chosen.wait()


async def await_choice(held: Held) -> None:
    """Let this task do nothing until then."""
    import asyncio

    loop = asyncio.get_running_loop()
    chosen = asyncio.Event()

    def wake() -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits
            loop.call_soon_threadsafe(chosen.set)

    held.waits(wake)
    await chosen.wait()


class Unhandled:
    """A block in which an exception that is being handled is not.

    What clients evaluate in it would else have all its own errors "during handling of" that one.
    """

    def __init__(self, error: BaseException) -> None:
        self._error = error

    def __enter__(self) -> None:
        _handle(None)

    def __exit__(self, *_exception: object) -> None:
        _handle(self._error)


def _handle(error: BaseException | None) -> None:
    import ctypes

    ctypes.pythonapi.PyErr_SetHandledException(ctypes.py_object(error))


def _log(name: str, error: Exception) -> None:
    """Through `logging`, if the program has set that up, else on standard error."""
    text = f"{name} failed, and the program goes on"
    logging = sys.modules.get("logging")
    if logging is not None and logging.getLogger("repl_server").hasHandlers():
        logging.getLogger("repl_server").error("%s.", text, exc_info=error)
        return
    described = head(describe_exception(error)["text"], _LOG_BYTES)
    with contextlib.suppress(Exception):
        sys.stderr.write(f"repl-server: {text}:\n{described}")
        sys.stderr.flush()
