"""Standard streams by thread: an evaluation has its own, the program keeps its own."""

from __future__ import annotations

import io
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

__all__ = ["Router", "input_stream", "output_stream", "route", "set_streams", "unset_streams"]

_NAMES = ("stdin", "stdout", "stderr")
_LOCK = threading.Lock()
_ROUTERS: dict[str, Router] = {}
_USERS: list[object] = []


class Router:
    """Stands for a standard stream: one of its own for some threads, the program's for the rest."""

    def __init__(self, original: Any) -> None:
        self.original = original
        self.streams: dict[int, Any] = {}

    def write(self, text: str) -> Any:
        """Write where this thread writes."""
        return self.streams.get(threading.get_ident(), self.original).write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.streams.get(threading.get_ident(), self.original), name)

    def __iter__(self) -> Iterator[str]:
        return iter(self.streams.get(threading.get_ident(), self.original))

    def __next__(self) -> str:
        return str(next(self.streams.get(threading.get_ident(), self.original)))

    def __enter__(self) -> Router:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def route(user: object, *, install: bool) -> None:
    """Put the routers in the place of the standard streams for a user, or take that back."""
    with _LOCK:
        if install:
            if not _USERS:
                for name in _NAMES:
                    _ROUTERS[name] = Router(getattr(sys, name))
                    setattr(sys, name, _ROUTERS[name])
            _USERS.append(user)
        elif user in _USERS:
            _USERS.remove(user)
            if not _USERS:
                for name, router in _ROUTERS.items():
                    if getattr(sys, name) is router:
                        setattr(sys, name, router.original)


def set_streams(thread: int, streams: Sequence[Any]) -> None:
    """Give a thread standard input, output and error of its own."""
    for name in _NAMES:
        _ROUTERS[name].streams[thread] = streams[_NAMES.index(name)]


def unset_streams(thread: int) -> None:
    """Give a thread the program's again."""
    for router in _ROUTERS.values():
        router.streams.pop(thread, None)


class _Outlet(io.RawIOBase):
    def __init__(self, put: Callable[[bytes], None]) -> None:
        super().__init__()
        self._put = put

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._put(bytes(data))
        return len(data)


class _Inlet(io.RawIOBase):
    """Asks for more when it has no more; at the end of input the next read asks again."""

    def __init__(self, take: Callable[[], bytes]) -> None:
        super().__init__()
        self._take = take
        self._left = b""

    def readable(self) -> bool:
        return True

    def readinto(self, target: Any) -> int:
        if not self._left:
            self._left = self._take()
        size = min(len(target), len(self._left))
        target[:size] = self._left[:size]
        self._left = self._left[size:]
        return size


class _Input(io.TextIOWrapper):
    """Standard input that `exit()` can't close for the next evaluation."""

    def close(self) -> None:
        pass


def output_stream(put: Callable[[bytes], None], *, by_line: bool) -> io.TextIOWrapper:
    """A text stream that gives bytes to `put`, whole lines or as much as it has gathered."""
    outlet: Any = _Outlet(put)
    return io.TextIOWrapper(
        outlet, encoding="utf-8", errors="backslashreplace", newline="\n", line_buffering=by_line
    )


def input_stream(take: Callable[[], bytes]) -> io.TextIOWrapper:
    """A text stream of what `take` gives; nothing is the end of input."""
    return _Input(io.BufferedReader(_Inlet(take)), encoding="utf-8", errors="surrogateescape")
