"""`repl-connect map` where something goes wrong: every item is accounted for, none runs twice."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from client.command import COMMAND
from client.fakes import FakeServer, Talk
from mapping.command import begin_map, ended, run_map
from mapping.programs import Counting
from terminal import Terminal

from repl_connect.cli import command_named
from repl_connect.errors import UsageError
from repl_server.wire import Message

Start = Callable[[int], list[Counting]]


def objects(out: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.splitlines()]


def test_ten_thousand_items_with_one_killed_one_hanging_and_one_mute(
    start: Start, tmp_path: Path
) -> None:
    programs = start(4)
    items = [str(number) for number in range(10_000)]
    items[1000], items[2000], items[3000] = "die", "stop", "loop"
    (tmp_path / "items").write_text("".join(f"{each}\n" for each in items))
    with socket.socket(socket.AF_UNIX) as mute:
        mute.bind(str(tmp_path / "mute.sock"))
        mute.listen()
        done = run_map(
            *(program.address for program in programs),
            str(tmp_path / "mute.sock"),
            *("--over", str(tmp_path / "items"), "--json", "work(item)"),
            *("--timeout", "1.5", "--connect-timeout", "1"),
        )
    outcomes = objects(done.out)
    assert done.code == 6
    # Every item has one outcome, under its own number, and was sent to one partner at most.
    assert sorted(each["number"] for each in outcomes) == list(range(10_000))
    assert all(each["item"] == items[each["number"]] for each in outcomes)
    assert {each["attempt"] for each in outcomes} == {1}
    failed = {each["item"]: each["state"] for each in outcomes if each["state"] != "ok"}
    assert failed == {"die": "lost", "stop": "timeout", "loop": "timeout"}
    assert all(
        each["values"] == [str(len(each["item"]))] for each in outcomes if each["state"] == "ok"
    )
    # What the programs say they ran: each item once, where its outcome says.
    for program in programs:
        told = [each["item"] for each in outcomes if each["partner"] == program.address]
        assert Counter(program.items()) == Counter(told)
    assert sum(len(program.items()) for program in programs) == 10_000
    states = dict(re.findall(r"^(\S+\.sock) +(\w+) ", done.err, re.MULTILINE))
    assert sorted(states.values()) == ["done", "done", "hangs", "lost", "unreachable"]
    assert "10,000 items: 9,997 ok, 2 timed out, 1 lost." in done.err


def test_an_item_is_given_to_another_when_that_is_asked_for_and_that_is_said(
    start: Start, tmp_path: Path
) -> None:
    programs = start(5)
    items = ["1", "die once", "2", "die", *("x" * each for each in range(100))]
    done = run_map(
        *(program.address for program in programs),
        *("--over", "-", "--again", "--json", f"work_once(item, {str(tmp_path / 'mark')!r})"),
        stdin="\n".join(items),
    )
    outcomes = {each["item"]: each for each in objects(done.out)}
    assert done.code == 6
    assert len(outcomes) == len(items)
    failed = [each for each in outcomes.values() if each["state"] != "ok"]
    assert [(each["item"], each["state"], each["attempt"]) for each in failed] == [
        ("die", "lost", 3)
    ]
    assert outcomes["die once"]["attempt"] == 2
    ran = Counter(item for program in programs for item in program.items())
    assert {item: count for item, count in ran.items() if count > 1} == {"die": 3}
    assert ran["die once"] == ran["again die once"] == 1
    notes = re.findall(r"item (\d+): given to \S+ \(attempt (\d)\); .* may have run", done.err)
    assert sorted(notes) == [("1", "2"), ("3", "2"), ("3", "3")]


def test_when_nobody_is_left_the_rest_is_reported_as_not_run(start: Start) -> None:
    (program,) = start(1)
    items = ["a", "die", *map(str, range(5000))]
    done = run_map(program.address, "work(item)", "--over", "-", stdin="\n".join(items))
    assert done.code == 6
    assert done.out == f"{program.address}  #0  1\n"
    assert f"{program.address}  #1  lost: the other side closed the connection." in done.err
    assert "items 2-5001." in done.err
    assert "5,002 items: 1 ok, 1 lost, 5,000 not run." in done.err
    assert program.items() == ["a", "die"]
    done = run_map(program.address, "work(item)", "--over", "-", "--json", stdin="\n".join(items))
    assert done.code == 3
    assert Counter((each["state"], each["attempt"]) for each in objects(done.out)) == {
        ("unreachable", 0): 5002
    }


def test_ctrl_c_interrupts_all_and_reports_what_is_known(start: Start, tmp_path: Path) -> None:
    programs = start(2)
    addresses = [program.address for program in programs]
    fifo = tmp_path / "begun"
    os.mkfifo(fifo)
    code = f"open({str(fifo)!r}, 'w').close() if item == 'loop' else None; work(item)"
    (tmp_path / "items").write_text("ready\nloop\n" + "loop on\n" + "rest\n" * 50)
    mapping = begin_map(*addresses, code, "--over", str(tmp_path / "items"), "--json")
    fifo.read_text()
    assert mapping.stdout is not None
    first = mapping.stdout.readline()
    mapping.send_signal(signal.SIGINT)
    done = ended(mapping)
    outcomes = objects(first + done.out)
    assert done.code == 130
    assert len(outcomes) == 53
    states = {each["item"]: (each["state"], each["problem"]) for each in outcomes}
    assert states["ready"] == ("ok", "")
    assert states["loop"] == ("interrupted", "It was interrupted.")
    assert states["rest"] == ("unreachable", "It was stopped before it was sent.")
    assert "Traceback" not in done.err
    # The programs are free again.
    assert run_map(*addresses, "40 + 2").code == 0


def test_whoever_reads_the_outcomes_may_have_enough(start: Start) -> None:
    (program,) = start(1)
    mapping = begin_map(program.address, "work(item)", "--over", "-", "--json")
    assert mapping.stdin is not None
    assert mapping.stdout is not None
    mapping.stdin.write("1\n")
    mapping.stdin.flush()
    assert json.loads(mapping.stdout.readline())["values"] == ["1"]
    mapping.stdout.close()
    mapping.stdin.write("2\n3\n")
    mapping.stdin.flush()  # and there is no end of it
    with mapping:
        assert mapping.stderr is not None
        assert "Traceback" not in mapping.stderr.read()
    assert program.items() in (["1", "2"], ["1", "2", "3"])


def test_what_nobody_reads_is_counted(start: Start, tmp_path: Path) -> None:
    (program,) = start(1)
    (tmp_path / "items").write_text("1\n" * 5000)
    mapping = begin_map(program.address, "work(item)", "--over", str(tmp_path / "items"))
    assert mapping.stdout is not None
    mapping.stdout.readline()
    mapping.stdout.close()
    with mapping:
        assert mapping.stderr is not None
        err = mapping.stderr.read()
    ran = len(program.items())
    assert f"5,000 items: {ran:,} ok, {5000 - ran:,} not run." in err


def test_a_flood_and_an_error_leave_the_others_alone(start: Start) -> None:
    addresses = [program.address for program in start(3)]
    code = (
        f"print('x' * 4_000_000) if {addresses[0]!r} in __import__('sys').argv else "
        f"1 / 0 if {addresses[1]!r} in __import__('sys').argv else (input(), 42)[1]"
    )
    done = run_map(*addresses, "--json", code)
    told = {each["partner"]: each for each in objects(done.out)}
    assert done.code == 6
    flood, error, reading = (told[address] for address in addresses)
    assert flood["state"] == "ok"
    assert 0.9 * 2**20 < len(flood["out"]) <= 2**20
    assert (
        f"It printed 4,000,001 characters, of which only the first {len(flood['out']):,} are"
        in (flood["problem"])
    )
    assert (error["state"], error["problem"]) == ("raised", "ZeroDivisionError: division by zero")
    assert "ZeroDivisionError" in error["err"]
    assert (reading["state"], reading["err"].splitlines()[-1][:8]) == ("raised", "EOFError")


def test_forms_are_evaluated_first(start: Start, configure: Callable[[str], None]) -> None:
    (program,) = start(1)
    configure(
        f'[partners.app]\naddress = "{program.address}"\n'
        'forms = ["wide = 100", "print(1 / 0)", "print(wide)"]\n'
    )
    done = run_map("@app", "wide")
    assert (done.code, done.out) == (0, "@app  100\n")
    assert done.err == (
        "repl-connect: @app: the form `print(1 / 0)` failed: ZeroDivisionError: division by zero.\n"
        "@app | 100\n"
    )


def test_the_end_waits_for_nobody_who_is_not_needed(start: Start, tmp_path: Path) -> None:
    (program,) = start(1)
    mute = tmp_path / "mute.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(mute))
        listener.listen()
        addresses = (program.address, str(mute))
        done = run_map(*addresses, "--over", "-", "work(item)", stdin="a\nb\n")
        assert done.code == 0
        assert re.search(rf"^{mute} +not needed +- ", done.err, re.MULTILINE)
        # One form for all does wait for it.
        done = run_map(*addresses, "--connect-timeout", "0.5", "work('loop')", "--timeout", "0.5")
    assert done.code == 6
    assert "timed out: It did not end in 0.5 s and was interrupted.\n" in done.err
    assert "unreachable: it accepts connections" in done.err
    assert "2 programs: 1 timed out, 1 unreachable." in done.err


def test_a_terminal_shows_how_far_it_is(start: Start, tmp_path: Path) -> None:
    (program,) = start(1)
    (tmp_path / "items").write_text("a\nb\n\x1b[2J\n")
    fifo = tmp_path / "go"
    os.mkfifo(fifo)
    code = f"open({str(fifo)!r}).read() if item == 'b' else print(item)"
    command = [*COMMAND, "map", program.address, code, "--over", str(tmp_path / "items")]
    with Terminal(command, columns=120) as terminal:
        terminal.wait_for("[########................] 1 of 3")
        fifo.write_text("")
        terminal.wait_for("3 items: 3 ok.")
        shown = terminal.text
    assert "[#" not in shown
    assert f"{program.address} | a" in shown  # nothing cleared the screen


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("@nobody", "1"), "@nobody"),
        (("1",), "TARGET... CODE"),
        (("./x.sock", " "), "no code"),
        (("./x.sock", "f()", "--again"), "--again is for items"),
        (("./x.sock", "f(x)", "--over", "/no/such/file"), "does not mention `item`"),
        (("./x.sock", "f(item)", "--over", "/no/such/file"), "No such file"),
        (("./x.sock", "f(n)", "--as", "n", "--over", "/no/such/file"), "No such file"),
        (("./x.sock", "f()", "--for", "pyhton=1"), "Did you mean python"),
        (("./x.sock", "-", "--over", "-"), "can't both be standard input"),
        (("dask://x", "f(item)", "--over", "-"), "say --engine dask"),
        (("dask://x", "f(item)", "--over", "-", "--engine", "dask", "--ns", "a"), "--ns does not"),
    ],
)
def test_what_makes_no_sense_is_said(
    arguments: tuple[str, ...], words: str, configure: Callable[[str], None]
) -> None:
    configure("")
    with pytest.raises(UsageError, match=re.escape(words)):
        command_named("map").run(arguments)


def test_a_late_answer_to_an_interrupt_is_not_taken_for_the_end_of_the_next_item(
    tmp_path: Path,
) -> None:
    def endless(talk: Talk) -> None:
        """Evaluate for ever; end when interrupted, and answer that when the next is there."""
        running: Message = {}
        late: list[Message] = []
        while (message := talk.read_message()) is not None:
            if message["op"] == "describe":
                ops: Message = {"clone": {}, "eval": {}, "interrupt": {}}
                talk.reply(message, ops=ops, versions={"python": "3", "repl-server": "1"})
            elif message["op"] == "clone":
                talk.reply(message, **{"new-session": "s"})
            elif message["op"] == "eval":
                running = message
                while late:
                    talk.reply(late.pop())
            elif message["op"] == "interrupt":
                late.append(message)
                talk.reply(running, status=["done", "interrupted"])

    with FakeServer(endless, tmp_path) as server:
        done = run_map(
            *(server.address, "--over", "-", "--json", "--timeout", "0.3", "work(item)"),
            stdin="one\ntwo\n",
        )
    assert [(each["item"], each["state"]) for each in objects(done.out)] == [
        ("one", "timeout"),
        ("two", "timeout"),
    ]
    assert done.code == 4
