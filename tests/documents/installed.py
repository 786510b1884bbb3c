"""The package as users get it: built from the sources, installed in a fresh environment."""

from __future__ import annotations

import fcntl
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from documents.showing import ROOT
from editors.environments import built_wheel

__all__ = ["Installed", "built_sdist", "install", "install_with_extras", "once"]

_LONG = 300.0


class Installed(NamedTuple):
    """A virtual environment at `path` that has the wheel."""

    path: Path
    wheel: Path

    @property
    def commands(self) -> Path:
        """The directory with `repl-connect`."""
        return self.path / "bin"


def install(place: Path) -> Installed:
    """What `pip install .` makes in an empty environment: the wheel, and what it needs."""
    wheel = built_wheel(place)
    environment = _fresh(place / "env")
    _pip(environment, str(wheel))
    return Installed(environment, wheel)


def install_with_extras(place: Path, wheel: Path) -> Installed:
    """The wheel again, beside all that the tests have installed: every extra is there."""
    environment = _fresh(place / "env")
    _pip(environment, "--no-deps", "--no-index", str(wheel))
    (site,) = environment.glob("lib/python*/site-packages")
    # A directory in such a file is searched; the tests' own repl-connect, which is in the checkout,
    # comes by a file of this kind, and those of that directory are not read.
    (site / "extras.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return Installed(environment, wheel)


def built_sdist(place: Path) -> Path:
    """The source distribution of this checkout."""
    build = [sys.executable, "-m", "hatchling", "build", "--target", "sdist"]
    subprocess.run(
        [*build, "--directory", str(place)],
        cwd=ROOT,
        check=True,
        capture_output=True,
        timeout=_LONG,
    )
    (sdist,) = place.glob("*.tar.gz")
    return sdist


def once(
    factory: pytest.TempPathFactory, name: str, make: Callable[[Path], Installed]
) -> Installed:
    """Make it in the first process of a test run that wants it; the others take that one."""
    base = factory.getbasetemp()
    # With pytest-xdist each process has a directory of its own, in one that they share.
    shared = base.parent if base.name.startswith("popen-") else base
    place = shared / name
    with open(shared / f"{name}.lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (place / "done").exists():
            place.mkdir()
            (place / "done").write_text(str(make(place).wheel), encoding="utf-8")
    return Installed(place / "env", Path((place / "done").read_text(encoding="utf-8")))


def _fresh(path: Path) -> Path:
    command = [sys.executable, "-m", "venv", "--without-pip", str(path)]
    subprocess.run(command, check=True, timeout=_LONG)
    return path


def _pip(environment: Path, *what: str) -> None:
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    pip += ["--python", str(environment / "bin" / "python"), "install"]
    # What is used is compiled when it is.
    subprocess.run([*pip, "--no-compile", *what], check=True, capture_output=True, timeout=_LONG)
