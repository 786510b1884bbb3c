"""A program with a loop that is served: `turning.py MODE ADDRESS SECONDS`.

It pauses so long between its turns. Each turn has a number, and prints it with a global that a
client may set.
"""

from __future__ import annotations

import asyncio
import sys
import threading
import time

import repl_server

speed = 1
turn = 0


def step() -> None:
    say(f"speed {speed}")


def say(text: str) -> None:
    print(turn, text, flush=True)


def begin_turn() -> None:
    global turn
    turn += 1


def main(mode: str, address: str, pause: float) -> None:
    own_step = step  # a redefinition is to reach this one too
    if mode == "threads":
        with repl_server.serve(address, namespace=globals()):
            while True:
                begin_turn()
                own_step()
                time.sleep(pause)
    elif mode == "cooperative":
        with repl_server.CoopServer(address, namespace=globals()) as server:
            globals()["server"] = server  # for evaluations that sleep
            while True:
                begin_turn()
                own_step()
                server.sleep(pause)
    else:
        asyncio.run(turn_on_a_loop(address, pause))


async def turn_on_a_loop(address: str, pause: float) -> None:
    own_step = step
    async with await repl_server.start(address, namespace=globals()):
        while True:
            begin_turn()
            own_step()
            await asyncio.sleep(pause)


def session_threads() -> list[str]:
    """The names of the threads that serve a session, or are to serve one."""
    names = [thread.name for thread in threading.enumerate()]
    return [name for name in names if name.startswith(("repl-server-session", "repl-server-spare"))]


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], float(sys.argv[3]))
