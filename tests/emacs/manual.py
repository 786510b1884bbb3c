"""The tables in the manual of the Emacs package, which it is asked for: run this to write them."""

from __future__ import annotations

import tempfile
from subprocess import PIPE, run
from typing import Final

from emacs.isolated import EMACS, PACKAGE

__all__ = ["MANUAL", "with_tables"]

_SCRIPT = PACKAGE.parents[1] / "tests" / "emacs" / "manual.el"
_SECONDS: Final = 60.0

MANUAL: Final = PACKAGE / "README.md"


def with_tables() -> str:
    """The manual with its tables as the package has them."""
    assert EMACS is not None
    newest = "(setq load-prefer-newer t)"
    command = [EMACS, "-Q", "--batch", "--eval", newest, "-L", str(PACKAGE), "-l", str(_SCRIPT)]
    with tempfile.TemporaryDirectory() as home:
        done = run(
            [*command, "-f", "manual-print", str(MANUAL)],
            env={"HOME": home, "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
            stdout=PIPE,
            text=True,
            timeout=_SECONDS,
            check=True,
        )
    return done.stdout


if __name__ == "__main__":
    MANUAL.write_text(with_tables(), "utf-8")
