"""A chat server on the listening code of `repl_server`: many connections, one thread.

    $ python server/examples/chat.py
    Join: socat - ./chat.sock

The first line you send is your name, each further one is sent to all the others. Nobody waits for
somebody who does not read: when 1 MiB waits for him, he is dropped.
"""

from __future__ import annotations

import sys

from repl_server.network.io_thread import ROOM, IoThread, Peer
from repl_server.network.listen import listen

LONGEST = 4_096
"""Bytes in a line."""

people: dict[str, Person] = {}


class Person:
    """One connection; in `people` when it has a name. All is called in the server's one thread."""

    def __init__(self, peer: Peer) -> None:
        self.peer = peer
        self.name = ""
        self.begun = b""
        peer.send(b"Your name?\n")

    def received(self, data: bytes) -> None:
        """Take the lines that are whole."""
        *lines, self.begun = (self.begun + data).split(b"\n")
        for line in lines:
            self.say(line[:LONGEST].decode("utf-8", "replace").strip())
        if len(self.begun) > LONGEST:
            self.peer.end()

    def gone(self) -> None:
        """Tell the others."""
        if people.pop(self.name, None) is not None:
            tell(f"* {self.name} has left")

    def say(self, text: str) -> None:
        """A line that this person has sent."""
        if self.name:
            tell(f"{self.name}: {text}", unless=self)
        elif not text or text in people:
            self.peer.send(b"Another name, please?\n")
        else:
            tell(f"* {text} is here")
            self.peer.send(f"* {len(people)} others are here\n".encode())
            self.name = text
            people[text] = self


def tell(text: str, *, unless: Person | None = None) -> None:
    """Send a line to all but one."""
    for person in list(people.values()):
        if person is not unless:
            person.peer.send(f"{text}\n".encode())
            if person.peer.outbox.size > ROOM:
                person.peer.drop()


def main(address: str) -> None:
    """Serve until Ctrl-C."""
    listener = listen(address, mode=None)
    serving = IoThread(listener, Person)
    serving.start()
    print(f"Join: socat - {address}", flush=True)
    try:
        serving.thread.join()
    except KeyboardInterrupt:
        serving.close(1.0)
    finally:
        listener.close()


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "./chat.sock")
