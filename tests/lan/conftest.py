from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A project's directory, empty, and a runtime directory of its own."""
    directory = Path(tempfile.mkdtemp(prefix="rc-", dir="/tmp"))
    (directory / "run").mkdir(mode=0o700)
    (directory / "project").mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(directory / "run"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(directory))
    monkeypatch.chdir(directory / "project")
    yield directory / "project"
    shutil.rmtree(directory, ignore_errors=True)
