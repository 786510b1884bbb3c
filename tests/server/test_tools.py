"""Completion and lookup: from the live program, and without running any of it."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from server.wire_client import WireClient, gather

from repl_server.inspection.complete import MOST

PROGRAM = '''
import os, math
ran = []
class Ship:
    """A ship.

    It sails.
    """
    __slots__ = ("mass",)
    wheels = 0
    def __init__(self, mass=1): self.mass = [mass]
    @property
    def speed(self):
        """How fast it is."""
        ran.append("speed")
        return "fast"
    @classmethod
    def build(cls): pass
    def sail(self, to, *, knots=5): pass
class Magic:
    def __getattr__(self, name): ran.append(name); raise AttributeError(name)
    def __dir__(self): ran.append("dir"); return ["conjured"]
    @property
    def __class__(self): ran.append("class"); return int
    @property
    def __dict__(self): ran.append("dict"); return {}
    @property
    def __signature__(self): ran.append("signature")
    @property
    def __doc__(self): ran.append("doc"); return "x"
    def __call__(self, spell): pass
class Shy:
    def __repr__(self): ran.append("repr"); return "Shy()"
ship = Ship()
magic = Magic()
def steer(ship: Ship, angle: float = 0.5, *rest, shy=Shy()) -> "Ship":
    """Turn it."""
'''


@pytest.fixture(autouse=True)
def time_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers must not differ on a busy machine."""
    monkeypatch.setattr("repl_server.inspection.complete._SECONDS", 60.0)


@pytest.fixture
def program(client: WireClient) -> WireClient:
    assert client.result(PROGRAM, file="/game.py", line=1)["status"] == {"done"}
    return client


def completions(client: WireClient, prefix: str, **more: Any) -> dict[str, str]:
    reply = client.ask({"op": "completions", "prefix": prefix, **more})[0]
    assert reply["status"] == ["done"]
    return {found["candidate"]: found["type"] for found in reply["completions"]}


def info(client: WireClient, name: str, **more: Any) -> dict[str, Any]:
    reply = client.ask({"op": "lookup", "sym": name, **more})[0]
    assert reply["status"] == ["done"]
    found: dict[str, Any] = reply["info"]
    return found


class TestCompletions:
    @pytest.mark.parametrize(
        ("prefix", "candidate", "kind"),
        [
            ("stee", "steer", "function"),
            ("Shi", "Ship", "class"),
            ("ship", "ship", "variable"),
            ("mat", "math", "module"),
            ("prin", "print", "function"),
            ("whi", "while", "keyword"),
            ("ValueE", "ValueError", "class"),
            ("ship.sp", "ship.speed", "property"),
            ("ship.sa", "ship.sail", "method"),
            ("ship.mass.app", "ship.mass.append", "method"),
            ("Ship.bu", "Ship.build", "method"),
            ("os.path.joi", "os.path.join", "function"),
            ("steer(ship.wh", "ship.wheels", "variable"),
            ("x = [math.p", "math.pi", "variable"),
            ("import js", "json", "module"),
            ("import os.pa", "os.path", "module"),
            ("import os, js", "json", "module"),
            ("import xml.do", "xml.dom", "module"),
            ("from xml.do", "xml.dom", "module"),
            ("from os import getc", "getcwd", "function"),
            ("from xml import do", "dom", "module"),
        ],
    )
    def test_candidate(self, program: WireClient, prefix: str, candidate: str, kind: str) -> None:
        found = completions(program, prefix)
        assert found[candidate] == kind
        assert all(name.startswith(candidate[:2]) for name in found)

    def test_underscores_when_asked_for(self, program: WireClient) -> None:
        assert not any(name.startswith("ship._") for name in completions(program, "ship."))
        assert "ship.__init__" in completions(program, "ship.__in")

    @pytest.mark.parametrize("prefix", ["ship.speed.", "f().", "'text'.", "nobody.x", "1.", "]."])
    def test_what_is_not_known(self, program: WireClient, prefix: str) -> None:
        assert completions(program, prefix) == {}

    def test_nothing_of_the_program_runs(self, program: WireClient) -> None:
        for prefix in ("magic.", "magic.x", "ship.speed.x", "magic.__class__.", "magic.__dict__."):
            completions(program, prefix)
        for name in ("magic", "magic.x", "ship.speed", "magic.__doc__", "steer", "Magic", "ship"):
            info(program, name)
        assert program.value("ran") == "[]"

    def test_bounded(self, client: WireClient, namespace: dict[str, Any]) -> None:
        namespace.update({f"name_{n}": n for n in range(5000)})
        assert len(completions(client, "name_")) == MOST

    def test_namespaces(self, program: WireClient) -> None:
        assert "getcwd" in completions(program, "getc", ns="os")
        assert "steer" not in completions(program, "stee", ns="os")
        assert "steer" in completions(program, "stee", ns="")
        assert completions(program, "stee", ns="no.such") == {}

    def test_while_an_evaluation_runs(self, program: WireClient, namespace: dict[str, Any]) -> None:
        namespace["go"] = threading.Event()
        ident = program.eval("go.wait()")
        assert "ship" in completions(program, "shi")
        assert info(program, "steer")
        namespace["go"].set()
        assert gather(program.replies(ident))["values"] == ["True"]

    def test_odd_names_in_the_namespace(
        self, client: WireClient, namespace: dict[Any, Any]
    ) -> None:
        namespace.update({"not a name": 1, 5: 2, "fine": 3})
        assert completions(client, "fin") == {"fine": "variable", "finally": "keyword"}
        del namespace[5]


class TestLookup:
    def test_function(self, program: WireClient) -> None:
        assert info(program, "steer") == {
            "name": "steer",
            "ns": "app",
            "type": "function",
            "arglists-str": "(ship: app.Ship, angle: float = 0.5, *rest, shy=<Shy>) -> Ship",
            "doc": "Turn it.",
            "file": "/game.py",
            "line": PROGRAM.splitlines().index('    """Turn it."""'),
            "column": 1,
        }

    def test_class(self, program: WireClient) -> None:
        found = info(program, "Ship")
        assert found["type"] == "class"
        assert found["arglists-str"] == "(mass=1)"
        assert found["doc"] == "A ship.\n\nIt sails."
        assert found["file"] == "/game.py"

    def test_class_in_a_file(self, client: WireClient) -> None:
        client.result("import threading")
        found = info(client, "threading.Thread")
        lines = Path(found["file"]).read_text().splitlines()
        assert lines[found["line"] - 1].startswith("class Thread")

    def test_method_and_property(self, program: WireClient) -> None:
        found = info(program, "ship.sail")
        assert found["type"] == "method"
        assert "knots=5" in found["arglists-str"]
        found = info(program, "ship.speed")
        assert found["type"] == "property"
        assert found["doc"] == "How fast it is."

    def test_module(self, program: WireClient) -> None:
        found = info(program, "os")
        assert found["type"] == "module"
        assert found["line"] == 1
        assert found["file"].endswith("os.py")

    def test_builtin(self, client: WireClient) -> None:
        found = info(client, "len")
        assert found["type"] == "function"
        assert found["arglists-str"] == "(obj, /)"
        assert "Return the number" in found["doc"]

    @pytest.mark.parametrize("name", ["nobody", "ship.nothing", "", "1 +", "ship..x", "f(1)"])
    def test_unknown(self, program: WireClient, name: str) -> None:
        assert info(program, name) == {}
