"""What an evaluation prints goes to its client, and nothing else does."""

from __future__ import annotations

import io
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest
from server.wire_client import WireClient, gather


def test_output_comes_before_the_value(client: WireClient) -> None:
    replies = client.replies(client.eval("print('a'); print('b', end='')\n3"))
    assert [key for reply in replies for key in ("out", "value") if key in reply] == [
        "out",
        "value",
    ]
    assert gather(replies)["out"] == "a\nb"


def test_errors_keep_their_place(client: WireClient) -> None:
    code = "import sys\nprint('1')\nprint('2', file=sys.stderr)\nprint('3')\n1/0"
    replies = client.replies(client.eval(code))
    texts = [(key, reply[key]) for reply in replies for key in ("out", "err") if key in reply]
    assert ("err", "2\n") in texts
    assert texts[0][0] == "out"
    assert "ZeroDivisionError" in texts[-1][1]


def test_output_without_a_line_end_is_seen_live(
    client: WireClient, namespace: dict[str, Any]
) -> None:
    namespace["go"] = threading.Event()
    ident = client.eval("print('working', end=''); go.wait(); print('!')")
    assert client.until(ident, "out", "working") == "working"
    namespace["go"].set()
    assert gather(client.replies(ident))["out"] == "!\n"


def test_the_programs_output_is_its_own(
    client: WireClient, capsys: pytest.CaptureFixture[str], namespace: dict[str, Any]
) -> None:
    asked, answered = threading.Event(), threading.Event()
    namespace.update(asked=asked, answered=answered)

    def program() -> None:
        asked.wait()
        print("the program's")
        answered.set()

    thread = threading.Thread(target=program)
    thread.start()
    result = client.result("print('mine'); asked.set(); answered.wait(); print('again')")
    thread.join()
    assert result["out"] == "mine\nagain\n"
    print("after")
    assert capsys.readouterr().out == "the program's\nafter\n"


def test_two_clients_print_at_once(connect: Callable[[], WireClient]) -> None:
    one, two = connect(), connect()
    code = "for i in range(2000): print({0!r} * 20)"
    ids = one.eval(code.format("a")), two.eval(code.format("b"))
    assert gather(one.replies(ids[0]))["out"] == ("a" * 20 + "\n") * 2000
    assert gather(two.replies(ids[1]))["out"] == ("b" * 20 + "\n") * 2000


def test_much_output(client: WireClient) -> None:
    result = client.result("for i in range(100000): print(i)\n'end'")
    assert result["out"] == "".join(f"{i}\n" for i in range(100000))
    assert result["values"] == ["'end'"]


def test_one_large_text(client: WireClient) -> None:
    assert client.result("print('x' * 5_000_000)")["out"] == "x" * 5_000_000 + "\n"


def test_print_survives_another_standard_output(
    client: WireClient, namespace: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`print` does not hold the file it prints to: one that is replaced must not be freed."""
    namespace["go_on"] = True
    ident = client.eval("while go_on: print('x' * 100)")
    client.until(ident, "out", "x")
    for _ in range(2000):
        monkeypatch.setattr(sys, "stdout", io.StringIO())
    namespace["go_on"] = False
    assert "done" in gather(client.replies(ident))["status"]


class TestThreads:
    def test_a_thread_prints_to_the_client_that_started_it(self, client: WireClient) -> None:
        code = "import threading\nt = threading.Thread(target=print, args=('child',))\n"
        assert client.result(code + "t.start(); t.join()")["out"] == "child\n"

    def test_a_threads_thread_too(self, client: WireClient) -> None:
        code = (
            "import threading\n"
            "def outer():\n"
            "    t = threading.Thread(target=print, args=('inner',)); t.start(); t.join()\n"
            "    print('outer')\n"
            "t = threading.Thread(target=outer); t.start(); t.join()"
        )
        assert set(client.result(code)["out"].splitlines()) == {"inner", "outer"}

    def test_output_after_done_keeps_the_id(
        self, client: WireClient, namespace: dict[str, Any]
    ) -> None:
        namespace["go"] = threading.Event()
        code = (
            "import threading\n"
            "def later():\n    go.wait()\n    print('late')\n"
            "t = threading.Thread(target=later); t.start()"
        )
        ident = client.eval(code)
        assert gather(client.replies(ident))["status"] == {"done"}
        assert client.result("print('other')")["out"] == "other\n"
        namespace["go"].set()
        assert client.next(ident)["out"] == "late\n"

    def test_an_error_in_a_thread(
        self, client: WireClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(threading, "excepthook", threading.__excepthook__)
        code = "import threading\nt = threading.Thread(target=lambda: 1/0)\nt.start(); t.join()"
        assert "ZeroDivisionError" in client.result(code)["err"]

    def test_it_is_quiet_when_the_client_has_gone(
        self, connect: Callable[[], WireClient], namespace: dict[str, Any]
    ) -> None:
        go = namespace["go"] = threading.Event()
        client = connect()
        client.result(
            "import threading\n"
            "def later():\n    go.wait()\n    print('late' * 1000000)\n"
            "t = threading.Thread(target=later); t.start()"
        )
        client.close()
        other = connect()
        go.set()
        assert other.result("t.join()")["status"] == {"done"}


class TestFiles:
    def test_lone_surrogates(self, client: WireClient) -> None:
        replies = client.replies(client.eval(r"print('\udce9 \ud800')" + "\n'ok'"))
        assert gather(replies)["values"] == ["'ok'"]
        assert client.result(r"'\ud800'")["status"] == {"done"}

    def test_bytes(self, client: WireClient) -> None:
        code = "import sys\nsys.stdout.buffer.write('é'.encode()); sys.stdout.flush()"
        assert client.result(code)["out"] == "é"

    def test_no_text(self, client: WireClient) -> None:
        assert client.result("import sys\nsys.stdout.write(5)")["ex"] == "TypeError"

    def test_attributes(self, client: WireClient) -> None:
        code = (
            "import sys\n"
            "(sys.stdout.encoding, sys.stdout.isatty(), sys.stdout.writable(),"
            " sys.stdout.write('x'), sys.stdin.readable())"
        )
        assert client.value_and_output(code) == ("('utf-8', False, True, 1, True)", "x")
        assert client.result("sys.stdout.fileno()")["ex"] == "io.UnsupportedOperation"

    def test_closing_it_changes_nothing(self, client: WireClient) -> None:
        client.result("import sys\nsys.stdout.close(); sys.stderr.close(); sys.stdin.close()")
        assert client.result("print('still')")["out"] == "still\n"

    def test_redirecting_works(self, client: WireClient) -> None:
        code = (
            "import contextlib, io\n"
            "with contextlib.redirect_stdout(io.StringIO()) as f: print('caught')\n"
            "print('free')\nf.getvalue()"
        )
        assert client.value_and_output(code) == ("'caught\\n'", "free\n")

    def test_a_program_that_replaces_stdout(
        self, client: WireClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        own = io.StringIO()
        monkeypatch.setattr(sys, "stdout", own)
        assert client.result("print('to the client')")["out"] == "to the client\n"
        print("to the program")
        assert own.getvalue() == "to the program\n"
