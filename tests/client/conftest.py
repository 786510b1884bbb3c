from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from client.programs import Clojure, PythonProgram, clojure_class_path
from guile.programs import GUILE, GuileProgram


@pytest.fixture
def directory() -> Iterator[Path]:
    """A directory whose path is short enough for sockets."""
    path = Path(tempfile.mkdtemp(prefix="rc-", dir="/tmp"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(autouse=True)
def own_runtime_directory(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Records of servers that others run are not seen, and ours leave none."""
    (directory / "run").mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(directory / "run"))


@pytest.fixture(params=["unix", "tcp"])
def place(request: pytest.FixtureRequest, directory: Path) -> Path | None:
    """Where a fake is to listen: a directory for a Unix socket, None for TCP."""
    return directory if request.param == "unix" else None


@pytest.fixture
def python(directory: Path) -> Iterator[PythonProgram]:
    with PythonProgram(str(directory / "app.sock")) as program:
        yield program


@pytest.fixture
def guile(directory: Path) -> Iterator[GuileProgram]:
    if GUILE is None:
        pytest.skip("guile is not installed")
    program = GuileProgram(directory, cooperative=True)
    yield program
    program.stop()


@pytest.fixture(scope="session")
def clojure() -> Iterator[Callable[[str], Clojure]]:
    """Starts Clojure's own nREPL server, `unix` or `tcp`, once each."""
    path = clojure_class_path()
    if shutil.which("java") is None or path is None:
        pytest.skip("java or Clojure's nREPL is not installed")
    running: dict[str, Clojure] = {}

    def start(kind: str) -> Clojure:
        if kind not in running:
            running[kind] = Clojure(kind, path)
        return running[kind]

    yield start
    for program in running.values():
        program.stop()
