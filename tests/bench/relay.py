"""The floor of a bridge: `relay.py TARGET PATH` copies bytes both ways, and does nothing else."""

from __future__ import annotations

import selectors
import socket
import sys

__all__ = ["main"]


def main(target: str, path: str) -> None:
    """Serve connections at `path`, each with one of its own to `target`; both Unix sockets."""
    watched = selectors.DefaultSelector()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        watched.register(listener, selectors.EVENT_READ)
        while True:
            for key, _ in watched.select():
                if key.fileobj is listener:
                    near, _ = listener.accept()
                    far = socket.socket(socket.AF_UNIX)
                    far.connect(target)
                    watched.register(near, selectors.EVENT_READ, (near, far))
                    watched.register(far, selectors.EVENT_READ, (far, near))
                    continue
                source, sink = key.data
                data = source.recv(65536)
                if data:
                    sink.sendall(data)
                    continue
                for end in (source, sink):
                    watched.unregister(end)
                    end.close()
                break  # what was selected with it may be closed now


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
