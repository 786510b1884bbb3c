"""Tables of what was tried and what happened, which the tests that tried it hold true.

A test says its row by the fixture `proof`. The row has to be in the table of the document beside
the test, word for word; `python tests/proofs.py faults abuse` runs the tests of those directories
and writes their tables anew.
"""

from __future__ import annotations

import fcntl
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final, NamedTuple, Protocol

__all__ = ["DOCUMENTS", "Proof", "Prove", "document_of", "record", "rows_of", "table"]

_TESTS: Final = Path(__file__).parent
DOCUMENTS: Final = {"faults": "FAULTS.md", "abuse": "ABUSE.md"}
"""By directory of tests: the document in it that has their table."""

_RECORD: Final = "REPL_CONNECT_PROOFS"
_TABLE: Final = re.compile(r"(<!-- proofs: [^\n]*-->\n).*?(<!-- end of proofs -->)", re.DOTALL)
_HEAD: Final = (
    "| what was tried | on | times | what happened | test |",
    "| --- | --- | --- | --- | --- |",
)


class Proof(NamedTuple):
    """One row: what was tried on what and how often, what happened, and the test that did it."""

    tried: str
    on: str
    times: int
    happened: str
    test: str

    def line(self) -> str:
        """The row as Markdown."""
        cells = (self.tried, self.on, f"{self.times:,}", self.happened, f"`{self.test}`")
        return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


class Prove(Protocol):
    """What a test says at its end, when it has shown it: the fixture `proof`."""

    def __call__(self, tried: str, on: str, happened: str, times: int = 1) -> None:
        """A row: what was tried, on what, what happened, and how often it was tried."""


def document_of(directory: str) -> Path:
    """The document that has the table of the tests in a directory."""
    return _TESTS / directory / DOCUMENTS[directory]


def rows_of(directory: str) -> list[str]:
    """The rows that the table has now, without its head."""
    found = _TABLE.search(document_of(directory).read_text(encoding="utf-8"))
    return [] if found is None else found[0].splitlines()[1 + len(_HEAD) : -1]


def record(directory: str, proof: Proof) -> None:
    """Note a row while the tables are written; otherwise it has to be there.

    :raises AssertionError: it is not: the document says something else than what the test shows
    """
    if path := os.environ.get(_RECORD):
        with open(path, "a", encoding="utf-8") as file:  # several processes run tests
            fcntl.flock(file, fcntl.LOCK_EX)
            file.write(proof.line() + "\n")
        return
    assert proof.line() in rows_of(directory), (
        f"{DOCUMENTS[directory]} does not say {proof.line()!r}: "
        f"write it anew by: python tests/proofs.py {directory}"
    )


def table(rows: list[str]) -> str:
    """The table of some rows, in order of the tests' names, each row once."""
    by_test = sorted(set(rows), key=lambda row: (row.rsplit(" | ", 1)[-1], row))
    return "\n".join([*_HEAD, *by_test, ""])


def _written(directory: str) -> int:
    """Run the tests of a directory and write its table; the status of the tests."""
    with tempfile.NamedTemporaryFile("r", encoding="utf-8", suffix=".proofs") as file:
        command = [sys.executable, "-m", "pytest", "-q", "-n", "2", str(_TESTS / directory)]
        status = subprocess.run(
            command, env={**os.environ, _RECORD: file.name}, check=False
        ).returncode
        rows = file.read().splitlines()
    if status == 0:
        document = document_of(directory)
        text = document.read_text(encoding="utf-8")
        document.write_text(
            _TABLE.sub(lambda found: found[1] + table(rows) + found[2], text), encoding="utf-8"
        )
    return status


if __name__ == "__main__":
    sys.exit(max(_written(directory) for directory in sys.argv[1:] or DOCUMENTS))
