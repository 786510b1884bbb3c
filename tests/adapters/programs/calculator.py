"""A calculator with a prompt that counts.

Usage: calculator.py PORT. `wait` says that it waits, and answers when the next line is `go on`.
"""

from __future__ import annotations

import socketserver
import sys


class Calculator(socketserver.StreamRequestHandler):
    """One user's."""

    def handle(self) -> None:
        """Read lines and answer them, until they end."""
        self.wfile.write(b"A calculator.\n")
        number = 1
        self._prompt(number)
        for line in self.rfile:
            text = line.decode().strip()
            if text == "wait":
                self.wfile.write(b"waiting\n")
                continue
            if text == "go on":
                self.wfile.write(b"going on\n")
            else:
                self.wfile.write(f"{self._answer(text)}\n".encode())
            number += 1
            self._prompt(number)

    def _prompt(self, number: int) -> None:
        self.wfile.write(f"calc {number}> ".encode())

    def _answer(self, text: str) -> object:
        words = text.split()
        if len(words) != 3 or not (words[0].isdecimal() and words[2].isdecimal()):
            return f"I have never heard of {text!r}."
        one, other = int(words[0]), int(words[2])
        return {"+": one + other, "-": one - other, "*": one * other, "**": one**other}[words[1]]


class Server(socketserver.ThreadingTCPServer):
    """Users come and go."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 64


Server(("127.0.0.1", int(sys.argv[1])), Calculator).serve_forever()
