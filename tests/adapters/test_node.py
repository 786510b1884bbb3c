"""Node's adapter: fed with bytes, and in front of real REPLs of each kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from adapters.plain import PlainUser
from adapters.subject import Process
from adapters.subjects.node import PHRASES, start_node
from driver import Client

from repl_connect.adapters.node import NodeAdapter
from repl_connect.session import Output
from repl_server.wire import Message, RemoteProtocolError, encode

KINDS = ("", "global", "terminal")


# Fed with bytes.


def told(adapter: NodeAdapter, data: bytes) -> list[Message]:
    """The replies that these bytes bring."""
    adapter.receive_data(data)
    replies = []
    while isinstance(event := adapter.next_event(), dict):
        replies.append(event)
    return replies


@pytest.mark.parametrize("prompt", [b"> ", b"\x1b[1G\x1b[0J> \x1b[3G", b"Welcome\n> "])
def test_the_greeting_cut_in_two_at_every_byte(prompt: bytes) -> None:
    for at in range(1, len(prompt) + 1):
        adapter = NodeAdapter()
        adapter.receive_data(prompt[:at])
        if at < len(prompt):
            adapter.receive_data(prompt[at:])
        line = adapter.data_to_send()
        assert line.count(b"\n") == 1
        assert line.isascii()


def test_what_follows_the_upgrade_cut_in_two_at_every_byte() -> None:
    for at in range(1, 200):
        adapter = NodeAdapter()
        adapter.receive_data(b"> ")
        adapter.send({"op": "describe", "id": "d"})
        ready = encode({"kind": "ready", "version": "20.1.0", "ns": "repl"})
        stream = f"undefined\n\x1e{adapter.nonce};".encode() + ready + "✓ outside".encode()
        if at > len(stream):
            break
        replies = told(adapter, stream[:at])
        if stream[at:]:
            replies += told(adapter, stream[at:])
        described = next(reply for reply in replies if reply.get("id") == "d")
        assert described["aux"]["repl-connect/greeting"] == "Node 20.1.0, upgraded"
        assert "".join(each.get("out", "") for each in replies if "id" not in each) == "✓ outside"


def test_an_upgrade_that_is_refused() -> None:
    adapter = NodeAdapter()
    adapter.receive_data(b"> ")
    with pytest.raises(RemoteProtocolError, match="require is not defined"):
        told(adapter, b"Uncaught ReferenceError: require is not defined\n> ")


# Real ones.


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[str], Process]]:
    """Starts a program with REPLs of a kind."""
    with ExitStack() as stack:

        def started(kind: str) -> Process:
            program = start_node(tmp_path, kind)
            stack.callback(program.stop)
            return program

        yield started


@pytest.fixture
def program(start: Callable[[str], Process]) -> Process:
    """One with REPLs of the usual kind."""
    return start("")


@pytest.fixture
def client(program: Process) -> Iterator[Client]:
    """A client of one."""
    with Client(program.address, dialect="node") as opened:
        yield opened


STATE = (
    "[process.stdout, process.stderr].map((each) => Object.getOwnPropertyNames(each)"
    '.includes("write")).join() + require("repl").REPLServer.prototype.displayPrompt.toString()'
    ".length + process.eventNames().map((each) => String(each) + process.listenerCount(each))"
    " + Object.getOwnPropertyNames(globalThis).length"
)


def test_after_us_the_program_is_as_it_was(program: Process) -> None:
    plain = PlainUser(program.address, b"> ", b"> \x1b[3G")
    before = plain.ask(STATE)
    for _ in range(2):
        with Client(program.address, dialect="node") as client:
            assert client.evaluate(PHRASES.print).out == "hello\n"
            assert client.evaluate(PHRASES.fail).failed is not None
            assert client.value("await 7") == "7"
            assert plain.ask(STATE) != before
            assert plain.ask('console.log("plain"); 1') == "plain\n1"
    while plain.ask(STATE) != before:  # its end of the connection sees us leave
        pass


@pytest.mark.parametrize("kind", ["", "global"])
def test_a_repl_that_is_left_goes_on_with_its_prompt(
    start: Callable[[str], Process], kind: str
) -> None:
    plain = PlainUser(start(kind).address, b"> ", b"> \x1b[3G")
    before = plain.ask("Object.getOwnPropertyNames(globalThis).length")
    adapter = NodeAdapter()
    adapter.receive_data(b"> ")
    plain.stream.sendall(adapter.data_to_send())
    while not adapter.ready:
        told(adapter, plain.stream.recv(65536))
    adapter.quit()
    plain.stream.sendall(adapter.data_to_send())
    assert plain.answer() == ""
    assert plain.ask("6 * 7") == "42"
    if not kind:  # elsewhere the console is the program's
        assert plain.ask('console.log("mine")') == "mine\nundefined"
    assert plain.ask("null.x").startswith("Uncaught TypeError")
    assert plain.ask("await 7") == "7"
    assert plain.ask("Object.getOwnPropertyNames(globalThis).length") == before


def test_a_repl_with_a_line_editor(start: Callable[[str], Process]) -> None:
    with Client(start("terminal").address, dialect="node") as client:
        assert client.value(PHRASES.sum) == "42"
        assert client.evaluate(PHRASES.print).out == "hello\n"
        assert client.evaluate(PHRASES.fail).failed is not None
        assert not client.late


@pytest.mark.parametrize("kind", KINDS)
def test_vanishing_does_no_harm(start: Callable[[str], Process], kind: str) -> None:
    program = start(kind)
    for _ in range(3):
        client = Client(program.address, dialect="node")
        outcome = client.start(
            'setInterval(() => console.log("tick"), 1); await new Promise(() => {})'
        )
        client.until(outcome, Output)
        client.link._stream.close()
    with Client(program.address, dialect="node") as client:
        assert client.value(PHRASES.sum) == "42"
    assert program.alive


def test_declarations_last_and_several_values_are_waited_for(client: Client) -> None:
    client.evaluate("let a = 1; const b = 2; class C { m() {} }\nfunction f(x, y = 2) { return x }")
    assert client.value("a + b + f(3)") == "6"
    assert client.value("const c = await Promise.resolve(4); c") == "4"
    assert client.value("c + new C().m.length") == "4"
    assert client.value("{ a: 1 }") == "{ a: 1 }"
    assert client.value("_.a") == "1"
    assert client.value('require("path").sep') == "'/'"


def test_two_evaluations_wait_at_once(client: Client, program: Process) -> None:
    with Client(program.address, dialect="node") as second:
        waiting = client.start(
            "const made = new Promise((done) => { shared.done = done });"
            'console.log("waits"); await made'
        )
        client.until(waiting, Output)
        opened: list[str | None] = []
        client.link.session.open(opened.append)
        assert client.link.run_until(lambda: bool(opened), 30)
        assert opened[0] is not None
        client.link.session.use(opened[0])
        assert client.value("1") == "1"
        second.evaluate("shared.done(5)")
        assert client.finish(waiting).values == ["5"]


def test_what_is_left_behind_may_still_print_and_fail(client: Client) -> None:
    code = 'setTimeout(() => { console.log("late"); throw new Error("later") }, 1); 1'
    assert client.value(code) == "1"
    client.link.run_until(lambda: any("later" in each.text for each in client.late), 30)
    assert any(each.text == "late\n" and each.stream == "out" for each in client.late)
    assert client.value(PHRASES.sum) == "42"


def test_an_error_elsewhere_does_not_end_what_waits(client: Client) -> None:
    outcome = client.evaluate(
        'setTimeout(() => { throw new Error("elsewhere") }, 1);'
        "await new Promise((done) => setTimeout(done, 50)); 3"
    )
    assert "elsewhere" in outcome.err
    assert "domainThrown" not in outcome.err
    assert outcome.failed is None
    assert outcome.values == ["3"]


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("throw 42", "Uncaught 42\n"),
        ("throw null", "Uncaught null\n"),
        ("throw undefined", "Uncaught undefined\n"),
        ("await Promise.reject(7)", "Uncaught 7\n"),
        ('throw Object.assign(new Error("with more"), { code: 5 })', "code: 5"),
        (")", "SyntaxError: Unexpected token ')'"),
        ("'abc", "SyntaxError: Invalid or unexpected token"),
        ("nowhere", "ReferenceError: nowhere is not defined"),
        ("({ get x() { throw new Error('inner') } }).x", "Error: inner"),
        ("throw { toString() { throw 1 } }", "Uncaught"),
    ],
)
def test_whatever_is_thrown_is_an_error(client: Client, code: str, said: str) -> None:
    outcome = client.evaluate(code)
    assert outcome.failed is not None
    assert said in outcome.err
    assert "repl-connect" not in outcome.err
    assert "node:vm" not in outcome.err
    assert client.value(PHRASES.sum) == "42"


def test_places_in_files_and_in_selections(client: Client) -> None:
    outcome = client.evaluate("let q\n  nowhere()", file="/nowhere/m.js", line=41, column=3)
    assert "/nowhere/m.js:42:3" in outcome.err
    first = client.evaluate("nowhere()", file="/nowhere/m.js", line=7, column=5)
    assert "/nowhere/m.js:7:5" in first.err
    syntax = client.evaluate("1\nlet let", file="/nowhere/n.js")
    assert syntax.failed is not None
    assert [(frame.file, frame.line) for frame in syntax.failed.frames] == [("/nowhere/n.js", 2)]


def test_a_loop_that_never_waits_is_not_interrupted_but_nothing_is_lost(client: Client) -> None:
    outcome = client.start(
        'console.log("on"); for (const end = Date.now() + 300; Date.now() < end;); 1'
    )
    client.until(outcome, Output)
    client.interrupt(outcome)
    assert client.finish(outcome).values == ["1"]


def test_output_that_looks_like_a_frame_or_a_prompt_is_output(client: Client) -> None:
    text = "\\x1e0123456789abcdef;d4:kind4:donee> "
    outcome = client.evaluate(f'process.stdout.write("{text}")')
    assert outcome.out == "\x1e0123456789abcdef;d4:kind4:donee> "


def test_values_are_cut_as_asked(client: Client) -> None:
    client.link.session.print_quota = 10
    assert client.evaluate("'x'.repeat(100)").values == ["'" + "x" * 9]


def test_names_are_known_and_no_getter_is_run(client: Client) -> None:
    client.evaluate("const thing = { size: 3, get sizzle() { throw new Error() }, m(a, b) {} }")
    found = [each.text for each in client.complete("thing.siz")]
    assert set(found) == {"thing.size", "thing.sizzle"}
    assert client.lookup("thing.sizzle") == {}
    assert client.lookup("thing.m")["arglists-str"] == "(a, b)"
    assert "native" in client.lookup("encodeURIComponent")["doc"].lower()
    assert client.lookup("thing.m()") == {}
