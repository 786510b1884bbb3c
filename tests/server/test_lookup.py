"""Signatures, places and source text of live objects."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest
from server.test_tools import info
from server.wire_client import WireClient

from repl_server.inspection.lookup import lookup


def made(source: str) -> dict[str, Any]:
    """A namespace in which this was run."""
    namespace: dict[str, Any] = {"__name__": __name__}
    exec(compile(source, "<made>", "exec", dont_inherit=True), namespace)
    return namespace


class TestSignatures:
    NAMESPACE = made(
        "import functools, typing, collections, enum, dataclasses, datetime\n"
        "def deco(f):\n"
        "    @functools.wraps(f)\n"
        "    def inner(*args, **more): pass\n"
        "    return inner\n"
        "@deco\n"
        "@deco\n"
        "def decorated(a, /, b: 'int | None' = None, *, c: typing.Optional[list[int]]=None): pass\n"
        "def typed(f: typing.Callable[[int], str], l: typing.Literal['a', 1]) -> int | None: pass\n"
        "@functools.lru_cache(maxsize=None)\n"
        "def cached(x): pass\n"
        "class Point(typing.NamedTuple):\n"
        "    x: int\n"
        "    y: int = 2\n"
        "@dataclasses.dataclass\n"
        "class Data:\n"
        "    name: str\n"
        "    items: list[str] = dataclasses.field(default_factory=list)\n"
        "class Bare: pass\n"
        "class New:\n"
        "    def __new__(cls, made): pass\n"
        "class Child(New): pass\n"
        "class Maker(type):\n"
        "    def __call__(cls, metal): pass\n"
        "class Coin(metaclass=Maker):\n"
        "    def __init__(self, never): pass\n"
        "class Power:\n"
        "    def __call__(self, base, exponent=2): pass\n"
        "    @staticmethod\n"
        "    def still(x): pass\n"
        "power = Power()\n"
        "part = functools.partial(decorated, 1, b=4)\n"
        "bound = power.__call__\n"
    )

    @pytest.mark.parametrize(
        ("name", "expected"),
        [
            ("decorated", "(a, /, b: int | None = None, *, c: Optional[list[int]] = None)"),
            ("typed", "(f: Callable[[int], str], l: Literal['a', 1]) -> int | None"),
            ("cached", "(x)"),
            ("Point", "(x: int, y: int = 2)"),
            ("Data", "(name: str, items: list[str] = <_HAS_DEFAULT_FACTORY_CLASS>)"),
            ("Bare", "()"),
            ("New", "(made)"),
            ("Child", "(made)"),
            ("Coin", "(metal)"),
            ("power", "(base, exponent=2)"),
            ("bound", "(base, exponent=2)"),
            ("power.still", "(x)"),
            ("part", "(*, b=4, c: Optional[list[int]] = None)"),
            ("len", "(obj, /)"),
            ("str.join", "(self, iterable, /)"),
            ("dict.fromkeys", "(iterable, value=None, /)"),
            ("sorted", "(iterable, /, *, key=None, reverse=False)"),
            ("datetime.datetime.now", "(tz=None)"),
            ("collections.Counter", "(iterable=None, /, **kwds)"),
            ("int", None),
            ("Exception", None),
        ],
    )
    def test_arguments(self, name: str, expected: str | None) -> None:
        assert lookup(name, self.NAMESPACE).get("arglists-str") == expected


class TestSource:
    def test_of_what_was_evaluated(self, client: WireClient) -> None:
        client.result("class Empty:\n    x = 1\n\n\nclass Full(Empty):\n    def m(self): pass\n")
        client.result("def f():\n    return 1\n\nx = 1")
        for name, line in (("Empty", 1), ("Full", 5), ("f", 1)):
            found = info(client, name)
            assert re.fullmatch(r"<repl-\d+>", found["file"])
            assert (found["line"], found["column"]) == (line, 1)

    def test_text(self, tmp_path: Path) -> None:
        text = "import functools\n\nclass A:\n    x = 1\n\n    @functools.cache\n    def m(self):\n"
        text += "        return 1\n\nB = 1\nlong = 1\ndef f():\n" + "    x = 1\n" * 20_000
        file = tmp_path / "module.py"
        file.write_text(text)
        namespace: dict[str, Any] = {"__name__": "app", "__file__": str(file)}
        exec(compile(text, str(file), "exec"), namespace)
        found = lookup("A.m", namespace, source=True)
        assert found["source"] == "    @functools.cache\n    def m(self):\n        return 1\n"
        assert (found["file"], found["line"], found["column"]) == (str(file), 6, 5)
        found = lookup("A", namespace, source=True)
        assert str(found["source"]).startswith("class A:\n    x = 1\n")
        assert "source-truncated" not in found
        found = lookup("f", namespace, source=True)
        assert len(str(found["source"])) == 65_536
        assert found["source-truncated"] == 1
        assert "source" not in lookup("f", namespace)

    def test_none_of_what_is_no_plain_file(self, tmp_path: Path) -> None:
        fifo = tmp_path / "fifo"
        os.mkfifo(fifo)
        namespace: dict[str, Any] = {"__name__": "app"}
        exec(compile("def f(): pass", str(fifo), "exec"), namespace)
        assert lookup("f", namespace, source=True) == {
            "name": "f",
            "type": "function",
            "arglists-str": "()",
            "ns": "app",
            "file": str(fifo),
            "line": 1,
        }

    def test_none_of_a_file_that_says_something_else_now(self, tmp_path: Path) -> None:
        file = tmp_path / "module.py"
        namespace: dict[str, Any] = {"__name__": "app"}
        exec(compile("def before(): pass", str(file), "exec"), namespace)
        file.write_text("def after(): pass\n")
        assert "source" not in lookup("before", namespace, source=True)

    def test_built_into_python(self) -> None:
        found = lookup("os.path.join", made("import os"))
        assert str(found["file"]).endswith("posixpath.py")


def test_documentation_is_cut_with_a_word() -> None:
    namespace = made("def f(): pass\nf.__doc__ = 'x' * 30_000")
    doc = str(lookup("f", namespace)["doc"])
    assert doc.endswith("x\n… (10000 more characters)")
