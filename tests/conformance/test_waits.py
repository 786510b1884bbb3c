"""Whatever an evaluation waits for, an interrupt ends it, and the session is usable at once."""

from __future__ import annotations

import array
import fcntl
import termios
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from conformance.peers import MODES, Client, Peer
from server.conftest import wait_until
from server.wire_client import gather

ON_A_LOOP = "import asyncio\nbegin()\nawait asyncio.sleep(1000)"
WAITS = {
    "a busy loop": "begin()\nwhile True: pass",
    "a loop that catches errors": (
        "begin()\nwhile True:\n    try: 1/0\n    except Exception: pass"
    ),
    "a sleep": "import time\nbegin()\ntime.sleep(1000)",
    "input": "input()",
    "a lock waited for twice": (
        "import threading\nlock = threading.Lock()\nlock.acquire()\nbegin()\nlock.acquire()"
    ),
    "an await": "import asyncio\nbegin()\nasyncio.run(asyncio.sleep(1000))",
    "an event": "import threading\nbegin()\nthreading.Event().wait()",
    "a queue": "import queue\nbegin()\nqueue.Queue().get()",
    "a socket": "import socket\none, two = socket.socketpair()\nbegin()\none.recv(1)",
    "a process": "import subprocess\nbegin()\nsubprocess.run(['sleep', '1000'])",
}
"""Code that waits for ever. `begin()` says in which thread, as the last thing before."""

ENDS_WITH_THE_CALL = {"a lock waited for twice", "an await", "an event", "a process"} | {
    *("a queue", "a socket"),
}
"""Waits in C that only the main thread is woken from: in other threads they are left behind."""

BEGIN = (
    "def begin():\n    import threading\n"
    "    print('begun', threading.get_native_id(), flush=True)\n"
)
pytestmark = pytest.mark.modes(*MODES)


def wait_until_it_waits(peer: Peer, thread: int) -> None:
    """Return when the thread has been asleep for a while, without having been scheduled."""
    status = Path(f"/proc/{peer.process.pid}/task/{thread}/status")
    same, last = 0, ""
    pause = threading.Event()
    while same < 10:
        now = status.read_text()
        switches = now[now.index("voluntary_ctxt_switches") :]
        same = same + 1 if switches == last and "\nState:\tS" in now else 0
        last = switches
        pause.wait(0.002)


def code_that_waits(peer: Peer, what: str) -> str:
    return ON_A_LOOP if (what, peer.kind) == ("an await", "asyncio") else WAITS[what]


@pytest.mark.parametrize("what", WAITS)
def test_it_ends(connect: Callable[[], Client], peer: Peer, what: str) -> None:
    client, other = connect(), connect()
    client.result(BEGIN)
    ident = client.eval(code_that_waits(peer, what))
    if what == "input":
        assert client.next(ident)["status"] == ["need-input"]
    else:
        thread = int(client.until(ident, "out", "\n").split()[1])
        if "loop" not in what and (what, peer.kind) != ("an await", "asyncio"):
            wait_until_it_waits(peer, thread)

    asked = client.send({"op": "interrupt", "interrupt-id": ident})
    result = gather(client.replies(ident))
    left_behind = peer.kind == "threads" and what in ENDS_WITH_THE_CALL
    extra = {"repl-server/abandoned"} if left_behind else set()
    assert result["status"] == {"done", "interrupted"} | extra
    assert ("can't be interrupted" in result["err"]) is left_behind
    assert client.replies(asked)[0]["status"] == ["done"]

    assert client.value_and_output("print('mine'); 7") == ("7", "mine\n")
    assert other.value("7") == "7"


@pytest.mark.parametrize("what", ["a busy loop", "a sleep", "a lock waited for twice"])
def test_again_and_again_in_one_session(client: Client, peer: Peer, what: str) -> None:
    client.result(BEGIN)
    for number in range(5):
        ident = client.eval(code_that_waits(peer, what))
        client.until(ident, "out", "\n")
        client.send({"op": "interrupt"})
        assert "interrupted" in gather(client.replies(ident))["status"]
        assert client.value(str(number)) == str(number)


def unread(client: Client) -> int:
    """How many bytes have arrived that the client has not read."""
    size = array.array("i", [0])
    fcntl.ioctl(client.socket, termios.FIONREAD, size)
    return size[0]


def test_it_ends_what_prints_to_a_client_that_does_not_read(
    connect: Callable[[], Client],
) -> None:
    slow, other = connect(), connect()
    ident = slow.eval("for i in range(10**9): print(i)")
    wait_until(lambda: unread(slow) > 100_000)
    asked = other.send({"op": "interrupt", "session": slow.session, "interrupt-id": ident})
    assert other.replies(asked)[0]["status"] == ["done"]
    result = gather(slow.replies(ident))
    assert result["status"] == {"done", "interrupted"}
    assert result["out"].startswith("0\n1\n2\n")
    assert slow.value("7") == "7"
    assert other.value("7") == "7"
