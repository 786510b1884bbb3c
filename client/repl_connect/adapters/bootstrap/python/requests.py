"""Reading and serving the requests of a client.

Where it can be, the console's loop is taken over. Its own thread reads a request and evaluates; a
thread of ours takes the reading over from it during an evaluation that lasts, so that interrupts,
input and completions are answered meanwhile. (Not at once: to change threads for each request
takes longer than most evaluations.)
"""

from __future__ import annotations

import platform
import queue
import sys
import threading
import time
import uuid
from types import FrameType, ModuleType

from repl_connect.adapters.bootstrap.python.connection import Connection
from repl_connect.adapters.bootstrap.python.consoles import Console, find_console
from repl_connect.adapters.bootstrap.python.frames import fields_of, whole
from repl_connect.adapters.bootstrap.python.knowledge import completions, lookup
from repl_connect.adapters.bootstrap.python.streams import route

__all__ = ["Requests", "take", "upgrade"]

_OPS = ("eval", "load-file", "completions", "lookup")
_BUSY_OPS = (*_OPS, "interrupt", "stdin")
_LASTING = 0.005  # seconds from which on an evaluation lasts
_IDLE_TURNS = 50  # of that length, after which nothing is looked after

_LIVE: dict[str, Requests] = {}
_LIVE_LOCK = threading.Lock()


class Requests:
    """The requests of one client."""

    def __init__(self, nonce: str, console: Console) -> None:
        self.token = uuid.uuid4().hex
        self.console = console
        self.connection = Connection(nonce, console)
        self.tasks: queue.SimpleQueue[list[str] | None] = queue.SimpleQueue()
        self.turn = threading.Lock()
        self.relieved = False
        """Whether our thread reads, instead of the console's; with `turn` held."""
        self.text = ""

    def ready(self) -> None:
        """Tell the client that it can begin."""
        self.connection.tell(
            kind="ready",
            version=platform.python_version(),
            ns=self.connection.own_name(),
            ops=_BUSY_OPS if self.connection.busy else _OPS,
            token=self.token if self.console.read is None else "",
        )

    def serve(self) -> None:
        """Serve the client until it leaves, in the console's own thread."""
        connection = self.connection
        threads = []
        if connection.busy:
            threads = [
                threading.Thread(target=target, name="repl-connect", daemon=True)
                for target in (self.relieve, connection.send_later)
            ]
            for thread in threads:
                thread.start()
        route(self, install=True)
        try:
            self.ready()
            while True:
                fields = self.next_task()
                if fields is None:
                    break
                connection.evaluate(fields)
            self.wake_all()
            for thread in threads:
                thread.join()
        finally:
            self.wake_all()
            route(self, install=False)
            connection.forget()

    def wake_all(self) -> None:
        """Our threads end."""
        self.connection.over = True
        self.connection.active.set()
        self.connection.bell.set()

    def next_task(self) -> list[str] | None:
        """The next evaluation, None at the end: from whoever reads."""
        with self.turn:
            comes = self.relieved or not self.tasks.empty()
        if comes:
            return self.tasks.get()
        try:
            while True:
                fields = self.read_request()
                if not self.take(fields):
                    return None if fields[0] == "quit" else fields
        except Exception:  # whatever the console raises at the end of its input
            return None

    def relieve(self) -> None:
        """In a thread: read while an evaluation lasts, until it is time for the next one."""
        connection = self.connection
        seen, idle = "", 0
        while not connection.over:
            connection.active.wait()
            time.sleep(_LASTING)
            with self.turn:
                lasting = connection.number
                self.relieved = bool(lasting) and lasting == seen
            seen = lasting
            if self.relieved:
                self.read_meanwhile()
            idle = 0 if lasting else idle + 1
            if idle > _IDLE_TURNS and not connection.over:
                connection.active.clear()
                if connection.number or connection.over:
                    connection.active.set()

    def read_meanwhile(self) -> None:
        """Serve what can be served, and give the first other request to the console's thread."""
        fields: list[str] | None = None
        try:
            while fields is None:
                read = self.read_request()
                if not self.take(read):
                    fields = read
        except Exception:  # whatever the console raises at the end of its input
            fields = ["quit"]
        if fields[0] == "quit":
            self.connection.over = True
            if self.connection.number:
                self.connection.interrupt(self.connection.number)
            self.tasks.put(None)
            return
        with self.turn:
            self.relieved = False
            self.tasks.put(fields)

    def read_request(self) -> list[str]:
        """The next one; a long one comes in several lines."""
        assert self.console.read is not None
        text = ""
        while True:
            line = self.console.read()
            if not line.endswith("-"):
                return fields_of(text + line)
            text += line[:-1]

    def take(self, fields: list[str]) -> bool:
        """Serve a request that needs no turn of the evaluating thread; False for the others."""
        op, number = fields[0], fields[1] if len(fields) > 1 else ""
        connection = self.connection
        if op in ("complete", "lookup"):
            namespace = connection.namespace(fields[3]) or {}
            answer = completions if op == "complete" else lookup
            try:
                items = answer(fields[4], namespace)
            except Exception:  # names are looked at while the program changes them
                items = []
            connection.tell(kind="answer", id=number, items=[whole(item) for item in items])
        elif op == "interrupt":
            connection.interrupt(number)
        elif op == "input":
            connection.answers.put(fields[2].encode())
        else:
            return False
        return True


def upgrade(nonce: str, caller: FrameType, module: ModuleType) -> None:
    """Serve the client of the console that has called this, as long as it stays.

    `module` is this one, for whoever comes while it stays. Where nobody but the console itself can
    read, it returns and `take` gets each request.
    """
    requests = Requests(nonce, find_console(caller))
    with _LIVE_LOCK:
        _LIVE[requests.token] = requests
        sys.modules[__name__] = module
    if requests.console.read is None:
        requests.ready()
        return
    try:
        requests.serve()
    finally:
        _forget(requests)


def take(token: str, line: str) -> None:
    """Serve a line of a request of a client whose console is not taken over."""
    requests = _LIVE[token]
    if line.endswith("-"):
        requests.text += line[:-1]
        return
    fields = fields_of(requests.text + line)
    requests.text = ""
    if requests.take(fields):
        return
    if fields[0] == "quit":
        requests.connection.forget()
        _forget(requests)
        return
    requests.connection.thread = threading.get_ident()
    route(requests, install=True)
    try:
        requests.connection.evaluate(fields)
    finally:
        route(requests, install=False)


def _forget(requests: Requests) -> None:
    """The last one takes this module along."""
    with _LIVE_LOCK:
        _LIVE.pop(requests.token, None)
        if not _LIVE:
            sys.modules.pop(__name__, None)
