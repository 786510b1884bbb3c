"""What is special to one kind of server: where code runs, and what runs beside it."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from server.running import Running
from server.wire_client import WireClient, gather

import repl_server


class TestASleepingProgram:
    """The answer comes, although the program's next turn never does."""

    def test_it_answers_at_once(self, mode: str, directory: Path) -> None:
        with Running(mode, directory / "app.sock", pause=1_000_000) as program:
            client = program.connect()
            assert client.value("speed = 5; turn") == "1"
            assert client.value("speed") == "5"
            others = [program.connect() for _ in range(3)]
            assert [other.value("turn") for other in others] == ["1"] * 3

    @pytest.mark.modes("cooperative")
    def test_others_are_served_by_an_evaluation_that_sleeps(self, directory: Path) -> None:
        with Running("cooperative", directory / "app.sock", pause=1_000_000) as program:
            one, two = program.connect(), program.connect()
            waits = one.eval(
                "print('waiting', flush=True)\ngo = False\nwhile not go: server.sleep(0.01)\n'went'"
            )
            one.until(waits, "out", "waiting")
            assert two.value_and_output("print('two'); 2") == ("2", "two\n")
            two.result("go = True")
            assert gather(one.replies(waits))["values"] == ["'went'"]


class TestPolling:
    """The test is the program, and its thread the one that polls."""

    @pytest.fixture
    def server(
        self, directory: Path, namespace: dict[str, Any]
    ) -> Iterator[repl_server.CoopServer]:
        with repl_server.CoopServer(directory / "app.sock", namespace=namespace) as server:
            yield server

    @pytest.fixture
    def elsewhere(self) -> Iterator[ThreadPoolExecutor]:
        """Where the clients wait while the test polls."""
        with ThreadPoolExecutor(8) as pool:
            yield pool

    def test_code_runs_in_the_thread_that_polls(
        self, server: repl_server.CoopServer, elsewhere: ThreadPoolExecutor, client: WireClient
    ) -> None:
        asked = elsewhere.submit(client.value, "import threading; threading.get_ident()")
        assert polled(server, asked) == str(threading.get_ident())

    def test_after_the_budget_nothing_begins(
        self,
        server: repl_server.CoopServer,
        connect: Callable[[], WireClient],
        namespace: dict[str, Any],
    ) -> None:
        ran = namespace["ran"] = []
        clients = [connect() for _ in range(3)]
        for number, client in enumerate(clients):
            client.eval(f"ran.append({number})")
            client.eval(f"ran.append({number + 10})")
            arrived(client)
        assert ran == []
        server.poll(0)
        assert ran == [0]
        server.poll(0)
        assert ran == [0, 1]
        server.poll(budget=1_000_000)
        assert ran == [0, 1, 2, 10, 11, 12], "first in, first out, and sessions take turns"
        server.poll(0)

    def test_what_has_begun_is_not_cut_short(
        self, server: repl_server.CoopServer, client: WireClient, namespace: dict[str, Any]
    ) -> None:
        ident = client.eval("import time\ntime.sleep(0.01)\ntime.sleep(0.01)\n'all of it'")
        arrived(client)
        server.poll(0.001)
        assert gather(client.replies(ident))["values"] == ["'all of it'"]

    def test_sleep_evaluates_all_and_is_not_shorter_for_it(
        self, server: repl_server.CoopServer, client: WireClient
    ) -> None:
        asked = [client.eval(f"{number}") for number in range(20)]
        arrived(client)
        begun = time.monotonic()
        server.sleep(0.05)
        assert time.monotonic() - begun >= 0.05
        values = [gather(client.replies(ident))["values"] for ident in asked]
        assert values == [[f"{number}"] for number in range(20)]

    def test_nothing_that_is_raised_comes_out_of_poll(
        self, server: repl_server.CoopServer, elsewhere: ThreadPoolExecutor, client: WireClient
    ) -> None:
        for code in ("exit()", "raise KeyboardInterrupt", "raise GeneratorExit", "1/0"):
            result = polled(server, elsewhere.submit(client.result, code))
            assert "eval-error" in result["status"]

    def test_the_programs_output_stays_its_own(
        self,
        server: repl_server.CoopServer,
        elsewhere: ThreadPoolExecutor,
        client: WireClient,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        print("before")
        asked = elsewhere.submit(client.value_and_output, "print('within'); input")
        value, out = polled(server, asked)
        print("after")
        assert (value, out) == ("<built-in function input>", "within\n")
        assert capsys.readouterr().out == "before\nafter\n"

    def test_two_threads_poll(
        self,
        server: repl_server.CoopServer,
        elsewhere: ThreadPoolExecutor,
        connect: Callable[[], WireClient],
        namespace: dict[str, Any],
    ) -> None:
        """One evaluates; the other is not kept waiting for it."""
        running, at_once = [], namespace["at_once"] = [], []  # type: ignore[var-annotated]
        namespace["running"] = running
        ended = threading.Event()

        def program() -> None:
            while not ended.is_set():
                server.poll()

        def ask(client: WireClient) -> None:
            for _ in range(50):
                assert client.value(
                    "running.append(1); at_once.append(len(running)); running.pop()"
                )

        polling = [threading.Thread(target=program) for _ in range(2)]
        for thread in polling:
            thread.start()
        asked = [elsewhere.submit(ask, connect()) for _ in range(4)]
        for future in asked:
            future.result()
        ended.set()
        for thread in polling:
            thread.join()
        assert at_once == [1] * 200

    def test_a_second_thread_is_not_kept_waiting(
        self, server: repl_server.CoopServer, client: WireClient, namespace: dict[str, Any]
    ) -> None:
        begun = namespace["begun"] = threading.Event()
        go = namespace["go"] = threading.Event()
        ident = client.eval("begun.set(); go.wait()")
        arrived(client)
        first = threading.Thread(target=server.poll)
        first.start()
        assert begun.wait(20)
        server.poll()
        go.set()
        first.join()
        assert gather(client.replies(ident))["values"] == ["True"]

    def test_after_close_there_is_nothing_to_poll(self, server: repl_server.CoopServer) -> None:
        server.close()
        server.poll()
        server.sleep(0.001)


def arrived(client: WireClient) -> None:
    """Return when the server has taken all that the client has sent."""
    client.ask({"op": "ls-sessions"})


def polled(server: repl_server.CoopServer, asked: Future[Any]) -> Any:
    """Poll until a client has its answer."""
    while not asked.done():
        server.sleep(0.001)
    return asked.result()


AWAITING = {
    "a value": ("import asyncio\nawait asyncio.sleep(0, 'slept')", "'slept'", ""),
    "async with": (
        "import asyncio\nlock = asyncio.Lock()\nasync with lock:\n    print(lock.locked())\n1",
        "1",
        "True\n",
    ),
    "async for": (
        "async def numbers():\n"
        "    for i in range(3):\n        await asyncio.sleep(0)\n        yield i\n"
        "async for i in numbers(): print(i)\n2",
        "2",
        "0\n1\n2\n",
    ),
    "a comprehension": ("[i async for i in numbers()]", "[0, 1, 2]", ""),
    "an async generator": ("g = numbers(); await anext(g), await anext(g)", "(0, 1)", ""),
    "a task group": (
        "async with asyncio.TaskGroup() as group:\n"
        "    tasks = [group.create_task(asyncio.sleep(0, i)) for i in range(3)]\n"
        "[task.result() for task in tasks]",
        "[0, 1, 2]",
        "",
    ),
    "a timeout": (
        "try:\n    async with asyncio.timeout(0): await asyncio.sleep(1000)\n"
        "except TimeoutError as error: found = repr(error)\nfound",
        "'TimeoutError()'",
        "",
    ),
    "await within a call": ("max(await asyncio.sleep(0, 3), 2)", "3", ""),
    "another thread": (
        "def say(): print('in a thread'); return 7\nawait asyncio.to_thread(say)",
        "7",
        "in a thread\n",
    ),
}


@pytest.mark.modes("asyncio")
class TestAwaiting:
    def test_outside_functions(self, client: WireClient) -> None:
        for name, (code, value, out) in AWAITING.items():
            assert client.value_and_output(code) == (value, out), name

    def test_sessions_take_turns(self, connect: Callable[[], WireClient]) -> None:
        one, two, three = connect(), connect(), connect()
        one.result("import asyncio\nevents = [asyncio.Event(), asyncio.Event()]")
        first = one.eval("print('one', flush=True)\nawait events[0].wait()\nprint('one again')\n_")
        one.until(first, "out", "one")
        second = two.eval("print('two', flush=True)\nawait events[1].wait()\nprint('two again')\n_")
        two.until(second, "out", "two")
        assert three.value("'three'") == "'three'"
        three.result("events[1].set()")
        assert gather(two.replies(second))["out"].endswith("two again\n")
        three.result("events[0].set()")
        assert gather(one.replies(first))["out"].endswith("one again\n")

    def test_in_one_session_one_after_the_other(self, client: WireClient) -> None:
        client.result("import asyncio; event = asyncio.Event()")
        first, second = client.eval("await event.wait()"), client.eval("event.is_set()")
        client.session = None
        client.result("event.set()")
        assert gather(client.replies(first))["values"] == ["True"]
        assert gather(client.replies(second))["values"] == ["True"]

    def test_a_task_prints_to_its_client_when_the_evaluation_is_over(
        self, client: WireClient
    ) -> None:
        ident = client.eval(
            "import asyncio; event = asyncio.Event()\n"
            "async def later():\n    await event.wait()\n    print('late')\n"
            "task = asyncio.create_task(later())"
        )
        assert gather(client.replies(ident))["status"] == {"done"}
        assert client.result("print('other'); event.set()")["out"] == "other\n"
        assert client.next(ident)["out"] == "late\n"

    def test_a_thread_prints_to_its_client_when_the_evaluation_is_over(
        self, client: WireClient, namespace: dict[str, Any]
    ) -> None:
        go = namespace["go"] = threading.Event()
        ident = client.eval(
            "import asyncio\ndef later():\n    go.wait()\n    print('late')\n"
            "future = asyncio.ensure_future(asyncio.to_thread(later)); None"
        )
        assert gather(client.replies(ident))["status"] == {"done"}
        go.set()
        assert client.next(ident)["out"] == "late\n"

    def test_an_evaluation_that_does_not_await_can_be_interrupted(
        self, connect: Callable[[], WireClient]
    ) -> None:
        one, two = connect(), connect()
        ident = one.eval("print('begun', flush=True)\nwhile True: pass")
        one.until(ident, "out", "begun")
        waits = two.eval("'served'")
        one.send({"op": "interrupt"})
        assert "interrupted" in gather(one.replies(ident))["status"]
        assert gather(two.replies(waits))["values"] == ["'served'"]

    def test_an_interrupt_cancels_what_is_awaited(self, client: WireClient) -> None:
        code = (
            "import asyncio\n"
            "async def wait():\n"
            "    try:\n        print('begun', flush=True)\n        await asyncio.sleep(1000)\n"
            "    finally:\n        print('cleaned up')\n"
            "await asyncio.gather(wait(), wait())"
        )
        ident = client.eval(code)
        client.until(ident, "out", "begun")
        client.send({"op": "interrupt"})
        result = gather(client.replies(ident))
        assert result["status"] == {"done", "interrupted"}
        assert result["out"].count("cleaned up\n") == 2
        assert client.value("len(asyncio.all_tasks())") == "1", "the program's"

    def test_a_task_that_somebody_else_cancels(self, client: WireClient) -> None:
        client.result("import asyncio; task = asyncio.create_task(asyncio.sleep(1000))")
        client.result("asyncio.get_running_loop().call_soon(task.cancel)")
        assert client.result("await task")["ex"].endswith("CancelledError")
        assert client.value("task.cancelled()") == "True"


def test_a_loop_that_is_closed_under_the_server(directory: Path) -> None:
    started: list[repl_server.AsyncioServer] = []

    async def program() -> None:
        started.append(await repl_server.start(directory / "app.sock", namespace={}))

    asyncio.run(program())
    with started[0] as server, WireClient(server.address) as client:
        client.clone()
        for _ in range(2):
            result = client.result("1")
            assert "server-error" in result["status"]
            assert "loop is closed" in result["err"]
        assert "speed" not in str(client.ask({"op": "completions", "prefix": "spee"}))


class TestContextVariables:
    SET_UP = "import contextvars\nvariable = contextvars.ContextVar('variable', default='unset')"

    def test_each_session_has_its_own(self, connect: Callable[[], WireClient]) -> None:
        one, two = connect(), connect()
        one.result(self.SET_UP)
        one.result("token = variable.set('of one')")
        assert one.value("variable.get()") == "'of one'"
        assert two.value("variable.get()") == "'unset'"

    def test_a_clone_has_a_copy(self, client: WireClient) -> None:
        client.result(self.SET_UP)
        client.result("token = variable.set('of both')")
        original = client.session
        client.clone()
        assert client.value("variable.get()") == "'of both'"
        client.result("token = variable.set('of the clone')")
        client.session = original
        assert client.value("variable.get()") == "'of both'"

    @pytest.mark.modes("asyncio")
    def test_a_coroutine_sets_it(self, client: WireClient) -> None:
        client.result(self.SET_UP)
        client.result("import asyncio; await asyncio.sleep(0); token = variable.set('kept')")
        assert client.value("variable.get()") == "'kept'"


class TestTheThread:
    OPEN = (
        "import sqlite3, threading\n"
        "db = sqlite3.connect(':memory:'); thread = threading.get_ident()"
    )
    USE = "db.execute('select 1 + 1').fetchone()"

    def test_is_the_same_for_all_evaluations_of_a_session(self, client: WireClient) -> None:
        """So what is bound to a thread can be used: a database connection is."""
        client.result(self.OPEN)
        assert client.value(self.USE) == "(2,)"
        assert client.value("thread == threading.get_ident()") == "True"

    @pytest.mark.modes("cooperative", "asyncio")
    def test_is_the_same_for_all_sessions(self, connect: Callable[[], WireClient]) -> None:
        connect().result(self.OPEN)
        assert connect().value(self.USE) == "(2,)"

    @pytest.mark.modes("threads")
    def test_is_each_sessions_own(self, connect: Callable[[], WireClient]) -> None:
        one, two = connect(), connect()
        one.result(self.OPEN)
        assert two.result(self.USE)["ex"] == "sqlite3.ProgrammingError"
        assert one.value(self.USE) == "(2,)"

    @pytest.mark.modes("threads")
    def test_sessions_run_at_the_same_time(
        self, connect: Callable[[], WireClient], namespace: dict[str, Any]
    ) -> None:
        namespace["both"] = threading.Barrier(2)
        one, two = connect(), connect()
        ids = one.eval("both.wait(20) >= 0"), two.eval("both.wait(20) >= 0")
        assert gather(one.replies(ids[0]))["values"] == ["True"]
        assert gather(two.replies(ids[1]))["values"] == ["True"]
