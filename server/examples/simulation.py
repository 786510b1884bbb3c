"""A simulation that is looked into and changed while it runs.

    $ python server/examples/simulation.py
    Change me: repl-connect ./simulation.sock
    turn 1: 110 rabbits
    turn 2: 121 rabbits

In another terminal, in the same directory, `repl-connect ./simulation.sock`, and there:

    rabbits                     # look
    growth = 0.5                # the very next turn grows by this
    def step():                 # the very next turn runs this, though `main` holds the old one
        global rabbits
        rabbits -= 5

All of it happens within `server.sleep`, in the simulation's own thread: a turn is never disturbed.
"""

from __future__ import annotations

from collections.abc import Callable

import repl_server

rabbits = 100.0
growth = 0.1
turn = 0
pause = 1.0


def step() -> None:
    """One turn."""
    global rabbits
    rabbits += growth * rabbits


def main(one_step: Callable[[], None]) -> None:
    """Turn after turn, with the step that was there at the start."""
    global turn
    with repl_server.CoopServer("./simulation.sock", namespace=globals()) as server:
        print("Change me: repl-connect ./simulation.sock", flush=True)
        while True:
            turn += 1
            one_step()
            print(f"turn {turn}: {rabbits:.0f} rabbits", flush=True)
            server.sleep(pause)


if __name__ == "__main__":
    try:
        main(step)
    except KeyboardInterrupt:
        print("ended")
