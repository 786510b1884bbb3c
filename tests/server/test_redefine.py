"""A definition evaluated again reaches what the program already holds."""

from __future__ import annotations

import queue
import threading

import pytest
from server.live_program import LiveProgram, tree_of

from repl_server.redefinition.redefine import prepare


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch) -> LiveProgram:
    return LiveProgram("live_game", monkeypatch)


# Functions.


def test_callbacks_lists_and_local_variables_run_the_new_code(program: LiveProgram) -> None:
    program.run("def step(n=1): return n\ncallbacks = [step]\ntable = {'step': step}")
    step = program.step
    assert program.run("def step(n=2, *, k=3):\n    'Doc.'\n    return n * 10 + k") == []
    assert step() == program.callbacks[0]() == program.table["step"]() == 23
    assert program.step is step
    assert step.__doc__ == "Doc."
    assert program.run("def step(): return 'third'") == []
    assert step() == "third"


def test_a_loop_that_runs_in_another_thread_gets_the_new_step(program: LiveProgram) -> None:
    program.run(
        "def step(): return 1\n"
        "def loop(turn, show):\n"
        "    mine = step\n"
        "    while turn(): show(mine())\n"
    )
    turns: queue.Queue[bool] = queue.Queue()
    results: queue.Queue[int] = queue.Queue()
    thread = threading.Thread(target=program.loop, args=(turns.get, results.put))
    thread.start()
    try:
        turns.put(True)
        assert results.get(timeout=20) == 1
        assert program.run("def step(): return 2") == []
        turns.put(True)
        assert results.get(timeout=20) == 2
        notes = program.run("def loop(turn, show): return 'ended'")
        assert notes == ["loop is running: that call goes on with the old code."]
        assert program.loop(None, None) == "ended"
    finally:
        turns.put(False)
        thread.join(20)


def test_a_function_that_evaluates_its_own_new_version_is_running(program: LiveProgram) -> None:
    program.run("def main(run): return run('def main(run): return 2')")
    notes = program.main(program.run)
    assert notes == ["main is running: that call goes on with the old code."]
    assert program.main(None) == 2


def test_what_another_module_imported_is_new_too(
    program: LiveProgram, monkeypatch: pytest.MonkeyPatch
) -> None:
    program.run("def f(): return 1\nclass A:\n    def f(self): return 1")
    other = LiveProgram("live_other", monkeypatch)
    other.run("from live_game import f, A\na = A()")
    assert program.run("def f(): return 2\nclass A:\n    def f(self): return 2") == []
    assert (other.f(), other.a.f(), other.A().f()) == (2, 2, 2)


def test_an_imported_name_that_is_shadowed_stays_what_it_is(
    program: LiveProgram, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = LiveProgram("live_other", monkeypatch)
    other.run("def join(): return 'theirs'\nclass Path:\n    x = 'theirs'")
    program.run("from live_other import join, Path")
    assert program.run("def join(): return 'ours'\nclass Path:\n    x = 'ours'") == []
    assert (other.join(), other.Path.x) == ("theirs", "theirs")
    assert (program.join(), program.Path.x) == ("ours", "ours")


def test_a_function_that_wraps_its_own_old_version_is_left_alone(program: LiveProgram) -> None:
    program.run("def f(): return 1\nheld = f\nplain_f = f")
    notes = program.run("def f(): return plain_f() + 1")
    assert notes == [
        "f: the new one uses the old one (as plain_f), so who holds the old one keeps it."
    ]
    assert (program.f(), program.held()) == (2, 1)
    assert "default value" in program.run("def f(g=f): return g() + 1")[0]
    assert program.f() == 3


def test_a_version_kept_under_another_name_in_the_same_file(program: LiveProgram) -> None:
    for _ in range(2):
        assert program.run("def f(): return 1\ng = f\ndef f(): return g() + 1") == []
        assert (program.f(), program.g()) == (2, 1)


def test_what_the_program_set_on_a_function_stays(program: LiveProgram) -> None:
    program.run("def f(): f.calls += 1\nf.calls = 0\nf()")
    program.run("def f(): f.calls += 10\nf()")
    assert program.f.calls == 11


def test_async_and_generator_functions_go_on_and_say_so(program: LiveProgram) -> None:
    program.run("def ticks():\n    while True: yield 1\nold = ticks()\nnext(old)\nheld = ticks")
    notes = program.run("def ticks():\n    while True: yield 2")
    assert notes == ["ticks waits in 1 generator: with the old code until the end."]
    assert (next(program.old), next(program.held())) == (1, 2)
    program.run("async def job(): return 1\nheld, waiting = job, job()")
    notes = program.run("async def job(): return 2")
    assert notes == ["job waits in 1 coroutine: with the old code until the end."]
    for job, value in ((program.waiting, 1), (program.held(), 2)):
        with pytest.raises(StopIteration) as ended:
            job.send(None)
        assert ended.value.value == value


def test_definitions_in_blocks_and_whole_files(program: LiveProgram) -> None:
    source = (
        "import sys\n"
        "try:\n    def f(): return {0}\nexcept ImportError: pass\n"
        "if sys:\n    with memoryview(b''):\n        class A:\n            x = {0}\n"
        "def g(): return {0}\n"
        "hooks = [f, g]\n"
        "made = A()\n"
    )
    program.run(source.format(1))
    f, g, made = program.f, program.g, program.made
    assert program.run(source.format(2)) == []
    assert (f(), g(), made.x) == (2, 2, 2)
    assert program.hooks == [f, g]
    assert type(program.made) is program.A is type(made)


def test_functions_made_in_a_loop_stay_apart(program: LiveProgram) -> None:
    source = "made = []\nfor i in range(3):\n    def f(i=i): return {} + i\n    made.append(f)\n"
    program.run(source.format(0))
    old = program.made
    assert program.run(source.format(10)) == []
    assert [f() for f in program.made] == [10, 11, 12]
    assert [f() for f in old] == [10, 11, 12]


def test_overloads_and_registered_functions_stay_apart(program: LiveProgram) -> None:
    source = (
        "from functools import singledispatch\n"
        "from typing import overload\n"
        "@overload\ndef f(x: int) -> int: ...\n"
        "@overload\ndef f(x: str) -> str: ...\n"
        "def f(x): return {0}\n"
        "@singledispatch\ndef show(x): return {0}\n"
        "@show.register\ndef _(x: int): return {0} + 1\n"
        "@show.register\ndef _(x: str): return {0} + 2\n"
    )
    program.run(source.format(0))
    f, show = program.f, program.show
    assert program.run(source.format(10)) == []
    assert f(1) == 10
    assert [show(x) for x in (None, 1, "")] == [10, 11, 12]
    assert program.run("@show.register\ndef _(x: int): return 100") == []
    assert [show(x) for x in (1, "")] == [100, 12]


# Closures and decorators.


def test_closures_made_before_run_the_new_code(program: LiveProgram) -> None:
    make = "def make(n):\n    def step(): return n {0}\n    return step\n"
    program.run(make.format("+ 1") + "held = [make(1), make(2)]")
    assert program.run(make.format("+ 10")) == []
    assert [step() for step in program.held] == [11, 12]


def test_closures_whose_free_variables_changed_are_told_of(program: LiveProgram) -> None:
    program.run("def make(n):\n    def step(): return n\n    return step\nheld = make(1), make(2)")
    notes = program.run("def make(n, m=0):\n    def step(): return n + m\n    return step")
    assert notes == [
        "make.<locals>.step: 2 functions made before can't change, "
        "because its free variables changed."
    ]
    assert [step() for step in program.held] == [1, 2]
    assert program.make(1, 2)() == 3


@pytest.mark.parametrize("wraps", ["@functools.wraps(f)", ""])
def test_decorated_functions(program: LiveProgram, wraps: str) -> None:
    program.run(
        "import functools\n"
        "def times(n):\n"
        "    def decorate(f):\n"
        f"        {wraps}\n"
        "        def wrapper(*args): return n * f(*args)\n"
        "        return wrapper\n"
        "    return decorate\n"
        "@times(2)\ndef f(): return 10\n"
        "@times(2)\ndef other(): return 1\n"
        "held = f"
    )
    assert program.run("@times(3)\ndef f(): return 100") == []
    assert program.held() == 300
    assert program.f is program.held
    assert program.run("@times(4)\n@times(1)\ndef f(n=1): return n") == []
    assert (program.held(), program.held(5), program.other()) == (4, 20, 2)
    assert program.run("def f(n): return n") == []
    assert (program.held(7), program.other()) == (7, 2)
    assert program.run("@times(5)\ndef f(n): return n") == []
    assert (program.held(1), program.f(1)) == (5, 5)


def test_another_decorator_leaves_what_the_first_one_decorated(
    program: LiveProgram, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = LiveProgram("live_other", monkeypatch)
    other.run("n = 100\ndef add(f):\n    def wrapper(): return f() + n\n    return wrapper")
    program.run(
        "import functools\nfrom live_other import add\n"
        "def plus(f):\n    @functools.wraps(f)\n    def w(): return f() + 1\n    return w\n"
        "def minus(f):\n    def w(): return f() - 1\n    return w\n"
        "@plus\ndef f(): return 0\n@plus\ndef g(): return 10\nheld = f"
    )
    assert program.run("@minus\ndef f(): return 0") == []
    assert (program.held(), program.g()) == (-1, 11)
    assert not hasattr(program.held, "__wrapped__")
    assert program.run("@add\ndef f(): return 0") == []
    assert (program.held(), program.f(), program.g()) == (100, 100, 11)


def test_a_decorator_changed_reaches_what_it_has_decorated(program: LiveProgram) -> None:
    decorator = "def deco(f):\n    def wrapper(): return f() + {0}\n    return wrapper\n"
    program.run(decorator.format(1) + "@deco\ndef f(): return 0\n@deco\ndef g(): return 10")
    assert program.run(decorator.format(5)) == []
    assert (program.f(), program.g()) == (5, 15)


def test_a_plain_function_that_gets_a_decorator_passes_calls_on(program: LiveProgram) -> None:
    program.run("def f(x): return x\nheld = f")
    assert program.run("import functools\n@functools.cache\ndef f(x, *, y=1): return [x, y]") == []
    assert program.held(1, y=5) == [1, 5]
    assert program.held(1) is program.f(1)


def test_a_cache_is_emptied(program: LiveProgram) -> None:
    program.run(
        "from functools import lru_cache\n@lru_cache(8)\ndef f(x): return x\nheld = f\nf(1)"
    )
    assert program.run("@lru_cache(8)\ndef f(x): return -x") == []
    assert program.held is program.f
    assert program.held(1) == -1
    assert program.run("@lru_cache(4)\ndef f(x): return x * 2") == []
    assert (program.held(1), program.f(1)) == (2, 2)


def test_callbacks_registered_by_a_decorator_stay_up_to_date(program: LiveProgram) -> None:
    program.run("listeners = []\ndef on(f):\n    listeners.append(f)\n    return f\n")
    for value in (1, 2, 3):
        assert program.run(f"@on\ndef f(): return {value}") == []
        assert {listener() for listener in program.listeners} == {value}


def test_a_decorator_that_makes_an_object(program: LiveProgram) -> None:
    program.run(
        "class Command:\n"
        "    def __init__(self, f): self.callback = f\n"
        "    def __call__(self): return self.callback()\n"
        "@Command\ndef go(): return 1\nheld = go"
    )
    assert program.run("@Command\ndef go(): return 2") == []
    assert (program.held(), program.go()) == (2, 2)


# What else runs with it.


def test_an_error_in_the_code_leaves_what_came_before_it_carried(program: LiveProgram) -> None:
    program.run("def f(): return 1\ndef g(): return 1")
    held = program.f, program.g
    with pytest.raises(ZeroDivisionError):
        program.run("def f(): return 2\n1 / 0\ndef g(): return 2")
    assert [each() for each in held] == [2, 1]


def test_code_that_redefines_nothing_is_not_touched(program: LiveProgram) -> None:
    program.run("def f(): pass")
    for source in ("x = 1", "def g(): pass", "f = 3\nimport os\nif x:\n    class B: pass"):
        assert prepare(tree_of(source), program.namespace) is None


def test_source_lines_are_those_of_the_definition(program: LiveProgram) -> None:
    program.run("def f(): pass")
    program.run("\n\n\n@staticmethod\ndef f(): pass\n")
    assert program.f.__func__.__code__.co_firstlineno == 4
    program.run("\n\n\n\n\ndef f(): pass\n")
    assert program.f.__code__.co_firstlineno == 6
