"""A program for each mode of the server, in a thread of the tests' own process."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import repl_server

__all__ = ["MODES", "hosted"]

MODES = ("threads", "cooperative", "asyncio")


@contextmanager
def hosted(mode: str, address: Any, **options: Any) -> Iterator[repl_server.Server]:
    """A server in a program that runs as programs of that mode do."""
    if mode == "threads":
        with repl_server.serve(address, **options) as server:
            yield server
    elif mode == "cooperative":
        with repl_server.CoopServer(address, **options) as server:
            ended = threading.Event()
            thread = threading.Thread(target=_poll, args=(server, ended), name="program")
            thread.start()
            try:
                yield server
            finally:
                ended.set()
                server.close()
                thread.join()
    else:
        with _looping(address, options) as server:
            yield server


def _poll(server: repl_server.CoopServer, ended: threading.Event) -> None:
    while not ended.is_set():
        server.sleep(0.05)


@contextmanager
def _looping(address: Any, options: dict[str, Any]) -> Iterator[repl_server.Server]:
    started = threading.Event()
    found: list[Any] = []

    async def program() -> None:
        ended = asyncio.Event()
        try:
            async with await repl_server.start(address, **options) as server:
                found.extend((server, asyncio.get_running_loop(), ended))
                started.set()
                await ended.wait()
        except BaseException as error:
            found.append(error)
            raise
        finally:
            started.set()

    thread = threading.Thread(target=lambda: asyncio.run(program()), name="program")
    thread.start()
    started.wait()
    if isinstance(found[0], BaseException):
        thread.join()
        raise found[0]
    try:
        yield found[0]
    finally:
        found[1].call_soon_threadsafe(found[2].set)
        thread.join()
