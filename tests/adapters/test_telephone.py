"""telephone over HTTP: its answers taken apart, and a stand-in for it served as an nREPL server."""

from __future__ import annotations

import contextlib
import re
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from adapters.prompts import open_prompt
from adapters.subject import Process, free_port
from client.command import run
from client.fakes import FakeServer, Talk
from driver import LONG, Client

from repl_connect.address import HttpAddress, parse_address
from repl_connect.connect import connect
from repl_connect.errors import ConnectError, NotListening
from repl_connect.languages import language_of
from repl_connect.telephone.calls import Answer, Telephone, TelephoneError, error_in

PROGRAMS = Path(__file__).parent / "programs"


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """A stand-in for telephone."""
    port = free_port()
    process = Process(
        [sys.executable, str(PROGRAMS / "telephone.py"), str(port)],
        f"127.0.0.1:{port}",
        directory=tmp_path_factory.mktemp("telephone"),
    )
    yield process
    assert process.alive
    process.stop()


@pytest.fixture
def client(program: Process) -> Iterator[Client]:
    with Client(f"http://{program.address}") as made:
        yield made


def ask(client: Client, **message: Any) -> dict[str, Any]:
    """All that is replied to a request."""
    replies: list[dict[str, Any]] = []
    client.link.session.request(message, replies.append)
    assert client.link.run_until(lambda: any("done" in r["status"] for r in replies), LONG)
    return replies[-1]


def other_threads() -> list[str]:
    return [each.name for each in threading.enumerate() if each.name.startswith("telephone")]


# Evaluating.


def test_it_says_what_it_is_and_what_it_can(client: Client) -> None:
    assert client.link.greeting == "telephone over HTTP, the newest job first"
    description = client.link.session.description
    assert description is not None
    assert {"eval", "interrupt", "repl-server/submit"} <= description.ops
    assert not {"load-file", "stdin", "completions", "lookup"} & description.ops
    assert language_of(description).lexer == "common-lisp"


def test_a_value_is_shown_under_the_id_of_its_job(client: Client) -> None:
    outcome = client.evaluate("(+ 40 2)")
    assert outcome.values == ["42"]
    assert (outcome.labels[0] or "").startswith("G")
    assert not outcome.out + outcome.err


def test_connecting_evaluates_nothing(program: Process) -> None:
    idents = []
    for _ in range(2):
        with Client(f"http://{program.address}") as client:
            idents.append(int((client.evaluate("1").labels[0] or "")[1:]))
    assert idents[1] == idents[0] + 1


def test_each_form_is_a_job(client: Client) -> None:
    code = '; a comment (\n(+ 1 1)\n\'foo "two\n(lines"\n#| and ) |# (+ 2\n 3)'
    assert client.evaluate(code).values == ["2", "FOO", '"two\n(lines"', "(+ 2\n 3)"]


def test_nothing_to_evaluate(client: Client) -> None:
    outcome = client.evaluate("; only a comment")
    assert (outcome.values, outcome.err, outcome.failed) == ([], "", None)


@pytest.mark.parametrize("text", ['"schön ✓ 🐍"', '"a+b&c=d%20;e"', '"\udcff"', '"\\"#\\\\"'])
def test_text_is_safe_both_ways(client: Client, text: str) -> None:
    assert client.value(text) == text


def test_what_can_not_be_read_back_is_text_all_the_same(client: Client) -> None:
    assert client.value("#'car") == "#<FUNCTION CAR>"


def test_what_looks_like_an_error_is_shown_and_called_one(client: Client) -> None:
    outcome = client.evaluate("(car 5) (+ 1 1)")
    assert outcome.values == ["(ERROR TYPE-ERROR)"]
    assert outcome.failed is not None
    assert outcome.failed.type == "TYPE-ERROR"
    assert "looks the same" in outcome.err
    assert client.value("(+ 1 1)") == "2"


def test_an_unbalanced_form(client: Client) -> None:
    outcome = client.evaluate("(+ 1")
    assert outcome.failed is not None
    assert outcome.failed.type == "END-OF-FILE"


def test_a_value_is_cut_where_it_was_asked_to_be(client: Client) -> None:
    client.link.session.print_quota = 10
    outcome = client.evaluate("(huge)")
    assert outcome.values == ['"xxxxxxxxx']
    client.link.session.print_quota = None
    assert len(client.value("(huge)")) == 100_002


def test_another_package_is_not_to_be_had(client: Client) -> None:
    done = client.evaluate("1", namespace="MY-APP").done
    assert done is not None
    assert "namespace-not-found" in done.statuses


def test_what_runs_can_be_waited_for_no_more(client: Client) -> None:
    outcome = client.start("(wait)")
    queued = client.start("(+ 1 1)")
    assert client.interrupt(outcome) is None
    done = client.finish(outcome).done
    assert done is not None
    assert done.interrupted
    assert "waited for no more" in outcome.err
    assert client.finish(queued).values == ["2"]
    assert client.evaluate("(go-on)").values == ["T"]


def test_many_at_once(program: Process) -> None:
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(Client(f"http://{program.address}")) for _ in range(4)]
        outcomes = [each.start(f"(+ {number})") for number, each in enumerate(clients)]
        for number, (each, outcome) in enumerate(zip(clients, outcomes, strict=True)):
            assert each.finish(outcome).values == [str(number)]


def test_no_thread_is_left_behind(program: Process) -> None:
    with Client(f"http://{program.address}") as client:
        client.start("(wait)")
        assert ask(client, op="repl-server/jobs")["jobs"] == []
        assert other_threads()
    for thread in threading.enumerate():
        if thread.name.startswith("telephone"):
            thread.join(LONG)
    assert not other_threads()


# Jobs.


def test_a_job_is_left_and_fetched_by_another(program: Process) -> None:
    with Client(f"http://{program.address}") as client:
        ident = ask(client, op="repl-server/submit", code="(+ 20 22)", name="sum")["job"]
        (job,) = ask(client, op="repl-server/jobs")["jobs"]
        assert (job["job"], job["name"], job["code"]) == (ident, "sum", "(+ 20 22)")
        assert job["state"] in ("queued", "running", "finished")
    with Client(f"http://{program.address}") as client:
        result = ask(client, op="repl-server/result", job=ident, wait="20")
        assert (result["state"], result["values"]) == ("finished", ["42"])
        assert ask(client, op="repl-server/jobs")["jobs"] == []


def test_the_states_of_jobs_and_their_order(client: Client) -> None:
    def state(ident: str, **how: str) -> str:
        return str(ask(client, op="repl-server/result", job=ident, **how)["state"])

    first, last = (
        ask(client, op="repl-server/submit", code=code)["job"] for code in ("(wait)", "(car 5)")
    )
    assert state(last, wait="20") == "failed"
    assert state(first) in ("queued", "running")
    ask(client, op="repl-server/submit", code="(go-on)")
    assert state(first, wait="20") == "finished"
    listed = {job["job"]: job["state"] for job in ask(client, op="repl-server/jobs")["jobs"]}
    assert (listed[first], listed[last]) == ("finished", "failed")
    failed = ask(client, op="repl-server/jobs", state="failed")["jobs"]
    assert [job["job"] for job in failed] == [last]


@pytest.mark.parametrize(
    ("message", "status"),
    [
        ({"op": "repl-server/result", "job": "G1"}, "repl-server/unknown-job"),
        ({"op": "repl-server/result"}, "invalid-field"),
        ({"op": "repl-server/submit", "code": "1 2"}, "repl-server/one-form"),
        ({"op": "repl-server/submit", "code": " ; nothing"}, "no-code"),
        ({"op": "repl-server/cancel", "job": "G100"}, "repl-server/not-interruptible"),
    ],
)
def test_what_jobs_can_not_do(client: Client, message: dict[str, Any], status: str) -> None:
    assert status in ask(client, **message)["status"]


# The command.


def test_the_command_line(program: Process) -> None:
    address = f"http://{program.address}"
    finished = run(address, "(+ 1 2) '✓")
    assert (finished.code, finished.out, finished.err) == (0, "3\n✓\n", "")
    failed = run(address, "(car 5)")
    assert (failed.code, failed.out) == (1, "(ERROR TYPE-ERROR)\n")


def test_at_a_terminal(program: Process, tmp_path: Path) -> None:
    with open_prompt(tmp_path, f"http://{program.address}", prompt="CL-USER>") as terminal:
        terminal.wait_for("telephone over HTTP, the newest job first at http://")
        terminal.enter("(+ 40")
        terminal.enter("2)")
        terminal.wait_until(lambda: re.search(r"(?m)^G\d+ = ", terminal.all_text), "a value")
        terminal.enter("(car 5)")
        terminal.wait_for("is what telephone makes of an error of the type TYPE-ERROR")
        terminal.enter("(wait)")
        terminal.press("ctrl-c")
        terminal.wait_for_line("interrupted")
        terminal.enter(",submit (+ 5 6)")
        terminal.wait_for(" finished: 11")
        terminal.enter(",jobs")
        terminal.wait_for("(+ 5 6)")
        terminal.wait_for_current("CL-USER>")
        terminal.press("ctrl-d")
        assert terminal.wait_exit() == 0


# Its answers.


def read_request(talk: Talk) -> None:
    """Read one, its body too."""
    while b"\r\n\r\n" not in talk.received and talk.read():
        pass
    head, _, body = talk.received.partition(b"\r\n\r\n")
    length = re.search(rb"Content-Length: (\d+)", head)
    while length is not None and len(body) < int(length[1]):
        body += talk.read()


def answering(status: str, body: bytes) -> Any:
    def behave(talk: Talk) -> None:
        read_request(talk)
        talk.say(
            b"HTTP/1.1 %b\r\nContent-Length: %d\r\n\r\n%b" % (status.encode(), len(body), body)
        )

    return behave


def telephone(server: FakeServer) -> Telephone:
    host, _, port = server.address.rpartition(":")
    return Telephone(HttpAddress(host, int(port)), 10)


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        (b"%28TELEPHONE%3A%3AFINISHED%203%29", Answer("finished", "3")),
        (b"%28FINISHED+%28A+.+%22%29%22%29%29", Answer("finished", '(A . ")")')),
        (b"%28telephone%3Afinished%20%22a%2Bb%20%C3%A9%22%29", Answer("finished", '"a+b é"')),
        (b"%28FINISHED%20%22%FF%22%29", Answer("finished", '"\udcff"')),
        (b"%28SYSTEM-DOWN%20NIL%29", Answer("queued")),
        (b"(RUNNING NIL)", Answer("running")),
        (b"(ID-NOT-FOUND NIL)", Answer("unknown")),
    ],
)
def test_a_result(body: bytes, answer: Answer) -> None:
    with FakeServer(answering("200 OK", body), None) as server:
        assert telephone(server).result("G1") == answer


@pytest.mark.parametrize(
    "body", [b"", b"%28", b"%28SOMETHING%20ELSE%29", b"<html>no</html>", b"\xff"]
)
def test_what_is_no_result(body: bytes) -> None:
    with (
        FakeServer(answering("200 OK", body), None) as server,
        pytest.raises(TelephoneError, match="is this telephone"),
    ):
        telephone(server).result("G1")


@pytest.mark.parametrize(("body", "ident"), [(b"%22G610%22", "G610"), (b'"a\\"b\\\\"', 'a"b\\')])
def test_an_id(body: bytes, ident: str) -> None:
    with FakeServer(answering("200 OK", body), None) as server:
        assert telephone(server).submit("(é)") == ident
        assert server.received.endswith(b"\r\n\r\ncmd=%28%C3%A9%29")


@pytest.mark.parametrize(
    ("status", "body", "says"),
    [
        ("200 OK", b"", "is no id"),
        ("200 OK", b"%22%22", "is no id"),
        ("400 Bad Request", b"", "it answered 400 Bad Request to /tcmd"),
        ("302 Found", b"", "it answered 302 Found to /tcmd"),
    ],
)
def test_what_is_no_id(status: str, body: bytes, says: str) -> None:
    with (
        FakeServer(answering(status, body), None) as server,
        pytest.raises(TelephoneError, match=says),
    ):
        telephone(server).submit("1")


def test_an_answer_without_end_is_not_read_on() -> None:
    def behave(talk: Talk) -> None:
        read_request(talk)
        talk.say(b"HTTP/1.1 200 OK\r\n\r\n")
        with contextlib.suppress(OSError):
            while True:
                talk.say(b"x" * 1_000_000)

    with (
        FakeServer(behave, None) as server,
        pytest.raises(TelephoneError, match="larger than 16 MiB"),
    ):
        telephone(server).result("G1")


@pytest.mark.parametrize(
    ("value", "error"),
    [
        ("(ERROR TYPE-ERROR)", "TYPE-ERROR"),
        ("(COMMON-LISP:ERROR MY-APP::BAD)", "MY-APP::BAD"),
        ("(error type-error)", "type-error"),
        ("(ERROR)", None),
        ('(ERROR "text")', None),
        ("(ERROR A B)", None),
        ("(TERROR A)", None),
        ("3", None),
    ],
)
def test_what_looks_like_an_error(value: str, error: str | None) -> None:
    assert error_in(value) == error


# What is no telephone.


def test_nobody_is_there() -> None:
    with pytest.raises(NotListening, match="nobody listens"):
        connect(parse_address(f"http://127.0.0.1:{free_port()}"))


@pytest.mark.parametrize(
    ("behave", "says"),
    [
        (answering("200 OK", b"<html>"), "is this telephone"),
        (answering("404 Not Found", b""), "404 Not Found to /tres"),
        (lambda talk: talk.say(b"SSH-2.0-OpenSSH\r\n"), "no HTTP"),
        (lambda talk: None, "no HTTP|lost|reset|closed"),
    ],
)
def test_somebody_else_is_there(behave: Any, says: str) -> None:
    with (
        FakeServer(behave, None) as server,
        pytest.raises(ConnectError, match=says),
    ):
        connect(parse_address(f"http://{server.address}"))


def test_somebody_who_never_answers() -> None:
    with (
        FakeServer(lambda talk: talk.read_to_end(), None) as server,
        pytest.raises(ConnectError, match="no answer in"),
    ):
        connect(parse_address(f"http://{server.address}"), timeout=0.3)


def test_one_that_goes_while_it_is_waited_for() -> None:
    def behave(talk: Talk) -> None:
        read_request(talk)
        body = b'"G1"' if talk.received.startswith(b"POST") else b"(ID-NOT-FOUND NIL)"
        talk.say(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))

    with (
        FakeServer(behave, None) as server,
        Client(f"http://{server.address}") as client,
    ):
        outcome = client.evaluate("1")
        assert outcome.failed is not None
        assert "not known there any more" in outcome.err
