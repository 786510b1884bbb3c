"""A user of a plain REPL, with nothing but a socket, as `socat` gives one."""

from __future__ import annotations

import socket

__all__ = ["PlainUser", "connected"]


def connected(address: str) -> socket.socket:
    """A connection to a path, or to `host:port`."""
    if "/" not in address:
        host, _, port = address.rpartition(":")
        return socket.create_connection((host, int(port)), 30)
    stream = socket.socket(socket.AF_UNIX)
    stream.settimeout(30)
    stream.connect(address)
    return stream


class PlainUser:
    """Connected, and at one of these prompts. `greeting` is what came until then."""

    def __init__(self, address: str, *prompts: bytes) -> None:
        self.stream = connected(address)
        self.prompts = prompts
        self.greeting = self.until(*prompts)

    def until(self, *ends: bytes) -> bytes:
        """What comes, as far as one of these ends."""
        said = b""
        while not said.endswith(ends):
            data = self.stream.recv(65536)
            assert data, said
            said += data
        return said

    def ask(self, line: str, *prompts: bytes) -> str:
        """What is said to a line, up to a prompt: the usual ones if none is named."""
        self.stream.sendall(f"{line}\n".encode())
        return self.answer(*prompts)

    def answer(self, *prompts: bytes) -> str:
        """What is said up to a prompt."""
        prompts = prompts or self.prompts
        said = self.until(*prompts)
        end = next(each for each in prompts if said.endswith(each))
        return said.removesuffix(end).decode().strip()

    def close(self) -> None:
        """Leave."""
        self.stream.close()
