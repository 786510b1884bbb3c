"""`repl-connect eval`, and the line to a Python server fails."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from client.command import run, start
from faults.between import (
    AS_IS,
    Between,
    Corrupts,
    Delayed,
    Drops,
    Fault,
    Floods,
    HalfCloses,
    Joined,
    Reorders,
    Resets,
    Split,
    Stalls,
)
from faults.watched import Watched
from jobs.collecting import Shell
from proofs import Prove

from repl_server.wire import encode

Line = Callable[..., Between]
ON = "`eval`, Python server"
NOT_KNOWN = "The evaluation was under way: how it ended is not known."
NOBODY = encode({"id": "nobody", "value": "x" * 1000, "status": ["done"]})


@pytest.mark.parametrize(
    ("fault", "tried"),
    [
        (Split(), "every byte alone, both ways"),
        (Joined(), "what is said within 50 ms arrives together, both ways"),
        (Delayed(0.05), "each piece comes 50 ms late, both ways"),
        (Floods(NOBODY, 4000), "4 MB of messages that nobody asked for, between the answers"),
    ],
    ids=["split", "joined", "delayed", "flooded with messages"],
)
def test_what_is_late_or_in_pieces_is_all_there(
    app: Watched, between: Line, proof: Prove, fault: Fault, tried: str
) -> None:
    flooded = isinstance(fault, Floods)
    line = between(app.address, fault, AS_IS if flooded else fault)
    finished = run(line.address, app.code(tried))
    assert finished == (0, f"printed ✓\n{tried!r}\n", "")
    assert line.struck.is_set()
    assert app.times(tried) == 1
    proof(tried, ON, "output and value are printed; exit 0; it ran once")


def measured(line: Between, shell: Shell, code: str) -> tuple[int, int]:
    """Bytes to the client, and to the server, of an evaluation; what is there is known then."""
    assert shell("eval", line.address, code).code == 0
    before = line.bytes_to_client, line.bytes_to_server
    assert shell("eval", line.address, code).code == 0
    return line.bytes_to_client - before[0], line.bytes_to_server - before[1]


ENDS: tuple[tuple[Callable[[int], Fault], str, bool], ...] = (
    (Drops, "the connection is dropped", False),
    (Resets, "the connection is reset", True),
    (HalfCloses, "one direction is closed", False),
)


@pytest.mark.parametrize("to_client", [True, False], ids=["to client", "to server"])
@pytest.mark.parametrize(("fault", "what", "tcp"), ENDS, ids=["drop", "reset", "half-close"])
def test_the_end_at_any_byte_is_said_and_nothing_is_sent_twice(
    *,
    app: Watched,
    between: Line,
    shell: Shell,
    proof: Prove,
    fault: Callable[[int], Fault],
    what: str,
    tcp: bool,
    to_client: bool,
) -> None:
    word = f"{what} {to_client}"
    line = between(app.address, tcp=tcp)
    total = measured(line, shell, app.code(f"measure {word}"))[0 if to_client else 1]
    places = range(
        total // 24, total * (92 if to_client else 60) // 100, total // 9
    )  # before `close`
    ran = 0
    for at in places:
        faults = (fault(at), AS_IS) if to_client else (AS_IS, fault(at))
        line.fail(*faults)
        done = shell("eval", line.address, app.code(word))
        assert done.code == 3, (at, done)
        assert len(done.err.splitlines()) == 1
        assert line.address in done.err
        assert "Traceback" not in done.err
        assert line.struck.is_set()
        before, ran = ran, app.times(word)
        assert ran - before <= 1
        if ran > before:  # it is not said that it was not: nobody here knows
            assert NOT_KNOWN in done.err
    where = "client" if to_client else "server"
    proof(
        f"{what} after some bytes to the {where}, at places all over the conversation",
        ON,
        "one line says it, and what is not known then; exit 3; nothing ran twice",
        len(places),
    )


def test_lost_while_it_runs_says_that_it_may_have_run(
    app: Watched, between: Line, proof: Prove
) -> None:
    line = between(app.address)
    code = app.code("lost") + "; import time; time.sleep(1000)"
    process = start(line.address, code)
    assert process.stdout is not None
    assert process.stdout.readline() == "printed ✓\n".encode()
    line.cut()
    _, err = process.communicate(timeout=30)
    assert process.returncode == 3
    assert NOT_KNOWN in err.decode()
    app.unhurt()  # what it ran was stopped with its connection
    assert app.times("lost") == 1
    proof(
        "the connection is dropped while the evaluation runs",
        ON,
        "what came is printed; it says that its end is not known; exit 3; the server stops it",
    )


def test_a_stall_ends_with_the_time_that_was_given(
    app: Watched, between: Line, shell: Shell, proof: Prove, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("repl_connect.oneshot._GRACE", 0.2)
    line = between(app.address)
    ends = {
        0: (3, "accepts connections and says nothing (0.6 seconds)"),
        300: (3, "and no more in 0.6 seconds"),
        1300: (3, "it is there, but opened no session in"),
        1900: (4, "The time is up (0.6 seconds): interrupting it.\nIt has not ended; it may still"),
    }
    for at, (code, words) in ends.items():
        line.fail(Stalls(at))
        done = shell("eval", line.address, app.code("stalled"), "--timeout", "0.6")
        assert done.code == code, (at, done)
        assert words in done.err, (at, done)
    assert app.times("stalled") == 1
    line.go_on()
    proof(
        "nothing more arrives after some bytes to the client, with `--timeout`",
        ON,
        "each wait says what it waited for; exit 3, or 4 where it was sent and may still run",
        len(ends),
    )


@pytest.mark.parametrize("to_client", [True, False], ids=["to client", "to server"])
def test_a_byte_that_is_another(
    *,
    app: Watched,
    between: Line,
    shell: Shell,
    proof: Prove,
    monkeypatch: pytest.MonkeyPatch,
    to_client: bool,
) -> None:
    monkeypatch.setattr("repl_connect.oneshot._GRACE", 0.2)
    line = between(app.address)
    word = f"corrupted {to_client}"
    measured(line, shell, "1")
    seeds = range(16)
    for seed in seeds:
        line.fail(*((Corrupts(seed, 2000), AS_IS) if to_client else (AS_IS, Corrupts(seed, 240))))
        before = app.times(word)
        done = shell("eval", line.address, app.code(word), "--timeout", "1")
        assert done.code in {0, 1, 3, 4}, (seed, done)
        assert done.out or done.err, (seed, done)  # whatever it was, something is said
        assert "repl_connect/" not in done.err  # none of our tracebacks
        assert app.times(word) - before <= 1
        assert done.code != 0 or app.times(word) - before == 1 or not to_client
    where = "client" if to_client else "server"
    proof(
        f"one byte of the conversation arrives at the {where} as another",
        ON,
        "it ends in the time given; never silently; at most one run",
        len(seeds),
    )


def test_garbage_in_the_middle(app: Watched, between: Line, proof: Prove) -> None:
    line = between(app.address, Floods(bytes(range(256)) * 16, 1000, after=1860))
    finished = run(line.address, app.code("garbage"))
    assert finished.code == 3
    assert "the other side sent what is no answer" in finished.err
    assert NOT_KNOWN in finished.err
    assert len(finished.err) < 500
    assert app.times("garbage") == 1
    proof("4 MB of garbage before the value", ON, "one line shows its beginning; exit 3")


def test_answers_that_overtake_those_of_another_connection(
    app: Watched, between: Line, proof: Prove
) -> None:
    line = between(app.address, Reorders())
    first = start(line.address, app.code("first"))
    line.wait_struck()
    second = run(line.address, app.code("second"))
    out, err = first.communicate(timeout=30)
    assert second == (0, "printed ✓\n'second'\n", "")
    assert (first.returncode, out.decode(), err) == (0, "printed ✓\n'first'\n", b"")
    assert app.times("first") == app.times("second") == 1
    proof(
        "the answers of one connection wait until those of a later one have come",
        "`eval` twice, Python server",
        "each prints its own; exit 0",
    )


def test_nobody_is_there_any_more(app: Watched, between: Line, proof: Prove) -> None:
    line = between(app.address)
    line.close()
    finished = run(line.address, "1")
    assert finished.code == 3
    assert "nobody listens there any more" in finished.err
    finished = run(line.address, "1", "--wait", "0.5")
    assert finished.code == 3
    proof("nobody listens", ON, "what to look at is said; with `--wait`, after that; exit 3", 2)
