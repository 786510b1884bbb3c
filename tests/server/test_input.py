"""`input()` and `sys.stdin` of an evaluation ask the client."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from server.wire_client import WireClient, gather

from repl_server.evaluation.standard_input import MOST


def need_input(client: WireClient, ident: str) -> None:
    while "need-input" not in client.next(ident).get("status", ()):
        pass


def stdin(client: WireClient, text: str) -> None:
    assert client.ask({"op": "stdin", "stdin": text})[0]["status"] == ["done"]


def test_input(client: WireClient) -> None:
    ident = client.eval("input('name? ')")
    first = client.next(ident)
    assert first["out"] == "name? "
    need_input(client, ident)
    stdin(client, "Ann\n")
    assert gather(client.replies(ident))["values"] == ["'Ann'"]


def test_what_was_printed_is_seen_before(client: WireClient) -> None:
    ident = client.eval("import sys\nprint('line?', end='')\nsys.stdin.readline()")
    assert client.next(ident)["out"] == "line?"
    assert client.next(ident)["status"] == ["need-input"]
    stdin(client, "x\n")
    assert gather(client.replies(ident))["values"] == [r"'x\n'"]


def test_sent_ahead(client: WireClient) -> None:
    stdin(client, "one\ntwo\nthr")
    assert client.value("input(), input()") == "('one', 'two')"
    ident = client.eval("input()")
    need_input(client, ident)
    stdin(client, "ee\n")
    assert gather(client.replies(ident))["values"] == ["'three'"]


def test_end_of_input(client: WireClient) -> None:
    ident = client.eval("input()")
    need_input(client, ident)
    stdin(client, "")
    result = gather(client.replies(ident))
    assert result["ex"] == "EOFError"
    ident = client.eval("input()")
    need_input(client, ident)
    stdin(client, "again\n")
    assert gather(client.replies(ident))["values"] == ["'again'"]


def test_reading_all(client: WireClient) -> None:
    for text in ("a\nb\n", "c", ""):
        stdin(client, text)
    assert client.value("import sys\nsys.stdin.read()") == r"'a\nb\nc'"


def test_reading_lines_and_characters(client: WireClient) -> None:
    for text in ("abc\nd\n", "e", ""):
        stdin(client, text)
    code = "import sys\nsys.stdin.read(2), sys.stdin.readline(), list(sys.stdin)"
    assert client.value(code) == r"('ab', 'c\n', ['d\n', 'e'])"


def test_interrupt_while_it_waits(client: WireClient) -> None:
    for code in ("input()", "import sys; sys.stdin.read()"):
        ident = client.eval(code)
        need_input(client, ident)
        asked = client.send({"op": "interrupt"})
        assert gather(client.replies(ident))["status"] == {"done", "interrupted"}
        assert client.replies(asked)[0]["status"] == ["done"]
    assert client.value("1") == "1"


def test_too_much_input(client: WireClient) -> None:
    stdin(client, "x" * MOST)
    assert "input-full" in client.ask({"op": "stdin", "stdin": "y"})[0]["status"]
    assert client.value(f"import sys; len(sys.stdin.read({MOST}))") == str(MOST)
    stdin(client, "y")


def test_a_thread_reads(client: WireClient) -> None:
    code = (
        "import threading\n"
        "t = threading.Thread(target=lambda: print('got', input()))\n"
        "t.start(); t.join()"
    )
    ident = client.eval(code)
    need_input(client, ident)
    stdin(client, "it\n")
    assert gather(client.replies(ident))["out"] == "got it\n"


@pytest.mark.modes("threads")
def test_each_session_reads_its_own(connect: Callable[[], WireClient]) -> None:
    clients: list[Any] = [connect(), connect()]
    ids = [client.eval("input()") for client in clients]
    for client, ident in zip(clients, ids, strict=True):
        need_input(client, ident)
    for number, client in enumerate(clients):
        stdin(client, f"{number}\n")
    values = [gather(c.replies(i))["values"] for c, i in zip(clients, ids, strict=True)]
    assert values == [["'0'"], ["'1'"]]


def test_a_password_is_asked_for_as_a_secret_and_other_input_is_not(client: WireClient) -> None:
    for code, secret in (("import getpass; getpass.getpass()", True), ("input()", False)):
        ident = client.eval(code)
        while "need-input" not in (reply := client.next(ident)).get("status", ()):
            pass
        assert ("repl-server/secret" in reply) == secret
        stdin(client, "hunter2\n")
        assert gather(client.replies(ident))["values"] == ["'hunter2'"]
