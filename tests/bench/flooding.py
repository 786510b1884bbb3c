"""An nREPL server that prints as fast as it can: `python flooding.py PATH`.

It evaluates two things: `flood` prints `LINES` lines of 100 bytes, a message for each, and `long`
one line of a million characters; the last line is `END` and what follows that word. At PATH and
`.raw` are the lines by themselves, for whoever connects.
"""

from __future__ import annotations

import itertools
import socket
import sys
import threading
from typing import Final

from repl_server.wire import Decoder, Message, encode

__all__ = ["END", "LINES", "main"]

LINES: Final = 100_000
END: Final = "that was the end of"
_LONG: Final = 1_000_000
_SESSIONS = itertools.count(1)


def _text(code: str) -> list[str]:
    """What the code prints, in the pieces that it does so."""
    what, _, name = code.strip().partition(" ")
    if what == "flood":
        return [f"line {number:<93} \n" for number in range(LINES - 1)] + [f"{END} {name}\n"]
    if what == "long":
        return ["x" * _LONG + "\n", f"{END} {name}\n"]
    return []


def _replies(message: Message) -> bytes:
    about = {"id": message.get("id", ""), "session": message.get("session", "")}
    done = encode({**about, "status": ["done"]})
    match message.get("op"):
        case "clone":
            return encode({**about, "new-session": f"s{next(_SESSIONS)}", "status": ["done"]})
        case "describe":
            ops: Message = {name: {} for name in ("clone", "close", "describe", "eval")}
            versions = {"nrepl": {"version-string": "1.0.0"}}
            return encode({**about, "ops": ops, "versions": versions, "status": ["done"]})
        case "eval":
            printed = b"".join(encode({**about, "out": each}) for each in _text(message["code"]))
            return printed + encode({**about, "value": "nil", "ns": "user"}) + done
    return done


def _serve(connection: socket.socket) -> None:
    decoder = Decoder()
    with connection:
        while data := connection.recv(65_536):
            decoder.feed(data)
            while (message := decoder.next_message()) is not None:
                connection.sendall(_replies(message))


def _print(connection: socket.socket) -> None:
    with connection:
        connection.sendall("".join(_text("flood it")).encode())
        connection.recv(1)  # it is read to the end


def main(path: str) -> None:
    """Listen at both."""

    def listen(where: str) -> socket.socket:
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(where)
        listener.listen()
        return listener

    def printing(listener: socket.socket) -> None:
        while True:
            threading.Thread(target=_print, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=printing, args=(listen(f"{path}.raw"),), daemon=True).start()
    clients = listen(path)
    while True:
        threading.Thread(target=_serve, args=(clients.accept()[0],), daemon=True).start()


if __name__ == "__main__":
    main(sys.argv[1])
