"""Which project one works in: the nearest directory above that looks like one."""

from __future__ import annotations

import os
from typing import Final

__all__ = ["project_directory"]

_MARKS: Final = (
    *(".git", ".hg", ".jj", ".svn", ".projectile", ".nrepl-port"),
    *("pyproject.toml", "setup.py", "setup.cfg", "deps.edn", "project.clj", "bb.edn"),
    *("shadow-cljs.edn", "guix.scm", "manifest.scm", "package.json", "Cargo.toml", "go.mod"),
)


def project_directory(directory: str | None = None) -> str:
    """The project that a directory (by default the present one) is in; itself if it is in none.

    The home directory is no project for what is below it, whatever it holds.
    """
    if directory is None:
        try:
            directory = os.getcwd()
        except OSError:  # it was removed
            return ""
    start = os.path.realpath(directory)
    home = os.path.realpath(os.path.expanduser("~"))
    here = start
    while True:
        if here == home and here != start:
            return start
        if any(os.path.lexists(os.path.join(here, mark)) for mark in _MARKS):
            return here
        above = os.path.dirname(here)
        if above == here:
            return start
        here = above
