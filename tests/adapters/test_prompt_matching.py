"""Prompt matching: fed with bytes as REPLs send them, and on a real one."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from adapters.fed import Fed
from adapters.prompts import open_prompt
from adapters.subject import Process, free_port
from driver import Client

from repl_connect.adapters.prompt import PromptAdapter, pieces
from repl_connect.session import Output
from repl_server.wire import CLOSED

PROGRAMS = Path(__file__).parent / "programs"


class Repl(Fed[PromptAdapter]):
    """Plays the REPL: bytes to the adapter, what it sends and its replies back."""

    def __init__(self, greeting: bytes | None = b"> ") -> None:
        super().__init__(PromptAdapter())
        self.session = ""
        if greeting is not None:
            self.feed(greeting)
            self.ask(op="clone", id="c")
            self.session = self.to("c")[0]["new-session"]

    def eval(self, ident: str, code: str) -> None:
        self.ask(op="eval", id=ident, code=code, session=self.session)

    def sends(self) -> bytes:
        sent, self.sent = self.sent, b""
        return sent

    def err(self, ident: str) -> str:
        return "".join(reply.get("err", "") for reply in self.to(ident))

    def statuses(self, ident: str) -> set[str]:
        return {status for reply in self.to(ident) for status in reply.get("status", ())}


def test_nothing_is_sent_before_the_prompt_nor_to_find_it() -> None:
    repl = Repl(None)
    repl.ask(op="describe", id="d")
    repl.ask(op="eval", id="e", code="1")
    for piece in (b"Welcome.\n", b"It is ", b"late"):
        repl.feed(piece)
        assert (repl.sent, repl.replies) == (b"", [])
    repl.feed(b".\n> ")
    assert repl.sends() == b"1\n"
    (described,) = repl.to("d")
    greeting = described["aux"]["repl-connect/greeting"]
    assert greeting.startswith("prompt matching (degraded): `> `")
    assert {"eval", "interrupt"} <= set(described["ops"])
    assert not {"load-file", "stdin", "completions", "lookup"} & set(described["ops"])


def test_what_it_says_first_is_no_output_but_its_name() -> None:
    repl = Repl(b"\nQuery 3.1\nCopyright by all.\n> ")
    assert repl.out(None) == ""
    repl.ask(op="describe", id="d")
    greeting = "prompt matching (degraded): `> ` after 'Query 3.1'"
    assert repl.to("d")[0]["aux"]["repl-connect/greeting"] == greeting


def test_a_prompt_that_came_in_two_is_learned_whole() -> None:
    repl = Repl(b"db=#")
    repl.feed(b" ")
    repl.eval("e", "x")
    repl.feed(b"1\ndb=# ")
    assert repl.statuses("e") == {"done"}


def test_what_is_printed_until_the_prompt_comes_back_is_output() -> None:
    repl = Repl()
    repl.eval("e", '(display "schön")')
    assert repl.sends() == '(display "schön")\n'.encode()
    repl.feed("schön 3\n> ".encode())
    assert repl.out("e") == "schön 3\n"
    assert repl.statuses("e") == {"done"}
    assert not any("value" in reply for reply in repl.replies)


def test_cut_at_every_byte_it_says_the_same() -> None:
    stream = "héλ 3\n\n;ERROR > a\nscheme@(guile-user) [1]> ".encode()
    for at in range(1, len(stream)):
        repl = Repl(b"scheme@(guile-user)> ")
        repl.eval("e", "x")
        repl.feed(stream[:at])
        repl.feed(stream[at:])
        assert (repl.out("e"), repl.out(None)) == ("héλ 3\n\n;ERROR > a\n", ""), at
        assert repl.statuses("e") == {"done"}, at


def test_output_comes_while_it_runs() -> None:
    repl = Repl()
    repl.eval("e", "x")
    repl.feed(b"Loading...")
    assert repl.out("e") == "Loading..."
    repl.feed(b" done\n")
    assert repl.out("e") == "Loading... done\n"
    assert repl.statuses("e") == set()


def test_one_goes_out_others_wait() -> None:
    repl = Repl()
    repl.ask(op="clone", id="c2")
    other = repl.to("c2")[0]["new-session"]
    repl.eval("1", "a")
    repl.ask(op="eval", id="2", code="b", session=other)
    repl.eval("3", "c")
    for ident, sent in (("1", b"a\n"), ("2", b"b\n"), ("3", b"c\n")):
        assert repl.sends() == sent
        repl.feed(f"of {ident}\n> ".encode())
        assert repl.out(ident) == f"of {ident}\n"
        assert repl.statuses(ident) == {"done"}


def test_several_forms_go_out_one_by_one() -> None:
    repl = Repl()
    repl.eval("e", "(define a\n  1)\n; a comment\na")
    assert repl.sends() == b"(define a\n  1)\n; a comment\n"
    repl.feed(b"> ")
    assert repl.sends() == b"a\n"
    assert repl.statuses("e") == set()
    repl.feed(b"1\n> ")
    assert (repl.out("e"), repl.statuses("e")) == ("1\n", {"done"})


def test_lines_that_are_each_asked_for() -> None:
    for answer in (
        [b"... ", b"... ", b"... 1\n", b">>> "],
        [b"... ... 1\n>>> "],
        [b"... ... ", b"1\n>>> "],
    ):
        repl = Repl(b">>> ")
        repl.eval("e", "def f():\n    return 1\n\n")
        assert repl.sends() == b"def f():\n    return 1\n\n"
        for piece in answer:
            assert repl.statuses("e") == set()
            repl.feed(piece)
        assert repl.out("e") in ("1\n", "... 1\n")  # two are asked for, a third is output
        assert repl.statuses("e") == {"done"}


def test_what_is_not_finished_is_said_to_be() -> None:
    repl = Repl(b">>> ")
    repl.eval("e", "(1 +")
    repl.feed(b"... ")
    assert {"eval-error", "done"} == repl.statuses("e")
    assert "asks for the rest (`...`)" in repl.err("e")
    repl.eval("f", "2)")
    repl.feed(b"3\n>>> ")
    assert (repl.out("f"), repl.statuses("f")) == ("3\n", {"done"})


def test_what_never_comes_back_can_be_given_up() -> None:
    repl = Repl()
    repl.eval("1", "(+ 1")
    repl.eval("2", "2)")
    repl.feed(b"part of")
    assert repl.sends() == b"(+ 1\n"
    repl.ask(op="interrupt", id="i", session=repl.session, **{"interrupt-id": "1"})
    assert repl.statuses("1") == {"done", "interrupted"}
    assert "waited for no more" in repl.err("1")
    assert repl.statuses("i") == {"done"}
    assert repl.sends() == b"2)\n"
    repl.feed(b" something\n3\n> ")
    assert repl.statuses("2") == {"done"}


def test_what_waits_can_be_taken_back() -> None:
    repl = Repl()
    repl.ask(op="clone", id="c2")
    other = repl.to("c2")[0]["new-session"]
    repl.eval("1", "a")
    repl.ask(op="eval", id="2", code="b", session=other)
    repl.ask(op="interrupt", id="i", session=other)
    assert repl.statuses("2") == {"done", "interrupted"}
    repl.feed(b"> ")
    assert repl.sends() == b"a\n"


def test_a_prompt_that_has_become_another_is_learned_when_it_is_given_up() -> None:
    repl = Repl(b"> ")
    repl.eval("1", "(set-prompt!)")
    repl.feed(b"next please? ")
    assert repl.statuses("1") == set()
    repl.ask(op="interrupt", id="i", session=repl.session)
    repl.eval("2", "1")
    repl.feed(b"1\nnext please? ")
    assert (repl.out("2"), repl.statuses("2")) == ("1\n", {"done"})


def test_what_comes_by_itself_belongs_to_nobody() -> None:
    repl = Repl()
    repl.eval("e", "1")
    repl.feed(b"1\n> ")
    repl.feed(b"tick\n")
    repl.feed(b"tock\n> ")
    repl.feed(b"late")
    assert (repl.out("e"), repl.out(None)) == ("1\n", "tick\ntock\nlate")


def test_bytes_that_are_no_text_pass_both_ways() -> None:
    repl = Repl()
    repl.eval("e", "a\udcff\0")
    assert repl.sends() == b"a\xff\0\n"
    repl.feed(b"\xfe\0\n> ")
    assert repl.out("e") == "\udcfe\0\n"


def test_a_flood_is_passed_on_and_not_kept() -> None:
    repl = Repl()
    repl.eval("e", "x")
    for _ in range(1000):
        repl.adapter.receive_data(b"x" * 65536)
        assert isinstance(event := repl.adapter.next_event(), dict)
        assert len(event["out"]) == 65536
    repl.feed(b"\n> ")
    assert repl.statuses("e") == {"done"}


def test_nothing_to_send_is_done_at_once() -> None:
    repl = Repl()
    repl.eval("e", " \n\n")
    assert (repl.sends(), repl.statuses("e")) == (b"", {"done"})


def test_closing_gives_up_what_runs() -> None:
    repl = Repl()
    repl.eval("e", "x")
    repl.ask(op="close", id="x", session=repl.session)
    assert "interrupted" in repl.statuses("e")


def test_the_end() -> None:
    repl = Repl()
    repl.eval("e", "x")
    repl.feed(b"the last >")
    repl.adapter.receive_data(b"")
    event = repl.adapter.next_event()
    assert isinstance(event, dict)
    assert repl.out("e") + event["out"] == "the last >"
    assert repl.adapter.next_event() is CLOSED


@pytest.mark.parametrize(
    ("code", "parts"),
    [
        ("1", ["1\n"]),
        ("1\n2\n", ["1\n", "2\n"]),
        ("(a\nb)\nc", ["(a\nb)\n", "c\n"]),
        ("; one\n\n1\n; two", ["; one\n\n1\n; two\n"]),
        ("#t", ["#t\n"]),
        ("; only", ["; only\n"]),
        ("def f():\n  x\n\nf()", ["def f():\n  x\n\n", "f()\n"]),
        (")\n1", [")\n", "1\n"]),
        ("", []),
        (" \n ", []),
    ],
)
def test_code_as_what_can_be_sent_one_after_the_other(code: str, parts: list[str]) -> None:
    assert pieces(code) == parts


# A real program.


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """A calculator with a prompt, for any number of users."""
    port = free_port()
    command = [sys.executable, str(PROGRAMS / "calculator.py"), str(port)]
    process = Process(command, f"127.0.0.1:{port}", directory=tmp_path_factory.mktemp("calculator"))
    yield process
    assert process.alive
    process.stop()


def test_a_real_program(program: Process) -> None:
    with Client(program.address, dialect="prompt") as client:
        greeting = "prompt matching (degraded): `calc 1> ` after 'A calculator.'"
        assert client.link.greeting == greeting
        assert client.evaluate("1 + 2").out == "3\n"
        assert client.evaluate("6 * 7\n2 ** 10\n").out == "42\n1024\n"
        assert "never heard of" in client.evaluate("what").out
        assert client.late == []
        outcomes = [client.start(f"{number} + 1") for number in range(200)]
        for number, outcome in enumerate(outcomes):
            assert client.finish(outcome).out == f"{number + 1}\n"


def test_a_real_program_that_does_not_come_back(program: Process) -> None:
    with Client(program.address, dialect="prompt") as client:
        outcome = client.start("wait")
        client.until(outcome, Output)
        assert client.interrupt(outcome) is None
        assert client.finish(outcome).done is not None
        assert "waited for no more" in outcome.err
        assert client.evaluate("go on").out == "going on\n"
        assert client.evaluate("1 + 2").out == "3\n"


def test_at_a_terminal(program: Process, tmp_path: Path) -> None:
    with open_prompt(tmp_path, "--dialect", "prompt", program.address) as terminal:
        terminal.wait_for("prompt matching (degraded): `calc 1> ` after 'A calculator.'")
        terminal.enter("6 * 7")
        terminal.wait_for_line("42")
        terminal.enter("wait")
        terminal.wait_for_line("waiting")
        terminal.press("ctrl-c")
        terminal.wait_for("this REPL can't be told to stop")
        terminal.wait_for_line("interrupted")
        terminal.enter("go on")
        terminal.wait_for_line("going on")
        terminal.wait_for_current(">")
        terminal.press("ctrl-d")
        assert terminal.wait_exit() == 0
