"""Programs that are found, and those that find them, each a process.

All is said on this machine's own network: a machine that is on no other has it too. Other tests may
run at the same time and be seen, so programs are called by names that nobody else has.
"""

from __future__ import annotations

import json
import select
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from client.command import COMMAND, LONG

from repl_connect.lan.browsing import Browser
from repl_connect.lan.service import Found

__all__ = ["LO", "TOKEN", "AnnouncedProgram", "Browsing", "Watching", "unique_name"]

LO = "127.0.0.1"
TOKEN = "a token of some length"

_ANNOUNCED = f"""
import sys, repl_server
import repl_connect.lan.announcing as announcing
announcing.TTL = int(sys.argv[2])
server = repl_server.serve("0.0.0.0:0", namespace={{}}, token={TOKEN!r})
announcement = announcing.announce(server, program=sys.argv[1], interfaces=[{LO!r}])
print(server.address, announcement.name, sep="\\t", flush=True)
sys.stdin.read()
"""


def unique_name() -> str:
    return f"program-{uuid.uuid4().hex[:12]}"


class AnnouncedProgram:
    """A program that serves and says so on the network, until it is ended or killed."""

    def __init__(self, program: str, *, ttl: int = 60) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", _ANNOUNCED, program, str(ttl)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        address, self.name = self.process.stdout.readline().rstrip("\n").split("\t")
        self.port = int(address.rpartition(":")[2])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.communicate()  # the end of its input ends it

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


class Browsing:
    """A `Browser`, waited for."""

    def __init__(self) -> None:
        self._changed = threading.Event()
        self.browser = Browser(self._changed.set, interfaces=[LO])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.browser.close()

    def named(self, name: str) -> Found | None:
        return next((each for each in self.browser.servers if each.name == name), None)

    def starting(self, name: str) -> Found | None:
        return next((each for each in self.browser.servers if each.name.startswith(name)), None)

    def wait_for(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + LONG
        while not condition():
            assert self._changed.wait(deadline - time.monotonic()), self.browser.servers
            self._changed.clear()


class Watching:
    """`repl-connect list --watch --json`."""

    def __init__(self, *arguments: str, directory: Path) -> None:
        self.process = subprocess.Popen(
            [*COMMAND, "list", "--watch", "--json", *arguments],
            cwd=directory,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,  # so that select tells all
        )
        self.told: list[dict[str, Any]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()

    def wait_for(self, event: str, **about: object) -> dict[str, Any]:
        """Read lines until one says this."""
        assert self.process.stdout is not None
        deadline = time.monotonic() + LONG
        while select.select([self.process.stdout], [], [], deadline - time.monotonic())[0]:
            line = self.process.stdout.readline()
            if not line:
                break
            told: dict[str, Any] = json.loads(line)
            self.told.append(told)
            if told["event"] == event and about.items() <= told.items():
                return told
        raise AssertionError(f"it has not told {event} {about}, but {self.told}")
