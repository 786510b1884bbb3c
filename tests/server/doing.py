"""A program in the tests' own process that does in its own thread what a test asks it to.

And what clients are told of the errors that are held there.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from typing import Any

from server.wire_client import SECONDS, WireClient, gather

import repl_server

__all__ = ["STEP", "Program", "call", "held", "outcome", "program", "restart", "told"]

Action = Callable[[], Any]

STEP = """
limit = 10
def step(n):
    half = n / 2
    return check(half, [1, 2])
def check(half, items):
    if half > limit: raise ValueError(f'{half} is too much')
    return half
"""
"""What a program has in its namespace: a step, and too much for it is 42."""


class Program:
    """`do` does something where the program's own loop runs, beside no evaluation."""

    def __init__(self) -> None:
        self.server: repl_server.Server
        self.actions: SimpleQueue[tuple[Action, Future[Any]] | None] = SimpleQueue()
        self.loop: asyncio.AbstractEventLoop | None = None
        self.clients: list[WireClient] = []

    def connect(self) -> WireClient:
        """A client with a session; it is closed in the end."""
        client = WireClient(self.server.address)
        self.clients.append(client)
        client.clone()
        return client

    def do(self, action: Action) -> Future[Any]:
        """Do this soon. On a loop in a task of its own."""
        if self.loop is not None:

            async def task() -> Any:
                return action()

            return asyncio.run_coroutine_threadsafe(task(), self.loop)
        future: Future[Any] = Future()
        self.actions.put((action, future))
        return future

    def await_(self, coroutine: Coroutine[Any, Any, Any]) -> Future[Any]:
        """Await this in a task on the program's loop."""
        assert self.loop is not None
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop)

    def do_next(self, *, wait: bool) -> bool:
        """Do one thing, if there is one or it is to be waited for. False: it is to end."""
        try:
            found = self.actions.get(block=wait)
        except Empty:
            return True
        if found is None:
            return False
        action, future = found
        try:
            future.set_result(action())
        except BaseException as error:
            future.set_exception(error)
        return True


@contextmanager
def program(mode: str, address: Any, **options: Any) -> Iterator[Program]:
    """A program that serves, in each mode as programs of that mode do."""
    found = Program()
    begun = threading.Event()

    def threads() -> None:
        with repl_server.serve(address, **options) as found.server:
            begun.set()
            while found.do_next(wait=True):
                pass

    def cooperative() -> None:
        found.server = server = repl_server.CoopServer(address, **options)
        with server:
            begun.set()
            while found.do_next(wait=False):
                server.sleep(0.01)

    async def looping() -> None:
        async with await repl_server.start(address, **options) as found.server:
            found.loop = asyncio.get_running_loop()
            begun.set()
            while found.do_next(wait=False):
                await asyncio.sleep(0.01)

    mains: dict[str, Callable[[], None]] = {
        "threads": threads,
        "cooperative": cooperative,
        "asyncio": lambda: asyncio.run(looping()),
    }
    thread = threading.Thread(target=mains[mode], name="program")
    thread.start()
    assert begun.wait(20)
    try:
        yield found
    finally:
        for client in found.clients:
            client.close()
        found.actions.put(None)
        found.server.close()
        thread.join()


def told(client: WireClient) -> dict[str, Any]:
    """What the client is told of the next error that is held."""
    while True:
        message = client.receive()
        if "repl-server/held" in message:
            return message


def held(client: WireClient) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.ask({"op": "repl-server/held"})[-1]["held"]
    return found


def restart(client: WireClient, ident: str, how: str, **more: Any) -> dict[str, Any]:
    return gather(client.ask({"op": "repl-server/restart", "held": ident, "restart": how, **more}))


def outcome(future: Future[Any]) -> Any:
    return future.result(SECONDS)


def call(app: Program, namespace: dict[str, Any], **options: Any) -> Future[Any]:
    """The program calls the step with what is too much for it."""
    return app.do(lambda: app.server.continuable(namespace["step"], **options)(42))
