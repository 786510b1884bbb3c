from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def directory() -> Iterator[Path]:
    """A directory whose path is short enough for sockets."""
    path = Path(tempfile.mkdtemp(prefix="rc-", dir="/tmp"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(autouse=True)
def config(directory: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the configuration is, of which there is none yet; nobody else's records are seen."""
    (directory / "run").mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(directory / "run"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(directory / "config"))
    monkeypatch.delenv("REPL_CONNECT_CONFIG", raising=False)
    return directory / "config" / "repl-connect" / "config.toml"
