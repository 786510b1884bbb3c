"""A bridge before a Python console, and the lines to it and from it fail."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from adapters.bridging import BridgeProcess
from adapters.subjects.python import start_console
from client.command import run, start
from faults.between import Between, Drops, Floods, HalfCloses, Split, Stalls
from faults.counting import counted, until
from proofs import Prove

ON = "`eval` over a bridge, Python console"
NOT_KNOWN = "how it ended is not known"


class Chain:
    """A client's line, a bridge, the bridge's line, and a console behind it."""

    def __init__(self, directory: Path) -> None:
        self.console = start_console(directory)
        self.back = Between(directory, self.console.address, name="back.sock")
        self.bridge = BridgeProcess(
            self.back.address,
            str(directory / "bridge.sock"),
            *("--dialect", "python"),
            directory=directory,
        )
        self.front = Between(directory, self.bridge.address, name="front.sock")
        self._file = directory / "ran"
        self._ran = 0
        assert run(self.front.address, self.code("begin")).code == 0
        assert self.has_run() == 1
        # Its client has gone when the console's own thread is alone again.
        until(lambda: counted(self.console.process.pid).threads == 1, "the client has gone")
        until(lambda: counted(self.bridge.process.pid).sockets == 1, "and its socket with it")
        self._before = self._held()

    def code(self, word: str) -> str:
        """It is counted, prints a line, and has the word as its value."""
        return f"_ = open({str(self._file)!r}, 'a').write('x'); print('printed ✓'); {word!r}"

    def has_run(self) -> int:
        """How often code ran since this was asked last."""
        before, self._ran = self._ran, len(self._file.read_text())
        return self._ran - before

    def unhurt(self) -> None:
        """The next client is served, and the bridge holds what it held in the beginning."""
        self.front.fail()
        self.back.fail()
        assert run(self.front.address, self.code("after")) == (0, "printed ✓\n'after'\n", "")
        assert self.has_run() == 1
        until(lambda: self._held() == self._before, lambda: f"{self._before} again, {self._held()}")

    def close(self) -> None:
        """End all of it."""
        self.front.close()
        self.bridge.__exit__()
        self.back.close()
        self.console.stop()

    def _held(self) -> tuple[object, ...]:
        return tuple(counted(each.process.pid) for each in (self.bridge, self.console))


@pytest.fixture(scope="module")
def chain() -> Iterator[Chain]:
    """One for all tests."""
    directory = Path(tempfile.mkdtemp(prefix="rb-", dir="/tmp"))
    made = Chain(directory)
    yield made
    made.close()
    shutil.rmtree(directory)


def test_in_pieces(chain: Chain, proof: Prove) -> None:
    chain.front.fail(Split(), Split())
    chain.back.fail(Split(), Split(97))
    finished = run(chain.front.address, chain.code("in pieces"))
    assert finished == (0, "printed ✓\n'in pieces'\n", "")
    assert chain.has_run() == 1
    chain.unhurt()
    proof("every byte alone, before and behind the bridge", ON, "all is printed; it ran once")


@pytest.mark.parametrize("side", ["front", "back"])
def test_dropped_while_it_runs(chain: Chain, proof: Prove, side: str) -> None:
    process = start(chain.front.address, chain.code("x") + "\nwhile True: pass")
    assert process.stdout is not None
    assert process.stdout.readline() == "printed ✓\n".encode()
    (chain.front if side == "front" else chain.back).cut()
    _, said = process.communicate(timeout=30)
    err = said.decode()
    assert "Traceback" not in err
    assert len(err.splitlines()) == 1
    if side == "front":
        assert process.returncode == 3
        assert NOT_KNOWN in err
    else:
        assert process.returncode == 1
        assert "the connection was lost" in err or "closed the connection" in err
    assert chain.has_run() == 1
    chain.unhurt()
    where = "client and bridge" if side == "front" else "bridge and program"
    proof(
        f"the connection between {where} is dropped while it runs",
        ON,
        f"a line says it; exit {process.returncode}; it ran once; the next client is served; "
        "descriptors and threads of bridge and program as before",
    )


def test_dropped_in_the_upgrade(chain: Chain, proof: Prove) -> None:
    faults = (Drops(0), Drops(30), HalfCloses(10), Floods(b"\xffgarbage\x1b[2J\n" * 4096, 30))
    for fault in faults:
        chain.back.fail(fault)
        finished = run(chain.front.address, chain.code("upgrade"))
        assert finished.code in {1, 3}, (fault, finished)
        assert len(finished.err.splitlines()) <= 2, finished
        assert chain.console.address not in finished.err
        assert chain.back.address in finished.err
        assert "Traceback" not in finished.err
        assert "\x1b" not in finished.err
        assert chain.has_run() == 0
    chain.unhurt()
    proof(
        "the connection behind the bridge is dropped, half-closed or flooded in greeting and "
        "upgrade",
        ON,
        "the client gets why, with the address behind the bridge; the next one is served",
        len(faults),
    )


def test_stalled(chain: Chain, proof: Prove) -> None:
    for line in (chain.front, chain.back):
        line.fail(Stalls())
        finished = run(chain.front.address, chain.code("stalled"), "--timeout", "1")
        assert finished.code in {3, 4}, finished
        assert "Traceback" not in finished.err
        assert finished.err
        assert chain.has_run() == 0
        line.go_on()
    chain.unhurt()
    proof(
        "nothing arrives, before or behind the bridge, with `--timeout`",
        ON,
        "it ends in time and says what it waited for; when it goes on nothing runs late",
        2,
    )
