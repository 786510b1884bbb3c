"""Fresh virtual environments that the built wheel is installed into, without a network."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from subprocess import run

__all__ = ["HOST_NEEDS", "Environment", "built_wheel"]

_ROOT = Path(__file__).parents[2]
_CLIENT_NEEDS = ("prompt_toolkit", "pygments", "wcwidth")
HOST_NEEDS = ("pynvim", "msgpack", "greenlet", "typing_extensions")
"""What `repl-connect[nvim]` brings beside repl-connect."""


def built_wheel(directory: Path) -> Path:
    """The wheel of this checkout, as `pip` builds it."""
    build = ["wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(directory)]
    run([*_PIP, *build, str(_ROOT)], check=True, timeout=120)
    (wheel,) = directory.glob("*.whl")
    return wheel


class Environment:
    """A virtual environment at `path` that has the wheel, and what the terminal client needs."""

    def __init__(self, path: Path, wheel: Path) -> None:
        self.path = path
        self.python = path / "bin" / "python"
        self.command = str(path / "bin" / "repl-connect")
        run([sys.executable, "-m", "venv", "--without-pip", path], check=True, timeout=120)
        install = ["--python", str(self.python), "install", "--no-deps", "--no-index", str(wheel)]
        run([*_PIP, *install], check=True, timeout=120)
        self.add(_CLIENT_NEEDS)

    def add(self, names: Iterable[str]) -> None:
        """Lend it what is installed here."""
        (site,) = self.path.glob("lib/python*/site-packages")
        for name in names:
            with contextlib.suppress(PackageNotFoundError):  # not every version needs each
                found = distribution(name)
                for part in {file.parts[0] for file in found.files or ()} - {"..", "__pycache__"}:
                    (site / part).symlink_to(str(found.locate_file(part)))


_PIP = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
