"""What blocks, done in a thread and awaited on an asyncio loop: making a link, and anything else.

Apart from `connecting`, which the prompt needs before it has imported asyncio.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import TypeVar

from repl_connect.conversation.connecting import Connect, Connecting
from repl_connect.link import Link

__all__ = ["beside", "in_thread", "link_from"]

_T = TypeVar("_T")


async def link_from(connect: Connect, resume: str | None = None) -> Link:
    """`open_link` in a thread, awaited on the running loop. What is cancelled leaves no link.

    Raises what `open_link` raises.
    """
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()

    def tell() -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(ended.set)

    connecting = Connecting(connect, resume, tell)
    try:
        await ended.wait()
    except asyncio.CancelledError:
        connecting.abandon()
        raise
    link = connecting.wait()
    assert link is not None
    return link


def beside(act: Callable[[], _T], done: Callable[[_T | Exception], None], *, name: str) -> None:
    """Call `act` in a thread; on the running loop, `done` gets what it returns, or its error.

    The thread is nobody's concern when the process or the loop ends.
    """
    loop = asyncio.get_running_loop()

    def run() -> None:
        told: _T | Exception
        try:
            told = act()
        except Exception as error:
            told = error
        with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(done, told)

    threading.Thread(target=run, name=name, daemon=True).start()


async def in_thread(act: Callable[[], _T], *, name: str) -> _T:
    """What `act` returns or raises, awaited. If that is cancelled the thread goes on, unheard."""
    told: asyncio.Future[_T] = asyncio.get_running_loop().create_future()

    def tell(result: _T | Exception) -> None:
        if told.done():
            return
        if isinstance(result, Exception):
            told.set_exception(result)
        else:
            told.set_result(result)

    beside(act, tell, name=name)
    return await told
