"""An asyncio service that is watched and changed while it serves: it answers lines of text.

    $ python server/examples/service.py 4000
    Lines are answered at 127.0.0.1:4000
    Look in: repl-connect ./service.sock

Its clients: `socat - tcp:127.0.0.1:4000`. In another terminal, in the same directory,
`repl-connect ./service.sock`, and there, while they are served:

    lines                                   # how many were answered
    await tell("We close at ten.")          # `await` works as in the service's own code
    def answer(line):                       # the next line is answered by this
        return line[::-1]

Each line is also published under the topic `lines`, for clients that have subscribed to it.
"""

from __future__ import annotations

import asyncio
import sys

import repl_server

lines = 0
connected: set[asyncio.StreamWriter] = set()
server: repl_server.AsyncioServer

MOST_WAITING = 65_536
"""Bytes that may wait for one who does not read, before what is told to all leaves him out."""


def answer(line: str) -> str:
    """What one line is answered."""
    return line.upper()


async def tell(text: str) -> int:
    """Send a line to all; how many it was sent to."""
    told = 0
    for writer in connected:
        if writer.transport.get_write_buffer_size() < MOST_WAITING:
            writer.write(f"* {text}\n".encode())
            told += 1
    await asyncio.sleep(0)
    return told


async def serve_one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One connection, from its first line to its last."""
    global lines
    connected.add(writer)
    try:
        while data := await reader.readline():
            line = data.decode(errors="replace").rstrip("\r\n")
            lines += 1
            server.publish("lines", line)
            writer.write(f"{answer(line)}\n".encode())
            await writer.drain()
    except (ConnectionError, ValueError):  # it has gone, or a line has no end
        pass
    finally:
        connected.discard(writer)
        writer.close()


async def main(port: int) -> None:
    """Serve lines, and a REPL into this program."""
    global server
    async with await repl_server.start("./service.sock", namespace=globals()) as server:
        service = await asyncio.start_server(serve_one, "127.0.0.1", port)
        host, port = service.sockets[0].getsockname()
        print(f"Lines are answered at {host}:{port}", flush=True)
        print("Look in: repl-connect ./service.sock", flush=True)
        async with service:
            await service.serve_forever()


if __name__ == "__main__":
    try:
        asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 4000))
    except KeyboardInterrupt:
        print("ended")
