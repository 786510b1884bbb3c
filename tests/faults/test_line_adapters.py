"""Plain REPLs that are upgraded, and the line to them fails: each with the adapter for it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
from adapters.subject import Process, Subject
from adapters.subjects import SUBJECTS
from driver import Client, Outcome
from faults.between import (
    AS_IS,
    Between,
    Corrupts,
    Delayed,
    Drops,
    Fault,
    Floods,
    HalfCloses,
    Split,
    Stalls,
)
from faults.counting import counted, until
from guile.programs import GuileProgram
from proofs import Prove

from repl_connect.address import parse_address
from repl_connect.connect import connect
from repl_connect.errors import ConnectError, ConnectionLost

Line = Callable[..., Between]

COUNTED = {
    "guile": '(let ((p (open-file "{file}" "a"))) (display "x" p) (close-port p))',
    "clojure": '(spit "{file}" "x" :append true)',
    "sbcl": '(with-open-file (s "{file}" :direction :output :if-exists :append'
    " :if-does-not-exist :create) (write-char #\\x s))",
    "racket": '(with-output-to-file "{file}" #:exists (quote append) (lambda () (display "x")))',
    "node": 'fs.appendFileSync("{file}", "x")',
    "python": 'open("{file}", "a").write("x")',
    "scm": '(let ((p (open-file "{file}" "a"))) (display "x" p) (close-port p))',
}
"""By dialect: writes one letter to the end of a file."""
COUNTED["swank"] = COUNTED["sbcl"]
COUNTED["prepl"] = COUNTED["clojure"]

CHOSEN = (
    "Guile, threaded",
    "Guile, cooperative",
    "Clojure, socket REPL",
    "Clojure, prepl",
    "SBCL, shared image",
    "Common Lisp, Swank",
    "Racket",
    "Node",
    "SCM",
    "Python, InteractiveConsole",
)
LONG = 30.0


class Target:
    """A program that is adapted to, and what an evaluation in it counts."""

    def __init__(self, subject: Subject, directory: Path) -> None:
        self.subject = subject
        self.on = f"adapter, {subject.name}"
        self.program = program = subject.start(directory)
        self.directory = directory
        self._file = directory / "ran"
        with Client(program.address, dialect=subject.dialect) as client:
            assert client.evaluate(self.code).values[-1] == subject.phrases.forty_two
        self.ran = 1

    @property
    def code(self) -> str:
        """It is counted, prints `hello` and a newline, and has the value 42 at last."""
        phrases = self.subject.phrases
        counted = COUNTED[self.subject.dialect].replace("{file}", str(self._file))
        return f"{counted}\n{phrases.print}\n{phrases.sum}"

    def has_run(self) -> int:
        """How often it ran since this was asked last."""
        before, self.ran = self.ran, len(self._file.read_text())
        return self.ran - before

    def connect(self, line: Between, timeout: float = LONG) -> Client:
        """Connect through a line that fails. Raises `ConnectError`."""
        client = Client.__new__(Client)
        client.late = []
        client.link = connect(
            parse_address(line.address), dialect=self.subject.dialect, timeout=timeout
        )
        client.link.on_output = client.late.append
        return client

    def unhurt(self) -> None:
        """It is there, and another client gets its answers."""
        with Client(self.program.address, dialect=self.subject.dialect) as client:
            assert client.evaluate(self.subject.phrases.sum).values == [
                self.subject.phrases.forty_two
            ]
        assert self.program.alive


@pytest.fixture(scope="module")
def targets() -> Iterator[dict[str, Target]]:
    """The programs by name, started beside one another."""
    directory = Path(tempfile.mkdtemp(prefix="ra-", dir="/tmp"))
    chosen = [subject for subject in SUBJECTS if subject.name in CHOSEN and not subject.missing()]

    def start(subject: Subject) -> Target:
        place = directory / str(chosen.index(subject))
        place.mkdir()
        return Target(subject, place)

    with ThreadPoolExecutor(4) as starting:
        started = dict(
            zip([subject.name for subject in chosen], starting.map(start, chosen), strict=True)
        )
    yield started
    for target in started.values():
        target.program.stop()
    shutil.rmtree(directory)


@pytest.fixture(params=CHOSEN)
def target(request: pytest.FixtureRequest, targets: dict[str, Target]) -> Iterator[Target]:
    """One of them; it is unhurt in the end."""
    if request.param not in targets:
        pytest.skip(f"what {request.param} needs is not installed")
    chosen = targets[request.param]
    if not chosen.program.alive:  # a threaded Guile may end by itself when it is dropped
        place = Path(tempfile.mkdtemp(prefix="again-", dir=chosen.directory))
        chosen = targets[request.param] = Target(chosen.subject, place)
    yield chosen
    chosen.unhurt()


def measured(target: Target, line: Between) -> tuple[int, int]:
    """Bytes to the client, and to the server, until it is upgraded and its sessions are open.

    The fewest: from the second time on it is known what is there.
    """
    line.fail()
    found = []
    for _ in range(3):
        before = line.bytes_to_client, line.bytes_to_server
        with target.connect(line):
            found.append((line.bytes_to_client - before[0], line.bytes_to_server - before[1]))
    to_client, to_server = map(min, zip(*found, strict=True))
    return to_client, to_server


def one_or_two_lines(text: str, line: Between) -> None:
    """It is a sentence of ours about that address."""
    assert text.startswith(line.address)
    assert len(text.splitlines()) <= 2
    assert "Traceback" not in text
    assert len(text) < 600


@pytest.mark.parametrize(
    ("fault", "tried"),
    [
        ((Split(), Split(97)), "every byte to the client alone, 97 at a time to the server"),
        ((Delayed(0.03), Delayed(0.03)), "each piece comes 30 ms late, both ways"),
    ],
    ids=["split", "delayed"],
)
def test_upgraded_in_pieces(
    target: Target, between: Line, proof: Prove, fault: tuple[Fault, Fault], tried: str
) -> None:
    line = between(target.program.address, *fault)
    with target.connect(line) as client:
        outcome = client.evaluate(target.code)
        assert (outcome.values[-1], outcome.failed) == (target.subject.phrases.forty_two, None)
        assert "hello\n" in outcome.out + "".join(late.text for late in client.late)
    assert target.has_run() == 1
    proof(tried, target.on, "it is upgraded; output and values arrive; it ran once")


def test_dropped_during_the_upgrade(target: Target, between: Line, proof: Prove) -> None:
    line = between(target.program.address)
    to_client, to_server = measured(target, line)
    faults: list[tuple[Fault, Fault]] = []
    for part in (0, 3, 8):
        faults.append((Drops(to_client * part // 10), AS_IS))
        faults.append((AS_IS, Drops(to_server * part // 10)))
    for fault in faults:
        line.fail(*fault)
        with pytest.raises(ConnectError) as raised:
            target.connect(line)
        one_or_two_lines(str(raised.value), line)
        assert line.struck.is_set()
    proof(
        "the connection is dropped after some bytes of greeting and upgrade",
        target.on,
        "a sentence says it; other clients are unhurt",
        len(faults),
    )


def has_ended(outcome: Outcome) -> bool:
    """It has, or is lost."""
    return outcome.done is not None


def has_printed(outcome: Outcome) -> bool:
    """Something."""
    return bool(outcome.out)


def lost(client: Client, code: str) -> Outcome:
    """Evaluate until the connection is lost."""
    outcome = client.start(code)
    with pytest.raises(ConnectionLost):
        client.link.run_until(lambda: False, LONG)
    return outcome


@pytest.mark.parametrize(
    ("fault", "tried"),
    [
        ((Drops(20), AS_IS), "dropped in the middle of an answer"),
        ((HalfCloses(20), AS_IS), "the way to the client is closed in the middle of an answer"),
        ((AS_IS, HalfCloses(10)), "the way to the server is closed in the middle of a request"),
    ],
    ids=["drop", "half-close to client", "half-close to server"],
)
def test_dropped_in_the_middle(
    target: Target, between: Line, proof: Prove, fault: tuple[Fault, Fault], tried: str
) -> None:
    line = between(target.program.address)
    with target.connect(line) as client:
        line.fail(*fault)
        outcome = lost(client, target.code)
        assert outcome.done is not None
        assert outcome.done.lost
        one_or_two_lines(str(outcome.done.problem), line)
        assert client.link.session.running == []
    assert target.has_run() <= 1
    proof(tried, target.on, "the evaluation ends as lost, once, with a sentence; not run twice")


def test_stalled(target: Target, between: Line, proof: Prove) -> None:
    line = between(target.program.address)
    to_client, _ = measured(target, line)
    places = (0, to_client // 2)
    for at in places:
        line.fail(Stalls(at))
        with pytest.raises(ConnectError, match="seconds") as raised:
            target.connect(line, timeout=0.6)
        one_or_two_lines(str(raised.value), line)
    proof(
        "nothing more arrives after some bytes of greeting and upgrade",
        target.on,
        "connecting ends with its limit, which is said",
        len(places),
    )


def test_flooded_while_its_prompt_is_waited_for(
    target: Target, between: Line, proof: Prove
) -> None:
    line = between(target.program.address, Floods(b"\x00\xffgarbage \x1b[2J\n" * 4096, 512))
    with pytest.raises(ConnectError) as raised:
        target.connect(line, timeout=5)
    one_or_two_lines(str(raised.value), line)
    proof(
        "30 MB of garbage before the first byte",
        target.on,
        "connecting ends with a sentence about it",
    )


def test_a_byte_that_is_another(target: Target, between: Line, proof: Prove) -> None:
    line = between(target.program.address)
    to_client, to_server = measured(target, line)
    seeds = range(6)
    for seed in seeds:
        fault = Corrupts(seed, (to_client if seed % 2 else to_server) + 100)
        line.fail(*((fault, AS_IS) if seed % 2 else (AS_IS, fault)))
        try:
            with target.connect(line, timeout=1) as client:
                outcome = client.start(target.code)
                client.link.run_until(partial(has_ended, outcome), 1)
        except (ConnectError, ConnectionLost) as error:
            one_or_two_lines(str(error), line)
        assert target.has_run() <= 1
    proof(
        "one byte of the conversation arrives as another",
        target.on,
        "it ends within the limits; not run twice; other clients are unhurt",
        len(seeds),
    )


def test_nothing_is_left_there(target: Target, between: Line, proof: Prove) -> None:
    assert isinstance(target.program, Process | GuileProgram)
    pid = target.program.process.pid
    line = between(target.program.address)
    before = counted(pid).sockets
    for _ in range(5):
        with target.connect(line) as client:
            outcome = client.start(target.subject.phrases.slow)
            client.link.run_until(partial(has_printed, outcome), LONG)
            line.cut()
    until(lambda: counted(pid).sockets <= before, lambda: f"{counted(pid)}")
    proof(
        "dropped in the middle of an evaluation that does not end",
        target.on,
        "the program has as many sockets as before; other clients are unhurt",
        5,
    )
