"""A class evaluated again: what its instances, its subclasses and their holders get."""

from __future__ import annotations

import pytest
from server.live_program import LiveProgram


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch) -> LiveProgram:
    return LiveProgram("live_game", monkeypatch)


def test_instances_and_bound_methods_are_new(program: LiveProgram) -> None:
    program.run("class A:\n    def m(self): return 1\n    def gone(self): pass\na = A()\nm = a.m")
    old = program.A
    assert (
        program.run("class A:\n    'Doc.'\n    def m(self): return 2\n    def n(self): pass") == []
    )
    assert (program.m(), program.a.m()) == (2, 2)
    assert program.A is old
    assert isinstance(program.a, program.A)
    assert hasattr(program.a, "n")
    assert not hasattr(program.a, "gone")
    assert program.A.__doc__ == "Doc."


def test_super_and_dunder_class_mean_the_class_that_stays(program: LiveProgram) -> None:
    program.run(
        "class A:\n    def name(self): return 'A'\n"
        "class B(A):\n    def name(self): return super().name() + 'B'\n    def plain(self): pass\n"
        "class C(B):\n    def name(self): return super().name() + 'C'\n"
        "c = C()\nname, plain = c.name, c.plain"
    )
    notes = program.run(
        "class B(A):\n"
        "    def name(self): return super().name() + 'b'\n"
        "    def plain(self): return super().name()\n"
        "    def added(self): return super().name()\n"
        "    @property\n    def kind(self): return __class__\n"
        "    @classmethod\n    def make(cls): return super().__new__(cls)\n"
    )
    assert notes == []
    assert program.name() == "AbC"
    assert (program.plain(), program.c.plain(), program.c.added()) == ("A", "A", "A")
    assert program.c.kind is program.B
    assert type(program.B.make()) is program.B


def test_properties_and_class_and_static_methods(program: LiveProgram) -> None:
    source = (
        "from functools import cached_property, partialmethod, singledispatchmethod\n"
        "class A:\n"
        "    @property\n    def p(self): return self._p + {0}\n"
        "    @p.setter\n    def p(self, value): self._p = value + {0}\n"
        "    @classmethod\n    def c(cls): return cls, {0}\n"
        "    @staticmethod\n    def s(): return {0}\n"
        "    @cached_property\n    def k(self): return {0}\n"
        "    def add(self, n): return n + {0}\n"
        "    one = partialmethod(add, 1)\n"
        "    @singledispatchmethod\n    def d(self, x): return {0}\n"
        "    @d.register\n    def _(self, x: int): return x + {0}\n"
        "    class Inner:\n        def m(self): return {0}\n"
        "    class More(Inner): pass\n"
        "    key = lambda self: {0}\n"
    )
    program.run(source.format(10) + "a = A()\nc, s, get = a.c, a.s, A.p.fget\ninner = A.Inner()")
    for n in (20, 30):
        assert program.run(source.format(n)) == []
        a = program.a
        a.p = 1
        assert (a.p, program.get(a)) == (2 * n + 1, 2 * n + 1)
        assert program.c() == (program.A, n)
        assert (program.s(), program.A().k, a.one(), a.d(""), a.d(1)) == (n, n, n + 1, n, n + 1)
        assert (program.inner.m(), a.key()) == (n, n)
        assert program.A.More.__bases__ == (program.A.Inner,)
        assert isinstance(program.inner, program.A.Inner)


def test_subclasses_and_isinstance(program: LiveProgram) -> None:
    program.run("class A:\n    x = 1\nclass B(A): pass\nclass Z: pass\na, b = A(), B()")
    assert program.run("class A:\n    x = 2") == []
    assert (program.a.x, program.b.x) == (2, 2)
    assert isinstance(program.b, program.A)
    assert program.run("class B(A, Z): pass") == []
    assert isinstance(program.b, program.Z)


@pytest.mark.parametrize("options", ["", "(slots=True)", "(frozen=True, order=True)"])
def test_dataclasses(program: LiveProgram, options: str) -> None:
    program.run(
        f"from dataclasses import dataclass\n@dataclass{options}\nclass P:\n"
        "    x: int\n    def far(self): return self.x\np = P(1)\nfar = p.far"
    )
    source = "class P:\n    x: int = 7\n    def far(self): return self.x * 10\n"
    assert program.run(f"@dataclass{options}\n{source}") == []
    assert (program.far(), program.P().x, program.P(1) == program.p) == (10, 7, True)


def test_a_dataclass_gets_a_field(program: LiveProgram) -> None:
    program.run(
        "from dataclasses import dataclass\n@dataclass\nclass P:\n    x: int\np = P(1)\nheld = P"
    )
    assert program.run("@dataclass\nclass P:\n    x: int\n    y: int = 5\n") == []
    assert repr(program.held(1, 2)) == "P(x=1, y=2)"
    assert repr(program.p) == "P(x=1, y=5)"


def test_abstract_classes_and_protocols(program: LiveProgram) -> None:
    program.run(
        "from abc import ABC, abstractmethod\nfrom collections.abc import Sized\n"
        "class A(ABC):\n    @abstractmethod\n    def f(self): ...\n"
        "    @classmethod\n    def __subclasshook__(cls, other): return True\n"
        "class B:\n    pass\n"
    )
    with pytest.raises(TypeError):
        program.A()
    assert not issubclass(program.B, program.Sized)
    assert issubclass(program.B, program.A)
    source = "class A(ABC):\n    def f(self): return 1\nclass B:\n    def __len__(self): return 3"
    assert program.run(source) == []
    assert program.A().f() == 1
    assert not issubclass(program.B, program.A)
    assert issubclass(program.B, program.Sized)


def test_class_attributes_that_name_functions_from_elsewhere(program: LiveProgram) -> None:
    program.run(
        "def fast(self): return 'fast'\ndef slow(self): return 'slow'\n"
        "class A:\n    draw = fast\na = A()"
    )
    assert program.run("class A:\n    draw = slow") == []
    assert (program.a.draw(), program.fast(None), program.slow(None)) == ("slow", "fast", "slow")


def test_registries_hold_the_class_that_stays(program: LiveProgram) -> None:
    source = (
        "class Base:\n    def __init_subclass__(cls):\n"
        "        kinds.append(cls)\n        by_name[cls.__name__] = cls\n        known.add(cls)\n"
        "def register(cls):\n    titles[cls] = cls.title\n    return cls\n"
    )
    program.run("kinds, by_name, known, titles = [], {}, set(), {}\n" + source)
    for n in (1, 2):
        assert program.run(f"class A(Base):\n    title = {n}") == []
        assert program.run(f"@register\nclass B:\n    title = {n}") == []
    assert program.kinds == [program.A, program.A]
    assert program.by_name == {"A": program.A}
    assert program.known == {program.A}
    assert program.titles == {program.B: 2}


# What can't be changed in place.


def test_changed_bases_move_the_instances(program: LiveProgram) -> None:
    program.run("class A:\n    def f(self): return 1\nclass B(A): pass\na, b = A(), B()\nf = a.f")
    program.run("class Base:\n    def g(self): return 'g'")
    (note,) = program.run("class A(Base):\n    def f(self): return super().g()")
    assert note == (
        "A: its bases changed, so this is a new class; 1 instance moved to it; "
        "who holds the old class keeps it."
    )
    assert (program.a.f(), program.f(), program.b.f()) == ("g", "g", "g")
    assert isinstance(program.b, program.A)


def test_changed_slots_leave_the_instances(program: LiveProgram) -> None:
    program.run("class A:\n    __slots__ = ('x',)\n    def f(self): return 1\na = A()\nf = a.f")
    (note,) = program.run("class A:\n    __slots__ = ('x', 'y')\n    def f(self): return self.y")
    assert note.startswith(
        "A: its __slots__ changed, so this is a new class; 1 instance of the old"
    )
    assert program.f() == 1
    program.A().y = 1
    program.run("class S:\n    __slots__ = ('x',)\n    def f(self): return 1\ns = S()\ns.x = 5")
    assert program.run("class S:\n    __slots__ = ('x',)\n    def f(self): return self.x") == []
    assert program.s.f() == 5


def test_a_changed_metaclass_moves_the_instances(program: LiveProgram) -> None:
    program.run("class Meta(type): pass\nclass A: pass\na = A()")
    (note,) = program.run("class A(metaclass=Meta):\n    def f(self): return 1")
    assert "its metaclass changed" in note
    assert program.a.f() == 1


@pytest.mark.parametrize(
    ("old", "new", "note"),
    [
        ("class X: pass", "class X(X): pass", "it derives from the old one"),
        ("import enum\nclass X(enum.Enum):\n  A = 1", "class X(enum.Enum):\n  B = 1", "an Enum"),
        (
            "from typing import NamedTuple\nclass X(NamedTuple):\n  a: int",
            "class X(NamedTuple):\n  b: int",
            "its fields changed",
        ),
        ("class X: pass", "def X(): pass", "X changed from class to function"),
        ("def X(): pass", "@property\ndef X(): pass", "X changed from function to property"),
        ("def X(): pass", "@(lambda f: 5)\ndef X(): pass", "X changed from function to int"),
    ],
)
def test_what_stays_the_old_is_said(program: LiveProgram, old: str, new: str, note: str) -> None:
    program.run(old)
    before = program.X
    (said,) = program.run(new)
    assert note in said
    assert "keeps it" in said
    assert program.X is not before


def test_an_unexpected_failure_is_a_note(program: LiveProgram) -> None:
    program.run(
        "class Meta(type):\n"
        "    @property\n    def __bases__(cls): raise ValueError('not now')\n"
        "class A(metaclass=Meta): pass\n"
    )
    (note,) = program.run("class A(metaclass=Meta):\n    x = 1")
    assert "ValueError: not now" in note
    assert program.A.x == 1
