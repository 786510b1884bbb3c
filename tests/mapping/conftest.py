"""Programs to map over: five of different kinds for all tests, and Pythons of one's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
from adapters.subjects import sbcl
from editors import programs
from mapping.programs import Counting

KINDS = {
    "threaded": "python_server",
    "turning": "python_loop",
    "guile": "guile_program",
    "clojure": "clojure_nrepl",
}


@pytest.fixture(scope="module")
def five(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Addresses by name: two Pythons in different modes, Guile's own loop, Clojure, SBCL."""
    directory = tmp_path_factory.mktemp("five")
    lisp = sbcl.SUBJECTS[1]
    if missing := lisp.missing():
        pytest.skip(f"needs {missing}")
    with ExitStack() as stack, ThreadPoolExecutor() as starting:
        jobs = {
            name: starting.submit(programs.start, kind, directory / name)
            for name, kind in KINDS.items()
        }
        sbcl_program = starting.submit(lisp.start, directory)
        for job in jobs.values():
            stack.callback(job.result().stop)
        stack.callback(sbcl_program.result().stop)
        addresses = {name: job.result().address for name, job in jobs.items()}
        yield {**addresses, "sbcl": sbcl_program.result().address}


@pytest.fixture
def configure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Sets what the configuration file says."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))

    def write(text: str) -> None:
        path = tmp_path / "config" / "repl-connect" / "config.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    return write


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[int], list[Counting]]]:
    """Starts so many Pythons that count."""
    started: list[Counting] = []

    def begin(count: int) -> list[Counting]:
        first = len(started)
        numbers = range(first, first + count)
        started.extend(Counting(tmp_path / f"p{number}.sock") for number in numbers)
        for program in started[first:]:
            program.wait_until_up()
        return started[first:]

    yield begin
    for program in started:
        program.stop()
