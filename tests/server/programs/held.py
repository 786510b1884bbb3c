"""A program whose step fails in turn 3 until it is mended: `held.py MODE ADDRESS`.

It begins when a client has set `ready`, and prints the number of each turn that is done. Ctrl-C is
printed, and ends it.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable

import repl_server

SECONDS = 0.01
turn = 0
ready = False


def step() -> None:
    if turn == 3:
        raise RuntimeError(f"turn {turn} is impossible")
    print(turn, flush=True)


def main(mode: str, address: str) -> None:
    try:
        if mode == "asyncio":
            asyncio.run(turn_on_a_loop(address))
        elif mode == "cooperative":
            server = repl_server.CoopServer(address, namespace=globals())
            with server:
                turn_with(server, server.sleep)
        else:
            with repl_server.serve(address, namespace=globals()) as threaded:
                turn_with(threaded, time.sleep)
    except KeyboardInterrupt:
        print("interrupted", flush=True)


def turn_with(server: repl_server.Server, sleep: Callable[[float], None]) -> None:
    own_step = step  # the mended one is to reach this too
    print("served", flush=True)
    while not ready:
        sleep(SECONDS)
    while True:
        begin_turn()
        server.continuable(own_step)()
        sleep(SECONDS)


async def turn_on_a_loop(address: str) -> None:
    own_step = step
    async with await repl_server.start(address, namespace=globals()) as server:
        print("served", flush=True)
        while not ready:
            await asyncio.sleep(SECONDS)
        while True:
            begin_turn()
            server.continuable(own_step)()
            await asyncio.sleep(SECONDS)


def begin_turn() -> None:
    global turn
    turn += 1


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
