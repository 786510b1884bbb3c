"""Every way an evaluation can fail ends in a clear answer, and the program goes on."""

from __future__ import annotations

from typing import Any

import pytest
from server.wire_client import WireClient, gather

ODD = """
class Mute(Exception):
    def __str__(self): raise ValueError("no text")
    __repr__ = __str__
class Base(BaseException): pass
class Broken:
    def __repr__(self): raise LookupError("no repr")
class Loud:
    def __repr__(self):
        print("printing")
        return "Loud()"
class Exits:
    def __repr__(self): raise SystemExit
class Odd(Exception):
    __module__ = 5
def forever(): return forever()
"""


@pytest.fixture
def odd(client: WireClient) -> WireClient:
    assert client.result(ODD)["status"] == {"done"}
    return client


@pytest.mark.parametrize(
    ("code", "ex"),
    [
        ("1/0", "ZeroDivisionError"),
        ("raise Mute", "app.Mute"),
        ("raise Base('x')", "app.Base"),
        ("Broken()", "LookupError"),
        ("Exits()", "SystemExit"),
        ("raise Odd", "Odd"),
        ("forever()", "RecursionError"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("raise GeneratorExit", "GeneratorExit"),
        ("raise StopIteration(3)", "StopIteration"),
        ("import json; json.loads('{')", "json.decoder.JSONDecodeError"),
        ("'\0'", "SyntaxError|ValueError"),
        ("'\udce9'", ""),
        ("(" * 500 + ")" * 500, "SyntaxError|MemoryError|RecursionError"),
        ("'x' * 10**15", "MemoryError"),
        ("exit()", "SystemExit"),
        ("quit(3)", "SystemExit"),
        ("raise ExceptionGroup('g', [ValueError(1)])", "ExceptionGroup"),
        ("raise UnicodeDecodeError('utf-8', b'a', 0, 1, '\\ud800')", "UnicodeDecodeError"),
    ],
)
def test_error(odd: WireClient, code: str, ex: str) -> None:
    result = odd.result(code)
    if ex:
        assert result["ex"] in ex.split("|")
        assert result["root-ex"] == result["ex"]
        assert result["status"] == {"done", "eval-error"}
        assert result["err"]
        assert "repl_server" not in result["err"]
    assert odd.value("1+1") == "2"


def test_message_and_frames(odd: WireClient) -> None:
    odd.result("def f():\n    raise ValueError('bad value')")
    result = odd.result("f()")
    assert result["repl-server/message"] == "bad value"
    assert [frame["name"] for frame in result["repl-server/frames"]] == ["<module>", "f"]


def test_exit_says_that_the_program_goes_on(client: WireClient) -> None:
    result = client.result("exit()")
    assert "program goes on" in result["err"]
    assert client.value("1") == "1"


def test_quit_does_not_close_the_input(client: WireClient) -> None:
    client.result("quit()")
    ident = client.eval("input()")
    client.ask({"op": "stdin", "stdin": "yes\n"})
    assert client.replies(ident)[-2]["value"] == "'yes'"


def test_a_repr_that_prints(odd: WireClient) -> None:
    result = odd.result("Loud()")
    assert result["out"] == "printing\n"
    assert result["values"] == ["Loud()"]


def test_the_cause_is_shown(client: WireClient) -> None:
    result = client.result("try:\n    1/0\nexcept Exception as e:\n    raise KeyError(2) from e")
    assert "ZeroDivisionError" in result["err"]
    assert "direct cause" in result["err"]
    assert "repl_server" not in result["err"]


def test_very_many_frames_are_bounded(odd: WireClient) -> None:
    assert len(odd.result("forever()")["repl-server/frames"]) <= 100


def test_the_source_of_a_file_that_is_not_there(
    client: WireClient, namespace: dict[str, Any]
) -> None:
    """A buffer that was never saved; the program's own script has other text in that line."""
    namespace.update(__name__="__main__", __file__=__file__, __loader__=globals()["__loader__"])
    code = "def fails():\n    return 1 / 0  # mine\n"
    client.result(code, file="/nowhere/unsaved.py", line=3)
    assert "return 1 / 0  # mine" in client.result("fails()")["err"]
    error = client.result("one_more()  # mine", file="/nowhere/unsaved.py", line=3)
    assert "one_more()  # mine" in error["err"]
    loaded = client.replies(
        client.send({"op": "load-file", "file": "0\n1/0  # mine\n", "file-path": "/nowhere/b.py"})
    )
    assert "1/0  # mine" in gather(loaded)["err"]
