"""The programs that are measured: `python programs.py KIND PATH [WORD…]`.

Each is as short as such a program can be, and imports what it needs and nothing else.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

__all__ = ["KINDS"]


def threads(path: str) -> None:
    """Serves in threads, and waits."""
    from repl_server import serve

    serve(path)
    while True:
        time.sleep(1000)


def cooperative(path: str) -> None:
    """Serves while it sleeps."""
    from repl_server import CoopServer

    server = CoopServer(path)
    while True:
        server.sleep(1000)


def in_asyncio(path: str) -> None:
    """Serves on a loop that does nothing else."""
    import asyncio

    from repl_server import start

    async def serve() -> None:
        async with await start(path):
            await asyncio.Event().wait()

    asyncio.run(serve())


def manhole(path: str) -> None:
    """The peer: a bare prompt, one client at a time."""
    import manhole as peer

    peer.install(socket_path=path, verbose=False, daemon_connection=True)
    while True:
        time.sleep(1000)


def busy(path: str, interval: str) -> None:
    """Serves in threads beside a loop that never waits, with this switch interval."""
    from repl_server import serve

    sys.setswitchinterval(float(interval))
    serve(path)
    while True:
        pass


def polling(path: str, interval: str) -> None:
    """Computes for a millisecond, polls, and so on, with this switch interval."""
    from repl_server import CoopServer

    sys.setswitchinterval(float(interval))
    server = CoopServer(path)
    clock = time.perf_counter
    while True:
        until = clock() + 0.001
        while clock() < until:
            pass
        server.poll()


def polls(path: str) -> None:
    """Tells whoever asks (`polls()`) how long a `poll` takes with nothing to do, in seconds."""
    import timeit

    from repl_server import CoopServer

    asked: list[list[float]] = []
    server = CoopServer(path, namespace={"asked": asked})
    while True:
        server.sleep(0.01)
        if asked:
            rounds = 20_000
            found = [timeit.timeit("f()", globals={"f": server.poll}, number=rounds)]
            found += [timeit.timeit("f()", globals={"f": _nothing}, number=rounds)]
            asked.pop().extend(each / rounds for each in found)


def _nothing() -> None:
    pass


def printing(lines: str) -> None:
    """Prints so many lines, and says on standard error how many seconds that took."""
    started = time.perf_counter()
    exec(f"for _ in range({lines}): print('{'x' * 79}')", {})
    sys.stdout.flush()
    print(time.perf_counter() - started, file=sys.stderr)


def lives(threads: str) -> None:
    """Starts so many threads and waits for each; says on standard error how long that took."""
    import threading

    started = time.perf_counter()
    for _ in range(int(threads)):
        thread = threading.Thread(target=_nothing)
        thread.start()
        thread.join()
    print(time.perf_counter() - started, file=sys.stderr)


def twice(port: str) -> None:
    """On TCP, a value and its `done` in two sends, as many servers do: see `_answering`."""
    _answering(int(port), apart=True)


def once(port: str) -> None:
    """The same in one."""
    _answering(int(port), apart=False)


def _answering(port: int, *, apart: bool) -> None:
    """Answers any evaluation with 2, one client after the other.

    The socket is as it comes: what is sent while something is on its way waits until that has been
    acknowledged (Nagle's algorithm).
    """
    import socket

    from repl_server.wire import Decoder, encode

    with socket.create_server(("127.0.0.1", port)) as listener:
        while True:
            client, _ = listener.accept()
            with client:
                decoder = Decoder()
                while data := client.recv(65_536):
                    decoder.feed(data)
                    while (message := decoder.next_message()) is not None:
                        about = {"id": message["id"], "session": "s"}
                        parts = [encode({**about, "new-session": "s", "status": ["done"]})]
                        if message["op"] == "eval":
                            parts.insert(0, encode({**about, "value": "2", "ns": "user"}))
                        for part in parts if apart else [b"".join(parts)]:
                            client.sendall(part)


KINDS: dict[str, Callable[..., None]] = {
    "threads": threads,
    "cooperative": cooperative,
    "asyncio": in_asyncio,
    "manhole": manhole,
    "busy": busy,
    "polling": polling,
    "polls": polls,
    "printing": printing,
    "lives": lives,
    "twice": twice,
    "once": once,
}
"""What can be started, by name."""

if __name__ == "__main__":
    KINDS[sys.argv[1]](*sys.argv[2:])
