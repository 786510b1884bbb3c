"""A program with a Python console for each connection: `python_console.py KIND PATH`.

own: a console that reads and writes its connection itself
standard: one that reads and writes the standard streams, which are the connection's by thread
asyncio: one in an event loop, where nobody may wait for input
process: a process with `python -i`
"""

import asyncio
import code
import codeop
import contextlib
import io
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

Names = dict[str, Any]


class ByThread:
    """A standard stream that is the connection's of the thread that uses it."""

    def __init__(self, original: Any) -> None:
        self.original = original
        self.streams: dict[int, Any] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self.streams.get(threading.get_ident(), self.original), name)


class Console(code.InteractiveConsole):
    def __init__(self, names: Names, reader: Any, writer: Any) -> None:
        super().__init__(names)
        self.input = reader
        self.output = writer

    def raw_input(self, prompt: str = "") -> str:
        self.write(prompt)
        line: str = self.input.readline()
        if not line:
            raise EOFError
        return line.rstrip("\n")

    def write(self, data: str) -> None:
        self.output.write(data)
        self.output.flush()


def own(names: Names, reader: Any, writer: Any) -> code.InteractiveConsole:
    return Console(names, reader, writer)


def standard(names: Names, reader: Any, writer: Any) -> code.InteractiveConsole:
    return code.InteractiveConsole(names)


def threads(path: str, make: Callable[[Names, Any, Any], code.InteractiveConsole]) -> None:
    """A thread for each connection, with what it prints in its connection."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen()
    routed = ["stdout", "stderr", "stdin"] if make is standard else ["stdout"]
    streams = {name: ByThread(getattr(sys, name)) for name in routed}
    for name, stream in streams.items():
        setattr(sys, name, stream)
    names: Names = {"__name__": "__console__", "threading": threading}

    def serve(connection: socket.socket) -> None:
        reader = connection.makefile("r", encoding="utf-8", newline="\n")
        writer = connection.makefile("w", encoding="utf-8", newline="\n")
        for name, stream in streams.items():
            stream.streams[threading.get_ident()] = reader if name == "stdin" else writer
        with contextlib.suppress(SystemExit, OSError, ValueError):
            make(names, reader, writer).interact()
        for stream in streams.values():
            del stream.streams[threading.get_ident()]
        connection.close()

    while True:
        connection, _ = listener.accept()
        threading.Thread(target=serve, args=(connection,), daemon=True).start()


async def loop(path: str) -> None:
    """A console that is a part of an event loop."""
    names: Names = {"__name__": "__console__", "threading": threading}

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        interpreter = code.InteractiveInterpreter(names)
        compiler = codeop.CommandCompiler()
        writer.write(b"Python in a loop\n>>> ")
        while line := await reader.readline():
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
                try:
                    compiled = compiler(line.decode())
                    if compiled is not None:
                        interpreter.runcode(compiled)
                except SyntaxError:
                    interpreter.showsyntaxerror()
            writer.write(printed.getvalue().encode() + b">>> ")
            await writer.drain()
        writer.close()

    server = await asyncio.start_unix_server(serve, path)
    await server.serve_forever()


def processes(path: str) -> None:
    """A process for each connection."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen()
    while True:
        connection, _ = listener.accept()
        with connection:
            number = connection.fileno()
            command = [sys.executable, "-iq", "-c", "import threading"]
            subprocess.Popen(command, stdin=number, stdout=number, stderr=number)


def main(kind: str, path: str) -> None:
    if kind == "asyncio":
        asyncio.run(loop(path))
    elif kind == "process":
        processes(path)
    else:
        threads(path, own if kind == "own" else standard)


if __name__ == "__main__":
    main(*sys.argv[1:])
