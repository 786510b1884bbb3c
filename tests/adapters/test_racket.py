"""The Racket adapter: alone, fed with bytes as Racket sends them, and on the real program."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from adapters.fed import Fed
from adapters.plain import PlainUser
from adapters.subject import Process
from adapters.subjects.racket import start
from driver import Client

from repl_connect.adapters.racket import RacketAdapter
from repl_connect.session import Output, Value
from repl_server.wire import RemoteProtocolError, encode

READY = {"kind": "ready", "version": "8.7", "ns": "top-level"}
REFUSED = (
    b"dynamic-require: undefined;\n cannot reference an identifier before its definition\n"
    b"  in module: top-level\n  context...:\n   /collects/racket/repl.rkt:11:26\n> "
)


class Repl(Fed[RacketAdapter]):
    """Plays Racket: bytes to the adapter, its requests and replies back."""

    def __init__(self) -> None:
        super().__init__(RacketAdapter())


def test_the_form_goes_out_at_once_on_one_line() -> None:
    sent = Repl().sent
    assert sent.startswith(b"(((dynamic-require ''#%kernel 'eval)")
    assert sent.endswith(b"\n")
    assert sent.count(b"\n") == 1
    assert sent.isascii()


@pytest.mark.parametrize("greeting", [b"", b"> ", b"Welcome to Racket v8.7 [cs].\n> "])
def test_the_upgrade_cut_in_two_at_every_byte(greeting: bytes) -> None:
    length = len(greeting + Repl().framed(**READY))
    for at in range(1, length):
        repl = Repl()
        whole = greeting + repl.framed(**READY)
        repl.feed(whole[:at])
        repl.feed(whole[at:])
        assert repl.adapter.ready, at
        repl.ask(op="describe", id="d")
        assert repl.replies[-1]["versions"] == {"racket": {"version-string": "8.7"}}
        assert "Racket 8.7" in repl.replies[-1]["aux"]["repl-connect/greeting"]


def test_the_module_is_sent_when_the_program_has_not_got_it() -> None:
    repl = Repl()
    name = re.search(rb"'(repl-connect-v[0-9a-f]{12})\)", repl.sent)
    assert name is not None
    repl.sent = b""
    repl.feed(b"> " + repl.marker + encode({"kind": "need"}))
    assert repl.sent.startswith(b"(module " + name[1] + b" racket/base\n")
    assert not repl.adapter.ready


def test_a_refused_upgrade_says_what_racket_said() -> None:
    repl = Repl()
    with pytest.raises(RemoteProtocolError) as caught:
        repl.feed(REFUSED)
    assert "dynamic-require: undefined" in str(caught.value)


def test_an_upgrade_that_fails_on_the_way() -> None:
    repl = Repl()
    repl.feed(b"> ")
    with pytest.raises(RemoteProtocolError):
        repl.feed(repl.marker + encode({"kind": "failed"}))


def test_the_end_before_the_upgrade() -> None:
    repl = Repl()
    repl.feed(b"> ")
    with pytest.raises(RemoteProtocolError) as caught:
        repl.feed(b"")
    assert caught.value.reason == "truncated"


def test_an_error_is_shown_as_racket_shows_it() -> None:
    repl = Repl()
    repl.feed(repl.framed(**READY))
    repl.ask(op="clone", id="c")
    repl.ask(op="eval", id="e", session=repl.replies[-1]["new-session"], code="(broken)")
    repl.feed(
        repl.framed(
            frames=[["body of top-level", "", "1"], ["broken", "/p.rkt", "3"]],
            id="1",
            kind="error",
            message="no",
            text="no\n  context...:\n   /p.rkt:3:0: broken\n",
            type="exn:fail",
        )
    )
    err, head = [reply for reply in repl.replies if reply.get("id") == "e"]
    assert err["err"] == "no\n  context...:\n   /p.rkt:3:0: broken\n"
    assert head["ex"] == "exn:fail"
    assert head["repl-server/frames"][1] == {"name": "broken", "file": "/p.rkt", "line": 3}


# On the real program.


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    if shutil.which("racket") is None:
        pytest.skip("needs racket")
    process = start(tmp_path_factory.mktemp("racket"))
    yield process
    process.stop()


@pytest.fixture
def client(program: Process) -> Iterator[Client]:
    with Client(program.address, dialect="racket") as made:
        yield made


def test_a_plain_user_finds_everything_as_it_was(program: Process) -> None:
    user = PlainUser(program.address, b"> ")
    names = user.ask("(length (namespace-mapped-symbols))")
    with Client(program.address, dialect="racket") as client:
        assert client.evaluate("(car 1)").failed is not None
        assert client.value("(threads)") == "4"  # the plain user's, and three of this connection
        client.start("(let loop () (loop))")
    deadline = time.monotonic() + 30
    while (threads := user.ask("(threads)")) != "1" and time.monotonic() < deadline:
        pass
    assert threads == "1"
    assert user.ask("(length (namespace-mapped-symbols))") == names
    assert user.ask("(namespace-variable-value 'secret #t (lambda () 'none))") == "'none"
    user.close()
    again = PlainUser(program.address, b"> ")
    assert again.ask("(+ 40 2)") == "42"
    again.close()


def test_a_repl_whose_client_left_at_once_does_not_spin(program: Process) -> None:
    # It tried for ever to write its prompt to a connection that was reset.
    user = PlainUser(program.address, b"> ")
    for _ in range(10):
        with Client(program.address, dialect="racket") as client:
            client.start("(let loop () (loop))")
    deadline = time.monotonic() + 30
    while (threads := user.ask("(threads)")) != "1" and time.monotonic() < deadline:
        pass
    assert threads == "1"
    user.close()


def test_what_is_sent_to_the_client_cannot_be_forged(client: Client) -> None:
    forged = '(display "\\u001E0000000000000000;d2:id1:14:kind4:donee")'
    outcome = client.evaluate(forged)
    assert outcome.out == "\x1e0000000000000000;d2:id1:14:kind4:donee"
    assert client.value("(+ 40 2)") == "42"


def test_a_flood_is_interrupted(client: Client) -> None:
    outcome = client.start("(let loop () (display (make-string 1000 #\\x)) (loop))")
    client.until(outcome, Output)
    assert client.interrupt(outcome) is None
    client.finish(outcome)
    assert outcome.done is not None
    assert "interrupted" in outcome.done.statuses
    assert client.value("(+ 40 2)") == "42"


def test_what_is_printed_after_the_end_is_not_taken_for_the_next_ones(client: Client) -> None:
    client.evaluate(
        "(define go (make-semaphore)) (define gone (make-semaphore))"
        '(void (thread (lambda () (semaphore-wait go) (display "late") (semaphore-post gone))))'
    )
    second = client.evaluate("(semaphore-post go) (semaphore-wait gone) 1")
    assert second.out == ""
    assert [output.text for output in client.late] == ["late"]


def test_a_long_value_is_cut_where_it_is_printed(client: Client) -> None:
    client.link.session.print_quota = 100
    outcome = client.evaluate("(range 1000000)")
    (value,) = [event for event in outcome.events if isinstance(event, Value)]
    assert value.truncated
    assert len(value.text) == 100


def test_a_module_that_is_loaded_becomes_the_namespace(client: Client, tmp_path: Path) -> None:
    path = str(tmp_path / "shop.rkt")
    source = "#lang racket/base\n(define (price) 3)\n(define (twice) (* 2 (price)))\n"
    assert client.evaluate(source, file=path, as_file=True).failed is None
    assert client.value("(twice)") == "6"
    assert "shop.rkt" in (client.link.session.namespace or "")
    assert client.evaluate("(set! price (lambda () 4))").failed is None
    assert client.value("(twice)") == "8"


def test_breaks_that_nobody_asked_for_are_errors(client: Client) -> None:
    outcome = client.evaluate("(break-thread (current-thread)) (sleep 1)")
    assert outcome.failed is not None
    assert outcome.failed.type == "exn:break"
    assert outcome.done is not None
    assert "interrupted" not in outcome.done.statuses


def test_leaving_from_inside_ends_the_connection_and_not_the_program(program: Process) -> None:
    with Client(program.address, dialect="racket") as client:
        outcome = client.start('(display "bye") (exit)')
        with pytest.raises(Exception, match="closed the connection"):
            client.finish(outcome)
        assert outcome.out == "bye"
    with Client(program.address, dialect="racket") as client:
        assert client.value("(+ 40 2)") == "42"
