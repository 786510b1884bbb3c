"""A home of its own for an Emacs: nothing of the user's, and a project to edit."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from editors.isolated import Home

__all__ = ["EMACS", "PACKAGE", "QUIET", "Isolated"]

PACKAGE = Path(__file__).parents[2] / "editors" / "emacs"
"""The package, as one puts it on `load-path`."""

EMACS = shutil.which("emacs")

QUIET = """(setq load-prefer-newer t
      native-comp-deferred-compilation nil native-comp-jit-compilation nil
      comp-enable-subr-trampolines nil native-comp-enable-subr-trampolines nil)"""
"""Elisp: the newest is loaded, and nothing is compiled meanwhile."""

_COMMANDS = Path(sys.executable).parent
_NAMES = ("emacs", os.path.basename(os.path.realpath(EMACS or "")))
_FOREIGN = ("EMACSLOADPATH", "EMACSDATA", "EMACSDOC", "EMACSPATH", "INSIDE_EMACS", "EDITOR")


class Isolated(Home):
    """The directories and the variables of one Emacs, all below `directory`.

    On its PATH is the `repl-connect` of this environment, unless `command` is false. `environment`
    is added to this process's variables; one that is None is taken out.
    """

    def __init__(
        self,
        directory: Path,
        *,
        command: bool = True,
        environment: Mapping[str, str | None] | None = None,
    ) -> None:
        places = [place for place in os.get_exec_path() if Path(place) != _COMMANDS]
        path = os.pathsep.join([str(_COMMANDS), *places] if command else places)
        own = {**dict.fromkeys(_FOREIGN), "PATH": path}
        super().__init__(directory, environment={**own, **(environment or {})})

    def processes(self, but: Iterable[str] = _NAMES) -> dict[int, str]:
        """What runs in this home, other than Emacs itself: the process's id and its command."""
        return super().processes(but)
