"""A program of each kind that is served: `served.py MODE ADDRESS`. It says its address, then runs.

`cooperative` and `asyncio` programs evaluate in the process's main thread.
"""

from __future__ import annotations

import asyncio
import contextvars
import sys
import threading

import repl_server

depth: contextvars.ContextVar[int] = contextvars.ContextVar("depth", default=0)


class _Shouts:
    """Its `word` prints when it is looked at: code that any reader takes for one symbol."""

    @property
    def word(self) -> str:
        print("printed")
        return "shouted"


shouts = _Shouts()


def spin() -> None:
    print("spinning", file=sys.__stdout__, flush=True)  # the client shows output late
    while True:
        pass


def main(mode: str, address: str) -> None:
    if mode == "threads":
        with repl_server.serve(address, namespace=globals()) as server:
            print(server.address, flush=True)
            threading.Event().wait()
    elif mode == "cooperative":
        with repl_server.CoopServer(address, namespace=globals()) as server:
            print(server.address, flush=True)
            while True:
                server.sleep(1)
    else:
        asyncio.run(run_on_a_loop(address))


async def run_on_a_loop(address: str) -> None:
    async with await repl_server.start(address, namespace=globals()) as server:
        print(server.address, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
