"""Sends each who connects back what they send.

Usage: echo.py PORT. It says nothing of itself, and ends a connection when its other end does.
"""

from __future__ import annotations

import socketserver
import sys
from socket import socket
from typing import cast


class Echo(socketserver.BaseRequestHandler):
    """One connection."""

    def handle(self) -> None:
        """Send back what comes, as it comes."""
        stream = cast(socket, self.request)
        while data := stream.recv(1024):
            stream.sendall(data)


class Server(socketserver.ThreadingTCPServer):
    """Any number of them."""

    allow_reuse_address = True
    daemon_threads = True


Server(("127.0.0.1", int(sys.argv[1])), Echo).serve_forever()
