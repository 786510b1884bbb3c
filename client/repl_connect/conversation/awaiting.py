"""Making a link in a thread, awaited on an asyncio loop.

Apart from `connecting`, which the prompt needs before it has imported asyncio.
"""

from __future__ import annotations

import asyncio
import contextlib

from repl_connect.conversation.connecting import Connect, Connecting
from repl_connect.link import Link

__all__ = ["link_from"]


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
