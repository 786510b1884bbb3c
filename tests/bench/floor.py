"""The floor where there is no C compiler: the same as `floor.c`, in Python."""

from __future__ import annotations

import socket
import sys
import threading

__all__ = ["main"]


def main(path: str, request: int, reply: int) -> None:
    """Answer requests of so many bytes with so many bytes, each connection in a thread."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen(512)
        while True:
            peer, _ = listener.accept()
            threading.Thread(target=_echo, args=(peer, request, b"x" * reply), daemon=True).start()


def _echo(peer: socket.socket, request: int, answer: bytes) -> None:
    with peer:
        while True:
            have = 0
            while have < request:
                data = peer.recv(request - have)
                if not data:
                    return
                have += len(data)
            peer.sendall(answer)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
