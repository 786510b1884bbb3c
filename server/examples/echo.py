"""An echo server on the listening code of `repl_server`: many connections, one thread.

    $ python server/examples/echo.py
    Try me: socat - ./echo.sock

Whoever sends and never reads is not read from any more when 16 MiB wait for him; nobody else waits.
"""

from __future__ import annotations

import sys

from repl_server.network.io_thread import IoThread, Peer
from repl_server.network.listen import listen


class Echo:
    """One connection: what is sent comes back."""

    def __init__(self, peer: Peer) -> None:
        self.peer = peer

    def received(self, data: bytes) -> None:
        """Send it back."""
        self.peer.send(data)

    def gone(self) -> None:
        """There is nothing to do."""


def main(address: str) -> None:
    """Serve until Ctrl-C."""
    listener = listen(address, mode=None)
    serving = IoThread(listener, Echo)
    serving.start()
    print(f"Try me: socat - {address}", flush=True)
    try:
        serving.thread.join()
    except KeyboardInterrupt:
        serving.close(1.0)
    finally:
        listener.close()


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "./echo.sock")
