"""Completion by the text before the cursor, over live objects that must not notice."""

from __future__ import annotations

import sys
import threading
import types
from typing import Any, cast

import pytest
from server.test_tools import PROGRAM

from repl_server.inspection.complete import MOST, complete
from repl_server.inspection.lookup import lookup
from repl_server.inspection.prefix import word_before

HOSTILE = """
import functools, typing
ran = []
class Key:
    def __init__(self, name): self.name = name
    def __hash__(self): ran.append("hash"); return hash(self.name)
    def __eq__(self, other): ran.append("eq"); return False
    def __repr__(self): ran.append("repr"); return "Key"
class Text(str):
    def startswith(self, *given): ran.append("startswith"); return True
    def __hash__(self): ran.append("text hash"); return str.__hash__(self)
    def __eq__(self, other): ran.append("text eq"); return str.__eq__(self, other)
class Table(dict):
    def __getitem__(self, key): ran.append("getitem"); return 1
    def __iter__(self): ran.append("iter"); return iter(())
    def items(self): ran.append("items"); return ()
    def __missing__(self, key): ran.append("missing"); return 1
class Meta(type):
    def __getattribute__(cls, name): ran.append("meta"); return type.__getattribute__(cls, name)
    @property
    def __doc__(cls): ran.append("meta doc")
class Strange(metaclass=Meta):
    def __init__(self, weight: typing.Annotated[int, Key("a")] = Key("default")): pass
class Callable:
    def __getattr__(self, name): ran.append(name); raise AttributeError(name)
    def __call__(self, spell): pass
table = Table({Key("alpha"): 1, 5: 2, Key(5): 3, Text("also"): 4, "alpha": {"deep": Strange}})
table["alpha"]
strange = Strange
callable_ = Callable()
held = functools.partial(strange, weight=Key("k"))
def plain(): pass
plain.__wrapped__ = callable_
plain.__signature__ = callable_
ran.clear()
"""


@pytest.fixture(autouse=True)
def time_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers must not differ on a busy machine."""
    monkeypatch.setattr("repl_server.inspection.complete._SECONDS", 60.0)


def made(source: str) -> dict[str, Any]:
    """A namespace in which this was run."""
    namespace: dict[str, Any] = {"__name__": "app"}
    exec(compile(source, "<made>", "exec", dont_inherit=True), namespace)
    return namespace


def candidates(prefix: str, namespace: dict[str, Any]) -> list[str]:
    return [str(found["candidate"]) for found in complete(prefix, namespace)]


class TestKeys:
    @pytest.mark.parametrize(
        ("prefix", "expected"),
        [
            ('d["al', ['d["alpha"]', 'd["al\'b\\"c\\\\"]']),
            ("d['al", ["d['alpha']", "d['al\\'b\"c\\\\']"]),
            ("x = f(d['alp", ["d['alpha']"]),
            ("d[b'", ["d[b'bytes']"]),
            ("d[r'alp", ["d[r'alpha']"]),
            ("d[1", ["d[12]", "d[1.5]"]),
            ("d[-", ["d[-3]"]),
            ('d["\\u00e', []),
            ('d["\\u00e9', ['d["\\u00e9t\\n"]']),
            ('o.deep["in"][0]["y', ['o.deep["in"][0]["yes"]']),
            ('o.deep["in"][-1]["yes"].bit_l', ['o.deep["in"][-1]["yes"].bit_length']),
            ('d["alpha', ['d["alpha"]']),
            ('o["al', []),
            ('"al', []),
            ('f("al', []),
            ('{"al', []),
            ('f()["al', []),
            ('d["alpha"]', []),
        ],
    )
    def test_of_a_dict(self, prefix: str, expected: list[str]) -> None:
        namespace = made(
            "d = {'alpha': 1, 'al\\'b\"c\\\\': 2, b'bytes': 3, 12: 4, 1.5: 5, -3: 6, 'ét\\n': 7}\n"
            "class o: deep = {'in': [{'yes': 1}]}\n"
        )
        assert candidates(prefix, namespace) == expected
        for candidate in expected:
            assert candidate.startswith(word_before(prefix))
            eval(candidate, namespace)

    def test_all_in_the_order_of_the_dict(self) -> None:
        namespace = made("d = {10: 0, 'b': 0, 2: 0, None: 0, (1, 'x'): 0, True: 0, object: 0}")
        found = complete("d[", namespace)
        assert [one["candidate"] for one in found] == [
            *("d[10]", "d['b']", "d[2]", "d[None]", "d[(1, 'x')]", "d[True]"),
        ]
        assert {one["type"] for one in found} == {"key"}

    def test_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("REPL_TEST_KEY", "x")
        found = candidates("os.environ['REPL_TEST_K", made("import os"))
        assert found == ["os.environ['REPL_TEST_KEY']"]

    def test_large_and_long_ones_are_bounded(self) -> None:
        namespace = made("d = {n: 0 for n in range(300_000)}; e = {'x' * 5000: 1, 'xy': 2}")
        assert len(candidates("d[", namespace)) == MOST
        assert candidates("e['x", namespace) == ["e['xy']"]

    def test_an_answer_when_the_time_is_up(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("repl_server.inspection.complete._SECONDS", -1.0)
        namespace = made("d = {n: 0 for n in range(5000)}")
        assert candidates("d[", namespace) == ["d[0]"]
        (found,) = complete("d", namespace, ["arglists", "doc"])
        assert "arglists" not in found

    def test_while_another_thread_changes_the_dict(self) -> None:
        namespace = made("d = {'key': {'in': 1}}")
        stop, changed = threading.Event(), threading.Event()

        def change() -> None:
            while not stop.is_set():
                for n in range(1000):
                    namespace["d"][n] = namespace[f"name{n}"] = n
                changed.set()
                for n in range(1000):
                    del namespace["d"][n], namespace[f"name{n}"]

        thread = threading.Thread(target=change)
        thread.start()
        try:
            assert changed.wait(20)
            for _ in range(200):
                assert candidates("d['key']['", namespace) == ["d['key']['in']"]
                assert "d['key']" in candidates("d['k", namespace)
                candidates("nam", namespace)
        finally:
            stop.set()
            thread.join()


class TestArguments:
    NAMESPACE = made(
        "import functools\n"
        "def steer(ship, /, angle=0, *rest, anchor=1, **more): pass\n"
        "def fast(name, nation=2): pass\n"
        "class Ship:\n"
        "    def __init__(self, name, size=1): pass\n"
        "    def sail(self, to, time=1): pass\n"
        "    @classmethod\n"
        "    def build(cls, plan): pass\n"
        "ship = Ship('a')\n"
        "part = functools.partial(fast, 1)\n"
        "cached = functools.lru_cache(fast)\n"
    )

    @pytest.mark.parametrize(
        ("prefix", "expected"),
        [
            ("steer(", ["angle=", "anchor="]),
            ("steer(1, 2, a", ["anchor="]),
            ("steer(1, an", ["angle=", "anchor="]),
            ("steer(1, angle=2, an", ["anchor="]),
            ("steer(*args, an", ["angle=", "anchor="]),
            ("steer(f(1, (2, 3)), {4: [5, 6]}, an", ["anchor="]),
            ("steer('a, b(', \"c,\", an", ["anchor="]),
            ("x = [steer(1,  # one, two, (\n    an", ["angle=", "anchor="]),
            ("fast(n", ["name=", "nation="]),
            ("fast (n", ["name=", "nation="]),
            ("Ship(", ["name=", "size="]),
            ("ship.sail(t", ["to=", "time="]),
            ("Ship.build(", ["plan="]),
            ("part(", ["nation="]),
            ("cached(", ["name=", "nation="]),
            ("sorted([], ", ["key=", "reverse="]),
            ("print(fast(1), s", ["sep="]),
            ("fast(name=n", []),
            ("fast(1 + n", []),
            ("fast(1)(n", []),
            ("fast[n", []),
            ("def fast(n", []),
            ("class Ship(n", []),
            ("len(", []),
            ("nobody(n", []),
        ],
    )
    def test_what_is_not_given_yet(self, prefix: str, expected: list[str]) -> None:
        found = complete(prefix, self.NAMESPACE)
        assert [one["candidate"] for one in found if one["type"] == "argument"] == expected
        assert [one["candidate"] for one in found[: len(expected)]] == expected

    def test_before_other_names(self) -> None:
        found = candidates("steer(1, an", self.NAMESPACE)
        assert found[:2] == ["angle=", "anchor="]
        assert {"and", "any"} <= set(found[2:])


class TestUnfinishedText:
    NAMESPACE = made("ship = 'x'; d = {'key': 1}")

    @pytest.mark.parametrize(
        "prefix",
        [
            *("ship.upp", "x = ship.upp", "if ship.upp", "'a' + ship.upp", "ship . upp"),
            *("for x in (ship.upp", "def f():\n    ship.upp", "'''a\nb''' + ship.upp"),
            *("# one (\nship.upp", "x = 'it''s'; ship.upp", "f'{ship.upp", "f'''\n{{{ship.upp"),
            *("x = f(1,\n  ship.upp", "'no end\nship.upp", "rb'\\'' + ship.upp", "x[0](ship.upp"),
        ],
    )
    def test_a_name_at_its_end(self, prefix: str) -> None:
        word = word_before(prefix)
        assert word in ("ship.upp", "ship . upp")
        assert candidates(prefix, self.NAMESPACE) == [word + "er"]

    @pytest.mark.parametrize(
        "prefix",
        [
            *("# ship.upp", "x = 1  # ship.upp", "'ship.upp", '"""\nship.upp', "f'ship.upp"),
            *(
                "f'{{ship.upp",
                "f'{ship} ship.upp",
                "r'\\'ship.upp",
                "x().ship.upp",
                "x[i].ship.upp",
            ),
            *("'a'.ship.upp", "1.ship", "0xship", "12", "ship.upper()", "[ship]", "'ship'"),
        ],
    )
    def test_nothing_to_complete(self, prefix: str) -> None:
        assert candidates(prefix, self.NAMESPACE) == []

    @pytest.mark.parametrize(
        "prefix",
        [
            *("(" * 40_000, "a." * 20_000, "'" * 39_999, '"\\' * 10_000, "f'{" * 10_000),
            *("[(" * 19_000 + "ship.upp", "a[" * 20_000, "import " + "a, " * 13_000, "a " * 20_000),
            *("x" * 10**6, "(a" * 20_000, "a" * 39_000 + "(", "f(a," * 10_000, "d['" * 13_000),
        ],
    )
    def test_any_text_has_an_answer(self, prefix: str) -> None:
        assert isinstance(candidates(prefix, self.NAMESPACE), list)
        assert prefix.endswith(word_before(prefix))

    def test_of_very_long_text_the_last_line_counts(self) -> None:
        assert candidates("x = 1\n" * 100_000 + "ship.upp", self.NAMESPACE) == ["ship.upper"]


class TestImports:
    def test_relative_to_the_namespace(self) -> None:
        package = {"__name__": "xml.dom", "__package__": "xml.dom", "__path__": []}
        module = {"__name__": "xml.dom.minidom"}
        for namespace in (package, module):
            assert ".minidom" in candidates("from .mini", namespace)
            assert "..etree" in candidates("from ..etr", namespace)
            assert "minidom" in candidates("from . import mini", namespace)
            assert candidates("from ....x", namespace) == []
        assert candidates("from .mini", {"__name__": "__main__"}) == []

    def test_over_several_lines(self) -> None:
        assert candidates("from os import (\n    getcwd,\n    getpg", {}) == ["getpgid", "getpgrp"]
        assert "json" in candidates("x = 1; import os, \\\n  js", {})

    def test_a_strange_module_is_not_asked(self, monkeypatch: pytest.MonkeyPatch) -> None:
        asked: list[str] = []

        class Lazy(types.ModuleType):
            def __getattr__(self, name: str) -> object:
                asked.append(name)
                raise AttributeError(name)

        monkeypatch.setitem(sys.modules, "lazy", Lazy("lazy"))
        monkeypatch.setitem(sys.modules, "odd", cast("types.ModuleType", object()))
        for prefix in ("import lazy.x", "from lazy import x", "import odd.x", "from odd import x"):
            assert candidates(prefix, {}) == []
        assert asked == []


class TestExtra:
    def test_arguments_and_documentation(self) -> None:
        namespace = made(PROGRAM)
        (found,) = complete("stee", namespace, ["arglists", "doc"])
        assert found["doc"] == "Turn it."
        assert found["arglists"] == [
            "(ship: app.Ship, angle: float = 0.5, *rest, shy=<Shy>) -> Ship"
        ]
        (found,) = complete("ship.sai", namespace, ["arglists"])
        assert found == {
            "candidate": "ship.sail",
            "type": "method",
            "arglists": ["(to, *, knots=5)"],
        }

    def test_only_when_asked(self) -> None:
        assert complete("stee", made(PROGRAM)) == [{"candidate": "steer", "type": "function"}]


def test_nothing_hostile_runs() -> None:
    namespace = made(HOSTILE)
    for prefix in (
        *("table[", "table['al", "table[5", "table['alpha']['", "table['alpha']['deep'].", "str"),
        *("strange.", "strange(", "callable_.", "callable_(", "held(", "plain(", "typing.", "a"),
    ):
        complete(prefix, namespace, ["arglists", "doc"])
    for name in ("table", "table['alpha']['deep']", "strange", "callable_", "held", "plain", "Key"):
        lookup(name, namespace, source=True)
    assert namespace["ran"] == []
    assert candidates("table['alpha']['", namespace) == ["table['alpha']['deep']"]
    assert lookup("strange", namespace)["arglists-str"] == "(weight: int = <Key>)"
