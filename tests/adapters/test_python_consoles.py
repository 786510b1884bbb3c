"""Python consoles of each kind, real ones: what is left of us, and what tries the adapter."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest
from adapters.plain import PlainUser
from adapters.subject import Process
from adapters.subjects.python import PHRASES, start_console
from driver import Client, Outcome

from repl_connect.adapters.python import PythonAdapter
from repl_connect.errors import ConnectionLost
from repl_connect.session import NeedInput, Output

KINDS = ("own", "standard", "asyncio", "process")


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[str], Process]]:
    """Starts a program with consoles of a kind."""
    with ExitStack() as stack:

        def started(kind: str) -> Process:
            program = start_console(tmp_path, kind)
            stack.callback(program.stop)
            return program

        yield started


@pytest.fixture
def console(start: Callable[[str], Process]) -> Iterator[Client]:
    """A client of a console that is taken over."""
    with Client(start("own").address, dialect="python") as client:
        yield client


STATE = (
    "print([name for name in __import__('sys').modules if 'repl' in name],"
    " [repr(getattr(__import__('sys'), name)) for name in ('stdin', 'stdout', 'stderr')],"
    " [name for name in getattr(__import__('sys').modules.get('linecache'), 'cache', ())"
    " if name.startswith('<')],"
    " sorted(name for name in globals() if not name.startswith('__')),"
    " hasattr(__import__('builtins'), '_'))"
)
THREADS = "print(len(__import__('threading').enumerate()))"


@pytest.mark.parametrize("kind", ["own", "standard"])
def test_after_us_the_program_is_as_it_was(start: Callable[[str], Process], kind: str) -> None:
    program = start(kind)
    plain = PlainUser(program.address, b">>> ")
    before, threads = plain.ask(STATE), plain.ask(THREADS)
    for _ in range(2):
        with Client(program.address, dialect="python") as client:
            assert client.evaluate("40 + 2\nprint(_)\n'x'").values == ["42", "'x'"]
            assert client.evaluate("1 / 0").failed is not None
            assert client.evaluate("__import__('time').sleep(0.05); print(1)").out == "1\n"
            assert plain.ask(STATE) != before
    while plain.ask(THREADS) != threads:  # its console sees the end of its input
        pass
    assert plain.ask(STATE) == before


def test_two_of_us_at_once_and_the_first_leaves_first(start: Callable[[str], Process]) -> None:
    program = start("own")
    plain = PlainUser(program.address, b">>> ")
    before, threads = plain.ask(STATE), plain.ask(THREADS)
    with Client(program.address, dialect="python") as second:
        with Client(program.address, dialect="python") as first:
            assert first.evaluate("print('one')").out == "one\n"
            assert second.evaluate("print('two')").out == "two\n"
            assert plain.ask("print('plain')") == "plain"
        assert second.evaluate("print('two')").out == "two\n"
        assert plain.ask("print('plain')") == "plain"
    while plain.ask(THREADS) != threads:
        pass
    assert plain.ask(STATE) == before


@pytest.mark.parametrize("kind", KINDS)
def test_a_console_that_is_left_goes_on_with_its_prompt(
    start: Callable[[str], Process], kind: str
) -> None:
    plain = PlainUser(start(kind).address, b">>> ")
    adapter = PythonAdapter()
    adapter.receive_data(b">>> ")
    plain.stream.sendall(adapter.data_to_send())
    said = b""
    while not adapter.ready or (kind == "asyncio" and not said.endswith(b">>> ")):
        said = plain.stream.recv(65536)
        adapter.receive_data(said)
        adapter.next_event()
    adapter.quit()
    plain.stream.sendall(adapter.data_to_send())
    assert plain.answer() == ""
    assert plain.ask("6 * 7") == "42"
    assert (
        plain.ask("print([name for name in __import__('sys').modules if 'repl' in name])") == "[]"
    )


def test_a_console_in_an_event_loop_is_served_line_by_line(
    start: Callable[[str], Process],
) -> None:
    with Client(start("asyncio").address, dialect="python") as client:
        assert "line by line, no interrupt" in (client.link.greeting or "")
        assert client.evaluate(PHRASES.forms).values == list(PHRASES.values)
        assert client.evaluate(PHRASES.print).out == "hello\n"
        assert client.evaluate(PHRASES.text).values == [PHRASES.shown_text]
        assert client.evaluate(PHRASES.megabyte).out == ("x" * 51 + "\n") * 20_000
        assert client.evaluate(f"len({'x' * 100_000!r})").values == ["100000"]
        assert PHRASES.error in client.evaluate(PHRASES.fail).err
        assert "EOFError" in client.evaluate("input()").err
        assert client.evaluate("raise SystemExit").failed is not None
        outcomes = [client.start(PHRASES.sum) for _ in range(100)]
        assert all(client.finish(each).values == ["42"] for each in outcomes)
        assert [each.text for each in client.complete(PHRASES.begun)] == [PHRASES.completed]
        assert not client.late


def test_leaving_ends_what_runs(start: Callable[[str], Process]) -> None:
    program = start("own")
    plain = PlainUser(program.address, b">>> ")
    threads = plain.ask(THREADS)
    with Client(program.address, dialect="python") as client:
        outcome = client.start(PHRASES.slow)
        client.until(outcome, Output)
    while plain.ask(THREADS) != threads:
        pass
    assert program.alive


def test_vanishing_ends_what_runs(start: Callable[[str], Process]) -> None:
    program = start("own")
    plain = PlainUser(program.address, b">>> ")
    threads = plain.ask(THREADS)
    client = Client(program.address, dialect="python")
    outcome = client.start(PHRASES.slow)
    client.until(outcome, Output)
    client.link._stream.shutdown(socket.SHUT_RDWR)
    with pytest.raises(ConnectionLost):
        client.link.run_until(lambda: False, 30)
    while plain.ask(THREADS) != threads:
        pass
    assert plain.ask(THREADS) == threads


@pytest.mark.parametrize("kind", ["own", "process"])
def test_interrupting_what_waits_for_input(start: Callable[[str], Process], kind: str) -> None:
    with Client(start(kind).address, dialect="python") as client:
        outcome = client.start("input('name? ')")
        client.until(outcome, NeedInput)
        assert outcome.out == "name? "
        client.interrupt(outcome)
        done = client.finish(outcome).done
        assert done is not None
        assert "interrupted" in done.statuses
        assert client.value("1") == "1"


def test_interrupting_a_sleep_in_the_main_thread(start: Callable[[str], Process]) -> None:
    with Client(start("process").address, dialect="python") as client:
        outcome = client.start("print('now', flush=True); __import__('time').sleep(600)")
        client.until(outcome, Output)
        client.interrupt(outcome)
        done = client.finish(outcome).done
        assert done is not None
        assert "interrupted" in done.statuses


def test_an_interrupt_that_has_to_wait_says_so(console: Client) -> None:
    outcome = console.start("print('now')\n__import__('time').sleep(2)")
    console.until(outcome, Output)
    console.interrupt(outcome)
    done = console.finish(outcome).done
    assert "takes effect when" in outcome.err
    assert done is not None
    assert "interrupted" in done.statuses


def test_code_that_takes_the_interrupt_for_itself(console: Client) -> None:
    outcome = console.start(
        "try:\n    print('now')\n    while True: pass\nexcept KeyboardInterrupt:\n    print('mine')"
    )
    console.until(outcome, Output)
    console.interrupt(outcome)
    done = console.finish(outcome).done
    assert "mine" in outcome.out
    assert done is not None
    assert "interrupted" not in done.statuses


def test_interrupting_again_and_again_loses_no_frame(console: Client) -> None:
    for _ in range(50):
        outcome = console.start("while True: print('x' * 100)")
        console.until(outcome, Output)
        console.interrupt(outcome)
        done = console.finish(outcome).done
        assert done is not None
        assert "interrupted" in done.statuses
        assert set(outcome.out) <= {"x", "\n"}
    assert console.evaluate("print('end')").out == "end\n"


def test_exit_leaves_the_console_as_it_is(console: Client) -> None:
    assert "the program goes on" in console.evaluate("exit()").err
    outcome = console.start("input()")
    console.until(outcome, NeedInput)
    console.link.session.give_input("blue\n", outcome.evaluation)
    assert console.finish(outcome).values == ["'blue'"]


def test_lines_of_input_one_by_one(console: Client) -> None:
    outcome = console.start("[line for line in __import__('sys').stdin]")
    for number, text in enumerate(("one\n", "two\n", "")):
        assert console.link.run_until(partial(_asked, outcome, number + 1), 30)
        console.link.session.give_input(text, outcome.evaluation)
    assert console.finish(outcome).values == ["['one\\n', 'two\\n']"]


def _asked(outcome: Outcome, times: int) -> bool:
    return outcome.asked == times


def test_output_that_looks_like_a_frame_or_a_prompt_is_output(console: Client) -> None:
    text = "\x1e0123456789abcdef;d4:kind4:donee>>> "
    assert console.evaluate(f"print({text!r}, end='')").out == text


def test_odd_output(console: Client) -> None:
    assert console.evaluate(r"print('a\udc80b')").out == "a\\udc80b\n"
    assert console.evaluate(r"import sys; _ = sys.stdout.buffer.write(b'\xff\n')").out == "\ufffd\n"
    assert console.evaluate(r"'\udc80'").values == [r"'\udc80'"]
    assert console.evaluate("import sys; sys.stdout.close()").failed is None
    assert console.evaluate("print('there')").out == "there\n"


def test_errors_name_places_and_show_their_source(console: Client) -> None:
    outcome = console.evaluate("x = 1\n1 / 0", file="/nowhere/m.py", line=41, column=5)
    assert 'File "/nowhere/m.py", line 42' in outcome.err
    assert "1 / 0" in outcome.err
    assert "repl_connect" not in outcome.err
    syntax = console.evaluate("x = 1\nx =", file="/nowhere/n.py", line=10)
    assert 'File "/nowhere/n.py", line 11' in syntax.err
    assert syntax.failed is not None
    assert syntax.failed.type == "SyntaxError"


def test_values_are_cut_as_asked(console: Client) -> None:
    console.link.session.print_quota = 10
    assert console.evaluate("'x' * 100").values == ["'" + "x" * 9]


def test_a_future_statement_lasts(console: Client) -> None:
    console.evaluate("from __future__ import annotations")
    assert console.value("def f(a: nowhere): pass\nf.__annotations__") == "{'a': 'nowhere'}"


def test_names_are_known_and_no_property_is_run(console: Client) -> None:
    console.evaluate(
        "class Thing:\n    'A thing.'\n    size = 3\n    @property\n"
        "    def sizzle(self): raise SystemExit\nthing = Thing()"
    )
    assert [each.text for each in console.complete("thing.siz")] == ["thing.size", "thing.sizzle"]
    assert [each.text for each in console.complete("thing.sizzle.x")] == []
    assert console.lookup("Thing")["doc"] == "A thing."
    assert console.lookup("threading.Thread.start")["line"] > 1


def test_a_manhole_is_taken_over(tmp_path: Path) -> None:
    path = str(tmp_path / "manhole.sock")
    code = (
        "import manhole, time\n"
        f"manhole.install(socket_path={path!r}, locals={{'answer': 42}})\n"
        "time.sleep(600)"
    )
    program = Process([sys.executable, "-c", code], path, directory=tmp_path)
    try:
        for _ in range(2):
            with Client(path, dialect="python") as client:
                assert client.value("answer") == "42"
                assert client.evaluate("print('hello')").out == "hello\n"
                outcome = client.start(PHRASES.slow)
                client.until(outcome, Output)
                client.interrupt(outcome)
                client.finish(outcome)
        assert program.alive
    finally:
        program.stop()
