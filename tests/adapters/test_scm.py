"""The SCM adapter: alone, fed with bytes as SCM sends them, and on the real program."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator

import pytest
from adapters.fed import Fed
from adapters.plain import PlainUser
from adapters.subject import Process
from adapters.subjects.scm import start
from driver import Client

from repl_connect.adapters.scm import ScmAdapter
from repl_connect.errors import ConnectionLost
from repl_connect.session import NeedInput, Output
from repl_server.wire import RemoteProtocolError, encode

READY = {"kind": "ready", "version": "5f3", "ns": "scm"}


class Repl(Fed[ScmAdapter]):
    """Plays SCM: bytes to the adapter, what it sends and its replies back."""

    def __init__(self) -> None:
        super().__init__(ScmAdapter())


def test_nothing_is_sent_before_the_prompt() -> None:
    repl = Repl()
    repl.feed(b";loading something\n")
    assert repl.sent == b""
    repl.feed(b"> ")
    assert repl.sent.startswith(b"(let ((mark ")
    assert repl.sent.count(b"\n") == 1
    assert re.search(rb'"[0-9a-f]{16};"', repl.sent)


def test_the_upgrade_cut_in_two_at_every_byte() -> None:
    length = len(b"> " + Repl().marker + encode(READY))
    for at in range(1, length - 2):
        repl = Repl()
        repl.feed(b">")
        repl.feed(b" ")
        whole = repl.marker + encode(READY)
        repl.feed(whole[:at])
        repl.feed(whole[at:])
        assert repl.adapter.ready, at
        repl.adapter.send({"op": "describe", "id": "d"})
        repl.feed(b" ")
        described = repl.replies[0]
        assert described["versions"] == {"scheme": {"version-string": "5f3"}}
        assert "completions" not in described["ops"]
        assert "interrupt" in described["ops"]


def test_the_rest_is_sent_when_it_is_asked_for() -> None:
    repl = Repl()
    repl.feed(b"> ")
    repl.sent = b""
    repl.feed(repl.marker + encode({"kind": "need"}))
    assert b"\n(lambda (mark)\n" in repl.sent
    assert not repl.adapter.ready


def test_a_refused_upgrade_says_what_scm_said() -> None:
    repl = Repl()
    repl.feed(b"> ")
    with pytest.raises(RemoteProtocolError) as caught:
        repl.feed(b"\n;ERROR: unbound variable:  string-append\n; in top level environment.\n\n> ")
    assert "unbound variable:  string-append" in str(caught.value)


# On the real program.


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    if shutil.which("scm") is None or shutil.which("socat") is None:
        pytest.skip("needs scm and socat")
    process = start(tmp_path_factory.mktemp("scm"))
    yield process
    process.stop()


@pytest.fixture
def client(program: Process) -> Iterator[Client]:
    with Client(program.address, dialect="scm") as made:
        yield made


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("(car 5)", "car: Wrong type in arg1 5"),
        ('(error "boom" 1 "x")', 'boom 1 "x"'),
        ("no-such-name", "unbound variable:  no-such-name"),
        ("(vector-ref (vector) 3)", "vector-ref: Argument out of range 3"),
        (")", ""),
    ],
)
def test_errors_leave_no_debugger_behind(client: Client, code: str, message: str) -> None:
    outcome = client.evaluate(f"(define kept 7) {code}")
    if message:
        assert outcome.failed is not None
        assert outcome.failed.message == message
        assert outcome.err.startswith(message)
        assert "BREAKPOINT" not in outcome.err
    assert client.value("kept") == "7"


def test_what_was_printed_before_an_error_is_output(client: Client) -> None:
    outcome = client.evaluate('(begin (display "said" (current-error-port)) (car 5))')
    first = next(event for event in outcome.events if isinstance(event, Output))
    assert first.text == "said"
    assert outcome.failed is not None


def test_a_thousand_errors_do_not_fill_the_stack(client: Client) -> None:
    outcomes = [client.start("(car 5)") for _ in range(1000)]
    assert all(client.finish(outcome).failed is not None for outcome in outcomes)
    assert client.value("(+ 40 2)") == "42"


def test_a_wait_for_input_is_interrupted(client: Client) -> None:
    outcome = client.start("(read-line)")
    client.until(outcome, NeedInput)
    assert client.interrupt(outcome) is None
    client.finish(outcome)
    assert outcome.done is not None
    assert "interrupted" in outcome.done.statuses
    assert client.value("(+ 40 2)") == "42"


def test_a_flood_is_interrupted(client: Client) -> None:
    outcome = client.start("(let loop () (display (make-string 1000 #\\x)) (loop))")
    client.until(outcome, Output)
    assert client.interrupt(outcome) is None
    client.finish(outcome)
    assert outcome.done is not None
    assert "interrupted" in outcome.done.statuses
    assert client.value("(+ 40 2)") == "42"


def test_a_name_is_looked_up_while_it_evaluates(client: Client) -> None:
    outcome = client.start('(begin (display "on") (newline) (let loop () (loop)))')
    client.until(outcome, Output)
    assert client.lookup("warn")["arglists-str"] == "(warn . args)"
    assert outcome.done is None
    client.interrupt(outcome)
    client.finish(outcome)


def test_a_long_value_is_cut(client: Client) -> None:
    client.link.session.print_quota = 100
    outcome = client.evaluate("(make-string 1000 #\\x)")
    (value,) = outcome.values
    assert len(value) == 100


def test_quit_ends_the_process_with_its_output(program: Process) -> None:
    with Client(program.address, dialect="scm") as client:
        outcome = client.start('(begin (display "bye") (quit))')
        with pytest.raises(ConnectionLost):
            client.finish(outcome)
        assert outcome.out == "bye"


def test_a_plain_user_finds_the_ordinary_prompt(program: Process) -> None:
    with Client(program.address, dialect="scm") as client:
        assert client.evaluate("(car 5)").failed is not None
    user = PlainUser(program.address, b"> ")
    assert user.ask("(+ 40 2)") == "42"
    user.close()
