"""A game's loop, sixty frames a second: an error in it is held, mended, and the frame tried again.

    $ python server/examples/frames.py
    Mend me: repl-connect ./frames.sock
                        o

In another terminal, in the same directory, `repl-connect ./frames.sock`, and there:

    def update(ball, seconds):          # a mistake: the next frame fails
        ball.height += ball.sped * seconds

The game stands still, and says so to you and everybody who is connected. Whatever you evaluate now,
it answers. Mend it, and let the same frame be made once more:

    def update(ball, seconds):
        ball.speed -= 9.81 * seconds
        ball.height = abs(ball.height + ball.speed * seconds)
    server.restart("retry")             # or "continue" without it, or "abort": the game ends

When nobody is connected an error ends the game, as it would without all this. In a game with a
window, `draw` is pygame's, and so is what waits for the end of the frame.
"""

from __future__ import annotations

import sys
import time

import repl_server

FRAME = 1 / 60
POLL = 0.002
"""Seconds of a frame within which evaluations are begun."""

WIDTH = 60
frame = 0
server: repl_server.CoopServer


class Ball:
    """It falls, and bounces."""

    def __init__(self) -> None:
        self.height = 2.0
        self.speed = 0.0


ball = Ball()


def update(ball: Ball, seconds: float) -> None:
    """What happens in so short a time."""
    ball.speed -= 9.81 * seconds
    ball.height += ball.speed * seconds
    if ball.height < 0:
        ball.height, ball.speed = -ball.height, -ball.speed


def draw(ball: Ball) -> None:
    """A line of the terminal that is always the same one; or, into a file, one a second."""
    if sys.stdout.isatty():
        print("\r" + " " * min(WIDTH, round(ball.height * WIDTH / 3)) + "o\033[K", end="")
    elif frame % 60 == 0:
        print(f"frame {frame}: {ball.height:.2f} m")
    sys.stdout.flush()


def main() -> None:
    """Frame after frame."""
    global frame, server
    with repl_server.CoopServer("./frames.sock", namespace=globals()) as server:
        print("Mend me: repl-connect ./frames.sock", flush=True)
        held_update = server.continuable(update)
        while True:
            begun = time.monotonic()
            held_update(ball, FRAME)
            draw(ball)
            frame += 1
            server.poll(POLL)
            time.sleep(max(0.0, begun + FRAME - time.monotonic()))


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        print("\nended")
