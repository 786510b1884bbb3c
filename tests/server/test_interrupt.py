"""An interrupt ends the evaluation it is meant for, and no other."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from server.conftest import server_threads, wait_until
from server.running import Running
from server.wire_client import WireClient, gather


@pytest.fixture
def begun(namespace: dict[str, Any]) -> threading.Event:
    begun: threading.Event = threading.Event()
    namespace["begun"] = begun
    return begun


LOOPS = {
    "busy": "while True: pass",
    "printing": "while True: print('x' * 50)",
    "sleeping in small pieces": "import time\nwhile True: time.sleep(0.001)",
    "polling a lock": "import threading\nwhile not threading.Event().wait(0.01): pass",
    "in a function": "def f():\n    while True: sum(range(100))\nf()",
    "in a comprehension": "[0 for _ in iter(int, 1)]",
    "in a repr": "class R:\n    def __repr__(self):\n        while True: pass\nR()",
    "in an error's text": (
        "class E(Exception):\n    def __str__(self):\n        while True: pass\nraise E"
    ),
}


@pytest.mark.parametrize("code", LOOPS.values(), ids=LOOPS)
def test_interrupt(client: WireClient, begun: threading.Event, code: str) -> None:
    ident = client.eval("begun.set()\n" + code)
    assert begun.wait(20)
    asked = client.send({"op": "interrupt", "interrupt-id": ident})
    assert gather(client.replies(ident))["status"] == {"done", "interrupted"}
    assert client.replies(asked)[0]["status"] == ["done"]
    assert client.value("1+1") == "2"


def test_the_code_may_clean_up(client: WireClient, begun: threading.Event) -> None:
    code = "try:\n    begun.set()\n    while True: pass\nfinally:\n    print('cleaning up')"
    ident = client.eval(code)
    assert begun.wait(20)
    client.send({"op": "interrupt"})
    result = gather(client.replies(ident))
    assert result["out"] == "cleaning up\n"
    assert result["status"] == {"done", "interrupted"}


def test_the_code_may_catch_it(client: WireClient, begun: threading.Event) -> None:
    code = (
        "try:\n    begun.set()\n    while True: pass\n"
        "except KeyboardInterrupt as e:\n    caught = type(e).__name__\n"
        "for i in range(1000): print(end='.', flush=True)\ncaught"
    )
    ident = client.eval(code)
    assert begun.wait(20)
    asked = client.send({"op": "interrupt"})
    result = gather(client.replies(ident))
    assert result["values"] == ["'KeyboardInterrupt'"]
    assert result["status"] == {"done"}
    assert client.replies(asked)[0]["status"] == ["done"]


def test_a_second_one_when_the_first_was_caught(
    client: WireClient, begun: threading.Event, namespace: dict[str, Any]
) -> None:
    namespace["again"] = again = threading.Event()
    code = (
        "try:\n    begun.set()\n    while True: pass\nexcept KeyboardInterrupt:\n    again.set()\n"
        "while True: pass"
    )
    ident = client.eval(code)
    assert begun.wait(20)
    client.send({"op": "interrupt"})
    assert again.wait(20)
    client.send({"op": "interrupt"})
    assert gather(client.replies(ident))["status"] == {"done", "interrupted"}


@pytest.mark.modes("cooperative", "asyncio")
def test_what_cannot_be_interrupted_is_said(
    client: WireClient, begun: threading.Event, namespace: dict[str, Any]
) -> None:
    lock = namespace["lock"] = threading.Lock()
    lock.acquire()
    ident = client.eval("begun.set(); lock.acquire()\nprint('went on')")
    assert begun.wait(20)
    asked = client.send({"op": "interrupt"})
    reply = client.replies(asked)[0]
    assert "repl-server/not-interruptible" in reply["status"]
    assert "can't be interrupted" in reply["err"]
    lock.release()
    result = gather(client.replies(ident))
    assert result["status"] == {"done", "interrupted"}
    assert result["out"] == ""


@pytest.mark.modes("threads")
def test_the_session_goes_on_without_what_cannot_be_interrupted(
    client: WireClient, begun: threading.Event, namespace: dict[str, Any]
) -> None:
    lock = namespace["lock"] = threading.Lock()
    lock.acquire()
    client.value("'kept'")
    ident = client.eval("begun.set(); lock.acquire()\nprint('went on')")
    waiting = client.eval("_")
    assert begun.wait(20)
    asked = client.send({"op": "interrupt"})
    result = gather(client.replies(ident))
    assert result["status"] == {"done", "interrupted", "repl-server/abandoned"}
    assert "can't be interrupted" in result["err"]
    assert client.replies(asked)[0]["status"] == ["done"]
    assert gather(client.replies(waiting))["values"] == ["'kept'"]
    assert len(server_threads("session")) == 2
    lock.release()
    wait_until(lambda: len(server_threads("session")) == 1)
    assert client.value_and_output("print('mine'); 1") == ("1", "mine\n")


@pytest.mark.modes("threads")
def test_the_end_of_what_was_left_behind_takes_no_values_from_its_session(
    client: WireClient, begun: threading.Event, namespace: dict[str, Any]
) -> None:
    lock = namespace["lock"] = threading.Lock()
    lock.acquire()
    ident = client.eval("begun.set(); lock.acquire()")
    assert begun.wait(20)
    client.send({"op": "interrupt"})
    assert "repl-server/abandoned" in gather(client.replies(ident))["status"]
    client.value("'kept'")
    lock.release()
    wait_until(lambda: len(server_threads("session")) == 1)
    assert client.value("_") == "'kept'"


def test_idle(client: WireClient) -> None:
    reply = client.ask({"op": "interrupt"})[0]
    assert set(reply["status"]) == {"done", "session-idle"}
    client.value("1")
    assert client.value("2") == "2"


def test_another_id(client: WireClient, begun: threading.Event) -> None:
    ident = client.eval("begun.set()\nwhile True: pass")
    assert begun.wait(20)
    reply = client.ask({"op": "interrupt", "interrupt-id": "other"})[0]
    assert "interrupt-id-mismatch" in reply["status"]
    client.send({"op": "interrupt", "interrupt-id": ident})
    assert "interrupted" in gather(client.replies(ident))["status"]


def test_one_that_waits_in_the_queue(client: WireClient, begun: threading.Event) -> None:
    running = client.eval("begun.set()\nwhile True: pass")
    waiting = client.eval("ran = 1")
    assert begun.wait(20)
    asked = client.send({"op": "interrupt", "interrupt-id": waiting})
    assert gather(client.replies(waiting))["status"] == {"done", "interrupted"}
    assert client.replies(asked)[0]["status"] == ["done"]
    client.send({"op": "interrupt"})
    assert "interrupted" in gather(client.replies(running))["status"]
    assert client.result("ran")["ex"] == "NameError"


def test_by_another_client(connect: Callable[[], WireClient], begun: threading.Event) -> None:
    one, two = connect(), connect()
    ident = one.eval("begun.set()\nwhile True: pass")
    assert begun.wait(20)
    assert two.ask({"op": "interrupt", "session": one.session})[0]["status"] == ["done"]
    assert "interrupted" in gather(one.replies(ident))["status"]


def test_it_never_hits_the_next_evaluation(client: WireClient) -> None:
    """One that comes when an evaluation ends: that is interrupted or is not, and nothing else."""
    ends: set[str] = set()
    for number in range(300):
        loops = number * 7 % 200
        ident = client.eval(f"for i in range({loops}): pass\n'first'")
        asked = client.send({"op": "interrupt", "interrupt-id": ident})
        second = client.eval("print('second', end='')\n'second'")
        first = gather(client.replies(ident))
        assert client.replies(asked)[0]["status"][0] == "done"
        assert first["values"] == ([] if "interrupted" in first["status"] else ["'first'"])
        assert "ex" not in first
        assert gather(client.replies(second)) == {
            "id": second,
            "session": client.session,
            "ns": "app",
            "out": "second",
            "err": "",
            "values": ["'second'"],
            "status": {"done"},
        }
        ends.add("interrupted" if "interrupted" in first["status"] else "done")
    assert ends


def test_an_evaluation_of_a_client_that_vanishes(
    connect: Callable[[], WireClient], begun: threading.Event
) -> None:
    for code in ("while True: pass", "input()", "while True: print('x' * 1000)"):
        client = connect()
        client.eval("begun.set()\n" + code)
        assert begun.wait(20)
        begun.clear()
        client.close()
        wait_until(lambda: not server_threads("session"))
        wait_until(lambda: not server_threads("client"))


@pytest.mark.modes("cooperative", "asyncio")
def test_an_interrupt_that_python_drops_is_repeated(tmp_path: Path, mode: str) -> None:
    """Python ignores what is raised while it closes a file that nobody holds any more."""
    code = (
        "import os\n"
        "_, end = os.pipe()\n"
        "file = open(end, 'wb')\n"
        "os.set_blocking(end, False)\n"
        "try:\n"
        "    while True: os.write(end, b'x' * 65536)\n"
        "except BlockingIOError:\n"
        "    os.set_blocking(end, True)\n"
        "file.write(b'x')\n"
        "print('begun', flush=True)\n"
        "del file  # waits: nobody reads\n"
        "while True: pass"
    )
    with Running(mode, tmp_path / "s") as program, WireClient(program.address) as client:
        client.clone()
        ident = client.eval(code)
        client.until(ident, "out", "begun")
        client.send({"op": "interrupt", "interrupt-id": ident})
        assert gather(client.replies(ident))["status"] == {"done", "interrupted"}
        program.goes_on(client)
