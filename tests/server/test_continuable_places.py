"""Where a program waits with an error that is held, when it does not, and what is tried again."""

from __future__ import annotations

import logging
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from server.conftest import server_threads, wait_until
from server.doing import STEP, Program, call, held, outcome, program, restart, told
from server.running import environment
from server.wire_client import SECONDS, WireClient, gather


@pytest.fixture
def app(mode: str, directory: Path, namespace: dict[str, Any]) -> Iterator[Program]:
    exec(compile(STEP, "/app/step.py", "exec"), namespace)
    with program(mode, directory / "app.sock", namespace=namespace) as found:
        namespace["server"] = found.server
        yield found
    wait_until(lambda: not server_threads())


@pytest.fixture
def client(app: Program) -> WireClient:
    return app.connect()


# Nobody there.


def test_nobody_is_there(app: Program, namespace: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="too much"):
        outcome(call(app, namespace))


def test_a_connection_without_a_session_is_nobody(app: Program, namespace: dict[str, Any]) -> None:
    with WireClient(app.server.address) as silent:
        silent.ask({"op": "describe"})
        with pytest.raises(ValueError, match="too much"):
            outcome(call(app, namespace))


def test_nobody_is_there_and_it_goes_on(
    app: Program, namespace: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    assert outcome(call(app, namespace, alone="log")) is None
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("repl_server", logging.ERROR)
    assert record.getMessage() == "step failed, and the program goes on."
    assert record.exc_info is not None


def test_without_logging_it_is_said_on_standard_error(
    app: Program,
    namespace: dict[str, Any],
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(logging.Logger, "hasHandlers", lambda _: False)
    assert outcome(call(app, namespace, alone="log")) is None
    err = capfd.readouterr().err
    assert err.startswith("repl-server: step failed, and the program goes on:\nTraceback")
    assert err.endswith("ValueError: 21.0 is too much\n")


def test_the_last_client_goes(app: Program, client: WireClient, namespace: dict[str, Any]) -> None:
    other = app.connect()
    future = call(app, namespace)
    told(client)
    told(other)
    client.close()
    assert len(held(other)) == 1
    assert not future.done()
    other.close()
    with pytest.raises(ValueError, match="too much"):
        outcome(future)


def test_the_last_client_goes_and_the_program_goes_on(
    app: Program, client: WireClient, namespace: dict[str, Any]
) -> None:
    future = call(app, namespace, alone="log")
    told(client)
    client.ask({"op": "close"})
    assert outcome(future) is None


def test_the_server_is_closed(app: Program, client: WireClient, namespace: dict[str, Any]) -> None:
    future = call(app, namespace, alone="log")
    told(client)
    app.server.close()
    with pytest.raises(ValueError, match="too much"):
        outcome(future)
    with pytest.raises(ValueError, match="too much"):
        app.server.continuable(namespace["step"])(42)


def test_a_word_that_is_not_known_for_when_nobody_is_there(app: Program) -> None:
    with pytest.raises(ValueError, match="'raise' or 'log', not 'ignore'"):
        app.server.continuable("x", alone="ignore")  # type: ignore[call-overload]


# Who evaluates, and what is not held.


def test_what_a_client_evaluates_is_not_held(app: Program, client: WireClient) -> None:
    result = client.result("server.continuable(step, alone='log')(42)")
    assert (result["ex"], result["status"]) == ("ValueError", {"done", "eval-error"})
    result = client.result("with server.continuable('x'): 1/0")
    assert result["ex"] == "ZeroDivisionError"
    assert held(client) == []


def test_the_ops_are_listed(client: WireClient) -> None:
    ops = client.ask({"op": "describe"})[-1]["ops"]
    assert {"repl-server/held", "repl-server/restart"} <= set(ops)


def test_an_interrupt_ends_what_is_evaluated_meanwhile(
    app: Program, client: WireClient, namespace: dict[str, Any]
) -> None:
    future = call(app, namespace)
    ident = told(client)["repl-server/held"]
    begun = namespace["begun"] = threading.Event()
    endless = client.eval("begun.set()\nwhile True: pass")
    assert begun.wait(SECONDS)
    client.send({"op": "interrupt"})
    assert gather(client.replies(endless))["status"] == {"done", "interrupted"}
    restart(client, ident, "continue")
    outcome(future)


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, GeneratorExit])
@pytest.mark.modes("threads", "cooperative")  # asyncio itself lets these end the loop
def test_what_is_no_failure_is_not_held(
    app: Program, client: WireClient, error: type[BaseException]
) -> None:
    def leave() -> None:
        raise error

    with pytest.raises(error):
        outcome(app.do(app.server.continuable(leave)))


def test_many_threads_hold_at_once_and_the_last_ones_find_nobody(
    app: Program, client: WireClient, namespace: dict[str, Any]
) -> None:
    """Threads beside the one that polls, and beside the loop's, just wait."""
    failed: list[BaseException] = []
    returned: list[Any] = []

    def run() -> None:
        try:
            returned.append(app.server.continuable(namespace["step"])(42))
        except ValueError as error:
            failed.append(error)

    threads = [threading.Thread(target=run) for _ in range(102)]
    for thread in threads:
        thread.start()
    wait_until(lambda: len(failed) == 2)
    idents = [each["id"] for each in held(client)]
    assert len(set(idents)) == 100
    assert client.value("__import__('threading').current_thread().name").strip("'") == (
        "program" if server_threads("session") == [] else server_threads("session")[0]
    )
    restart(client, idents[5], "continue", value="5")
    wait_until(lambda: returned == [5])
    for ident in reversed(idents):
        if ident != idents[5]:
            restart(client, ident, "continue")
    for thread in threads:
        thread.join(SECONDS)
    assert (len(returned), len(failed)) == (100, 2)


# Asyncio.


@pytest.mark.modes("asyncio")
@pytest.mark.parametrize("form", ["call", "decorated", "block", "partial"])
def test_only_the_task_that_failed_waits(
    app: Program, client: WireClient, namespace: dict[str, Any], form: str
) -> None:
    async def astep(n: int) -> Any:
        return namespace["step"](n)

    async def turn() -> Any:
        if form == "call":
            return await app.server.continuable(astep)(42)
        if form == "decorated":
            return await app.server.continuable(alone="log")(astep)(42)
        if form == "partial":
            return await app.server.continuable(lambda: astep(42))()
        async with app.server.continuable("turn"):
            return await astep(42)
        return 21

    future = app.await_(turn())
    ident = told(client)["repl-server/held"]
    code = "limit = 100\nimport asyncio\nawait asyncio.sleep(0, 'awaited')"
    assert client.value(code) == "'awaited'"
    assert outcome(app.do(lambda: "the loop goes on")) == "the loop goes on"
    restart(client, ident, "continue" if form == "block" else "retry")
    assert outcome(future) == 21


@pytest.mark.modes("asyncio")
def test_a_task_that_is_cancelled_does_not_wait_any_more(
    app: Program, client: WireClient, namespace: dict[str, Any]
) -> None:
    async def turn() -> None:
        async with app.server.continuable("turn"):
            namespace["step"](42)

    future = app.await_(turn())
    told(client)
    future.cancel()
    wait_until(lambda: held(client) == [])


@pytest.mark.modes("asyncio")
def test_while_the_loop_is_held_nothing_is_awaited(
    app: Program, client: WireClient, namespace: dict[str, Any]
) -> None:
    future = call(app, namespace)
    ident = told(client)["repl-server/held"]
    result = client.result("limit = 100\nimport asyncio\nawait asyncio.sleep(0)\nlimit = 1")
    assert result["ex"] == "RuntimeError"
    assert "nothing can be awaited until it goes on" in result["err"]
    restart(client, ident, "retry")
    assert outcome(future) == 21
    assert client.value("await asyncio.sleep(0, 3)") == "3"


# Which function is called again.


@pytest.mark.modes("cooperative")
def test_a_decorated_function_is_mended_with_its_decorator(
    app: Program, client: WireClient, namespace: dict[str, Any]
) -> None:
    client.result("@server.continuable\ndef turn(n):\n    raise ValueError(n)")
    turn = namespace["turn"]
    assert (turn.__name__, turn.__wrapped__.__code__.co_name) == ("turn", "turn")
    future = app.do(lambda: turn(1))
    ident = told(client)["repl-server/held"]
    code = "@server.continuable\ndef turn(n):\n    if n: return 'mended'\n    raise KeyError"
    assert client.result(code)["err"] == ""
    restart(client, ident, "retry")
    assert outcome(future) == "mended"
    future = app.do(lambda: turn(0))
    message = told(client)
    assert "KeyError" in message["err"]
    restart(client, message["repl-server/held"], "continue")
    outcome(future)


@pytest.mark.modes("cooperative")
def test_a_decorated_function_is_mended_without_its_decorator(
    app: Program, client: WireClient, namespace: dict[str, Any]
) -> None:
    client.result("@server.continuable\ndef turn(n):\n    raise ValueError(n)")
    turn = namespace["turn"]
    future = app.do(lambda: turn(1))
    ident = told(client)["repl-server/held"]
    client.result("def turn(n): return 'mended'")
    restart(client, ident, "retry")
    assert outcome(future) == "mended"
    assert turn(1) == "mended"


@pytest.mark.modes("threads")
def test_a_method_is_mended_by_its_class(
    app: Program, client: WireClient, namespace: dict[str, Any]
) -> None:
    client.result("class Game:\n    def turn(self, n): return n / 0\ngame = Game()")
    future = app.do(lambda: app.server.continuable(namespace["game"].turn)(1))
    message = told(client)
    assert message["err"].startswith("Game.turn failed")
    client.result("class Game:\n    def turn(self, n): return 'mended'")
    restart(client, message["repl-server/held"], "retry")
    assert outcome(future) == "mended"


@pytest.mark.modes("threads")
def test_without_redefinition_the_name_says_what_is_called_again(
    directory: Path, namespace: dict[str, Any], mode: str
) -> None:
    exec(STEP + "class Game:\n    def turn(self): return 1 / 0\ngame = Game()", namespace)
    address = directory / "app.sock"
    with program(mode, address, namespace=namespace, redefine=False) as app:
        client = WireClient(app.server.address)
        client.clone()
        future = call(app, namespace)
        ident = told(client)["repl-server/held"]
        client.result("def step(n): return 'another'")
        restart(client, ident, "retry")
        assert outcome(future) == "another"
        future = app.do(app.server.continuable(namespace["game"].turn))
        ident = told(client)["repl-server/held"]
        client.result("class Game:\n    def turn(self): return 'another'")
        restart(client, ident, "retry")
        assert outcome(future) == "another"
        client.close()


@pytest.mark.modes("threads")
def test_what_can_not_be_continued_is_refused(app: Program) -> None:
    def ticks() -> Iterator[int]:
        yield 1

    with pytest.raises(TypeError, match="ticks is a generator"):
        app.server.continuable(ticks)
    with pytest.raises(TypeError, match="a function or a name, not int"):
        app.server.continuable(5)  # type: ignore[call-overload]


@pytest.mark.modes("threads")
def test_a_coroutine_function_stays_one(app: Program) -> None:
    import inspect

    async def astep() -> None: ...

    assert inspect.iscoroutinefunction(app.server.continuable(astep))
    assert app.server.continuable(astep).__name__ == "astep"


@pytest.mark.modes("threads")
def test_a_function_within_a_decorator_of_the_program_is_called_again_without_it(
    app: Program, client: WireClient, namespace: dict[str, Any]
) -> None:
    code = (
        "import functools\ndef twice(f):\n    @functools.wraps(f)\n"
        "    def calls(n): return f(n) * 2\n    return calls\n"
        "@twice\ndef turn(n): return n if n < limit else 1 / 0"
    )
    client.result(code)
    future = app.do(lambda: app.server.continuable(namespace["turn"].__wrapped__)(42))
    ident = told(client)["repl-server/held"]
    client.result("limit = 100")
    restart(client, ident, "retry")
    assert outcome(future) == 42


# Programs in processes of their own.


class Process:
    """`held.py`, killed in the end."""

    def __init__(self, mode: str, address: Path) -> None:
        self.address = str(address)
        self.process = subprocess.Popen(
            [sys.executable, str(Path(__file__).parent / "programs" / "held.py"), mode, address],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(),
        )
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def line(self) -> str:
        """The next line that it prints."""
        return self._lines.get(timeout=SECONDS)

    def end(self) -> str:
        """What it has left to say on standard error."""
        self.process.kill()
        self._reader.join()
        return self.process.communicate()[1]

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line.rstrip("\n"))


@pytest.fixture
def process(mode: str, directory: Path) -> Iterator[Process]:
    process = Process(mode, directory / "app.sock")
    try:
        assert process.line() == "served"
        yield process
    finally:
        process.end()


@pytest.fixture
def visitor(process: Process) -> Iterator[WireClient]:
    with WireClient(process.address) as client:
        client.clone()
        yield client


@pytest.mark.modes("cooperative", "threads")
def test_a_loop_goes_on_with_no_turn_lost(process: Process, visitor: WireClient) -> None:
    visitor.result("ready = True")
    ident = told(visitor)["repl-server/held"]
    assert [process.line(), process.line()] == ["1", "2"]
    assert visitor.value("turn") == "3"
    result = visitor.result("def step():\n    print(turn, 'mended', flush=True)")
    assert (result["status"], result["err"]) == ({"done"}, "")
    assert restart(visitor, ident, "retry")["status"] == {"done"}
    assert [process.line() for _ in range(5)] == [f"{turn} mended" for turn in range(3, 8)]
    assert visitor.value("1+1") == "2"


@pytest.mark.modes("cooperative", "threads", "asyncio")
def test_ctrl_c_ends_the_wait(process: Process, visitor: WireClient) -> None:
    visitor.result("ready = True")
    told(visitor)
    assert [process.line(), process.line()] == ["1", "2"]
    process.process.send_signal(signal.SIGINT)
    assert process.line() == "interrupted"
    assert process.process.wait(SECONDS) == 0


@pytest.mark.modes("cooperative", "threads")
def test_a_program_whose_last_client_is_killed_ends_with_its_error(
    process: Process, visitor: WireClient
) -> None:
    visitor.result("ready = True")
    told(visitor)
    visitor.close()
    assert process.process.wait(SECONDS) == 1
    assert process.end().endswith("\nRuntimeError: turn 3 is impossible\n")
