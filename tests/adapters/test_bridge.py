"""A bridge in front of real programs in Guile, used by nREPL clients of all kinds."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from adapters.bridging import BridgeProcess
from client.fakes import FakeServer, Talk
from client.programs import clojure_class_path
from conformance.test_command_line import CommandLine
from driver import Client
from guile.programs import GUILE, GuileProgram
from server.conftest import wait_until
from server.wire_client import WireClient, gather

from repl_server.wire import encode

NO_UPSTREAM = "repl-connect/no-upstream"
LOOP = '(begin (display "going\\n") (let lp () (lp)))'

pytestmark = pytest.mark.skipif(GUILE is None, reason="guile is not installed")

Start = Callable[..., GuileProgram]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts programs, whose REPL listens at the same place."""
    programs: list[GuileProgram] = []

    def started(*, cooperative: bool = True) -> GuileProgram:
        (tmp_path / "guile-socket").unlink(missing_ok=True)
        programs.append(GuileProgram(tmp_path, cooperative=cooperative, pause=0.02))
        return programs[-1]

    yield started
    for program in programs:
        program.stop()


def clients(program: GuileProgram) -> int:
    """How many connections to its socket there are (proc(5): their state is 03)."""
    lines = Path("/proc/net/unix").read_text(encoding="utf-8").splitlines()
    here = [line.split() for line in lines if line.endswith(f" {program.address}")]
    return sum(fields[5] == "03" for fields in here)


@pytest.fixture
def bridge(tmp_path: Path) -> Iterator[BridgeProcess]:
    with BridgeProcess("./guile-socket", "./bridge.sock", directory=tmp_path) as running:
        yield running


def test_two_clients_have_one_repl_and_a_session_each(start: Start, bridge: BridgeProcess) -> None:
    start()
    one, two = bridge.open(), bridge.open()
    assert one.session != two.session
    assert one.value("(define answer 42) answer") == "42"
    assert two.value("answer") == "42"
    one.result("(set-current-module (resolve-module '(ice-9 rdelim)))")
    assert one.value("(procedure? read-delimited)") == "#t"
    assert two.value("(+ 1 2)", ns="(guile-user)") == "3"
    assert two.result("(list answer)")["ns"] == "(guile-user)"


def test_our_own_client_sees_what_it_is(start: Start, bridge: BridgeProcess) -> None:
    start()
    with Client(bridge.address) as client:
        assert client.link.greeting == "Guile 3.0.8, cooperative, upgraded"
        assert client.value("(+ 1 2)") == "3"


def test_the_program_has_a_client_only_while_somebody_wants_something(
    start: Start, bridge: BridgeProcess
) -> None:
    program = start(cooperative=False)
    silent = bridge.client()
    one, two = bridge.open(), bridge.open()
    assert one.value("(+ 1 2)") == two.value("(+ 1 2)") == "3"
    assert clients(program) == 1
    one.close()
    assert two.value("(+ 1 2)") == "3"
    two.close()
    wait_until(lambda: not clients(program))
    silent.clone()
    assert silent.value("(+ 1 2)") == "3"


def test_a_connection_that_says_nothing_connects_nothing(tmp_path: Path) -> None:
    with (
        FakeServer(Talk.read_to_end, tmp_path) as server,
        BridgeProcess(server.address, "./b.sock", directory=tmp_path) as bridge,
        bridge.client() as client,
    ):
        client.socket.shutdown(1)
        client.read_to_the_end()
        assert server.talks == []


def test_an_eager_bridge_is_connected_from_the_start_and_stays(
    start: Start, tmp_path: Path
) -> None:
    program = start(cooperative=False)
    with BridgeProcess("./guile-socket", "./b.sock", "--eager", directory=tmp_path) as bridge:
        wait_until(lambda: clients(program) == 1)
        with bridge.open() as client:
            assert client.value("(+ 1 2)") == "3"
        with bridge.open() as client:
            assert client.value("(+ 1 2)") == "3"
        assert clients(program) == 1
        assert bridge.end() == (0, "")
    wait_until(lambda: not clients(program))


def test_an_eager_bridge_ends_if_there_is_nothing_to_connect_to(tmp_path: Path) -> None:
    with BridgeProcess("./no.sock", "./b.sock", "--eager", directory=tmp_path) as bridge:
        _, said = bridge.process.communicate()
        assert bridge.process.returncode == 3
        assert b"there is no such socket" in said
    assert not (tmp_path / "b.sock").exists()


def test_interrupt_while_the_loop_of_the_program_goes_on(
    start: Start, bridge: BridgeProcess
) -> None:
    program = start()
    client = bridge.open()
    ident = client.eval(LOOP)
    client.until(ident, "out", "going\n")
    interrupt = client.send({"op": "interrupt", "interrupt-id": ident})
    assert {"done", "interrupted"} <= set(client.replies(ident)[-1]["status"])
    assert client.replies(interrupt)[-1]["status"] == ["done"]
    assert program.turn() < program.turn()
    assert client.value("(+ 1 2)") == "3"


def test_a_client_that_leaves_takes_its_evaluation_with_it(
    start: Start, bridge: BridgeProcess
) -> None:
    program = start()
    with bridge.open() as client:
        client.until(client.eval(LOOP), "out", "going\n")
    assert program.turn() < program.turn()
    assert bridge.open().value("(+ 1 2)") == "3"


def test_requests_without_a_program_are_refused_with_the_reason(
    start: Start, bridge: BridgeProcess
) -> None:
    client = bridge.client()
    (refused,) = client.ask({"op": "describe"})
    assert set(refused["status"]) == {"done", "error", NO_UPSTREAM}
    assert "there is no such socket" in refused["err"]
    start()
    client.clone()
    assert client.value("(+ 1 2)") == "3"


def test_a_program_that_ends_ends_what_runs_and_the_next_one_is_connected_to(
    start: Start, bridge: BridgeProcess
) -> None:
    program = start()
    client = bridge.open()
    session = client.session
    first = client.eval(LOOP)
    client.until(first, "out", "going\n")
    waiting = client.eval("(+ 1 2)")
    program.stop()
    for ident in (first, waiting):
        last = client.replies(ident)[-1]
        assert set(last["status"]) == {"done", "error", NO_UPSTREAM}
        assert "closed the connection" in last["err"]
        assert last["session"] == session
    assert NO_UPSTREAM in client.ask({"op": "eval", "code": "1"})[-1]["status"]

    start()
    result = client.result("(+ 1 2)")
    assert result["values"] == ["3"]
    assert "connected to again" in result["err"]
    assert client.value("(+ 2 3)") == "5"


def test_a_job_keeps_the_connection_until_somebody_has_its_result(
    start: Start, bridge: BridgeProcess
) -> None:
    program = start(cooperative=False)
    with bridge.open() as client:
        code = "(begin (usleep 300000) (+ 40 2))"
        (submitted,) = client.ask({"op": "repl-server/submit", "code": code})
    with bridge.client() as client:
        request = {"op": "repl-server/result", "job": submitted["job"], "wait": 20}
        (result,) = client.ask(request)
        assert result["state"] == "finished"
        assert result["values"] == ["42"]
        assert clients(program) == 1
    wait_until(lambda: not clients(program))


def test_a_client_that_does_not_read_holds_nobody_up_for_ever(
    start: Start, bridge: BridgeProcess
) -> None:
    start(cooperative=False)
    client, other = bridge.open(), bridge.open()
    assert other.value("(+ 1 2)") == "3"
    before = bridge.memory()
    client.eval("(let lp () (display (make-string 10000 #\\x)) (lp))")
    assert other.value("(+ 1 2)") == "3"  # its turn comes when the other was dropped
    assert bridge.memory() - before < 32 << 20


@pytest.mark.skipif(
    shutil.which("clojure") is None or clojure_class_path() is None,
    reason="clojure or its nREPL is not installed",
)
def test_clojures_own_command_line_evaluates_scheme(start: Start, tmp_path: Path) -> None:
    program = start()
    options = ("localhost:0", "--port-file")
    with BridgeProcess("./guile-socket", *options, directory=tmp_path) as bridge:
        repl = CommandLine(f"127.0.0.1:{bridge.address.rpartition(':')[2]}")
        try:
            repl.shown("user=> ")
            repl.type("(+ 40 2)")
            assert repl.shown("(guile-user)=> ") == "42\n"
            repl.type('(string-append "a" "b")')
            assert repl.shown("(guile-user)=> ") == '"ab"\n'
            say = '(display "going" to) (newline to) (force-output to)'
            repl.type(f"(let ((to (fdes->outport 1))) {say} (let lp () (lp)))")
            program.wait_for_line(lambda line: line.endswith("going"))
            repl.interrupt()
            repl.shown("(guile-user)=> ")
            repl.type("(car 1)")
            assert "Wrong type" in repl.shown("(guile-user)=> ")
            assert program.turn() < program.turn()
        finally:
            repl.close()
        assert program.alive


def test_what_is_sent_satisfies_the_strictest_client(start: Start, bridge: BridgeProcess) -> None:
    start()
    client = bridge.open()
    (told,) = client.ask({"op": "describe"})
    assert isinstance(told["ops"], dict)
    assert "clojure" not in told["versions"]
    assert client.ask({"op": "classpath"})[-1]["classpath"] == []
    assert client.session in client.ask({"op": "ls-sessions"})[-1]["sessions"]
    found = client.ask({"op": "completions", "prefix": "string-appe", "ns": ""})[-1]
    assert "candidate" in next(iter(sorted(found["completions"][0])))
    for message in (
        {"op": "eval", "code": "(+ 1 2)"},
        {"op": "load-file", "file": "(+ 1 2)", "file-path": "/tmp/a.scm", "file-name": "a.scm"},
    ):
        result = gather(client.replies(client.send(message)))
        assert result["values"] == ["3"]
        assert result["status"] == {"done"}
    (idle,) = client.ask({"op": "interrupt"})
    assert set(idle["status"]) == {"done", "session-idle"}
    (closed,) = client.ask({"op": "close"})
    assert set(closed["status"]) == {"done", "session-closed"}


def test_an_op_that_is_no_text_is_refused_and_the_bridge_goes_on(
    start: Start, bridge: BridgeProcess
) -> None:
    start()
    client = bridge.open()
    (refused,) = client.ask({"op": ["eval"]})
    assert {"done", "error"} <= set(refused["status"])
    client.socket.sendall(encode({"op": {"a": 1}, "id": ["a"], "session": []}))
    assert {"done", "error"} <= set(client.receive()["status"])
    assert client.value("(+ 1 2)") == "3"


def test_a_session_of_another_client_can_be_used(start: Start, bridge: BridgeProcess) -> None:
    start()
    one = bridge.open()
    two: WireClient = bridge.client()
    two.session = two.ask({"op": "ls-sessions"})[-1]["sessions"][0]
    assert two.session == one.session
    assert two.value("(+ 1 2)") == "3"
