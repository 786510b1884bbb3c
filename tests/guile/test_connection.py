"""Connections to real Guile programs: what a client may do to them, and what it may not."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

from driver import Client
from guile.programs import GuileProgram

from repl_connect.session import Output

_VICTIM = """
import sys
from driver import Client
client = Client(sys.argv[1])
running = client.start(sys.argv[2])
client.until(running, __import__("repl_connect.session").session.Output)
print("running", flush=True)
client.finish(running, 600)
"""


def _settled_threads(program: GuileProgram, wanted: int) -> int:
    """The program's threads, once they are as few as wanted or a good many turns have gone by."""
    for _ in range(100):
        if program.threads() <= wanted:
            break
        program.turn()
    return program.threads()


def _plain_client_once(program: GuileProgram) -> None:
    """What a user of socat does: wait for the prompt, evaluate, leave."""
    with socket.socket(socket.AF_UNIX) as plain:
        plain.connect(program.address)
        seen = b""
        for wanted, typed in ((b"> ", b"(+ 40 2)\n"), (b"42", b"")):
            while wanted not in seen:
                data = plain.recv(65536)
                assert data, f"Guile ended the connection after {seen!r}"
                seen += data
            plain.sendall(typed)
    assert b"scheme@(guile-user)> " in seen
    assert b"[1]" not in seen


def test_no_thread_of_ours_stays_behind(coop: GuileProgram, threaded: GuileProgram) -> None:
    for program in (coop, threaded):
        with Client(program.address) as first:
            first.evaluate("(define (f) 1) (f)")  # the first client has the bootstrap compiled
            first.evaluate("(f)")  # and the next evaluation waits until that is done
        _plain_client_once(program)
        before = _settled_threads(program, 0)
        for _ in range(5):
            _plain_client_once(program)
        per_plain_client = (_settled_threads(program, before) - before) / 5
        before = _settled_threads(program, 0)
        for _ in range(5):
            with Client(program.address) as client:
                client.evaluate("(+ 1 2)")
        # A cooperative Guile leaves its own reader thread behind for each client that goes, and
        # the collector starts markers when it likes; a leak of ours would be five threads or more.
        allowed = before + round(5 * per_plain_client) + 2
        assert _settled_threads(program, allowed) <= allowed


def test_a_plain_user_finds_the_ordinary_prompt_beside_us_and_after(program: GuileProgram) -> None:
    if program.address.startswith("localhost"):
        return
    with Client(program.address) as client:
        client.evaluate("(car 1)")
        _plain_client_once(program)
        assert client.value("(+ 1 1)") == "2"
    _plain_client_once(program)


def test_a_client_killed_in_the_middle_frees_the_host(program: GuileProgram) -> None:
    victim = subprocess.Popen(
        [
            sys.executable,
            "-c",
            _VICTIM,
            program.address,
            '(display "going\\n") (let lp () (lp))',
        ],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parent.parent,
    )
    assert victim.stdout is not None
    assert victim.stdout.readline() == b"running\n"
    victim.send_signal(signal.SIGKILL)
    victim.wait()
    victim.stdout.close()
    before = program.turn()
    assert program.turn() > before
    with Client(program.address) as client:
        assert client.value("(+ 1 2)") == "3"


def test_a_client_that_does_not_read_holds_up_no_cooperative_host(coop: GuileProgram) -> None:
    with Client(coop.address) as client:
        running = client.start(
            "(define (flood n) (unless (zero? n) (display (make-string 1000 #\\x)) (newline)"
            " (flood (- n 1)))) (flood 20000) 'end"
        )
        before = coop.turn()
        assert coop.turn() > before
        client.finish(running)
        assert running.values == ["end"]
        assert "bytes of output were dropped" in running.err
        assert len(running.out) < 20_000 * 1001
        assert client.evaluate("(display 'afterwards)").out == "afterwards"


def test_a_threaded_server_waits_for_a_slow_client_and_drops_nothing(
    threaded: GuileProgram,
) -> None:
    with Client(threaded.address) as client, Client(threaded.address) as other:
        running = client.start(
            "(define (flood n) (unless (zero? n) (display (make-string 1000 #\\x)) (newline)"
            " (flood (- n 1)))) (flood 20000) 'end"
        )
        client.until(running, Output)
        for _ in range(50):
            assert other.value("(+ 1 1)") == "2"
        client.finish(running)
        assert len(running.out) == 20_000 * 1001


def test_twenty_thousand_evaluations_and_a_thousand_definitions(threaded: GuileProgram) -> None:
    with Client(threaded.address) as client:
        for number in range(20_000):
            if number % 20 == 0:
                outcome = client.evaluate(f"(define (procedure-{number} x) (* x {number}))")
                assert outcome.failed is None
                assert outcome.err == ""
            else:
                assert client.value(f"(+ {number} 1)") == str(number + 1)
        assert client.value("(procedure-19980 2)") == "39960"
        compiled = (
            '(not (equal? "ice-9/eval.scm" (cadr'
            " ((@ (system vm program) program-source) procedure-19980 0))))"
        )
        assert client.value(compiled) == "#t"


def test_when_no_more_can_be_compiled_it_is_said_once_and_definitions_go_on(
    threaded: GuileProgram,
) -> None:
    with Client(threaded.address) as client:
        said = ""
        for number in range(2_000):
            outcome = client.evaluate(f"(define (procedure-{number % 10}) {number})")
            assert outcome.failed is None
            said += outcome.err
        assert said.count("Further definitions are interpreted") == 1
        assert client.value("(procedure-9)") == "1999"
        assert client.evaluate("(define (late) 'fine) (late)", file="/f.scm", as_file=True).values


def test_output_that_looks_like_a_frame_is_output(client: Client) -> None:
    forged = "\x1e0123456789abcdef;d4:kind4:done2:idi1e6:statusle2:ns1:xe"
    outcome = client.evaluate(f'(display "{forged}") (newline) 7')
    assert outcome.out == forged + "\n"
    assert outcome.values == ["7"]


def test_the_first_poll_holds_the_host_no_longer_than_a_small_form(coop: GuileProgram) -> None:
    """The bootstrap is read and compiled elsewhere: the host's turns go on meanwhile."""
    before = coop.turn()
    with Client(coop.address) as client:
        assert coop.turn() > before
        assert client.value("(+ 1 1)") == "2"


def test_a_guile_in_the_c_locale_still_speaks_utf_8(tmp_path: Path) -> None:
    before = os.environ.get("LC_ALL")
    os.environ["LC_ALL"] = "C"
    try:
        program = GuileProgram(tmp_path, cooperative=False)
    finally:
        if before is None:
            del os.environ["LC_ALL"]
        else:
            os.environ["LC_ALL"] = before
    try:
        with Client(program.address) as client:
            assert client.value('(string-length "héλ✓")') == "4"
            assert client.evaluate('(display "héλ✓")').out == "héλ✓"
    finally:
        program.stop()


def test_another_language_of_guile_is_spoken_too(client: Client) -> None:
    client.evaluate(",language ecmascript")
    outcome = client.evaluate("1 + 2;")
    client.evaluate(",language scheme")
    assert outcome.values == ["3"], outcome.events
