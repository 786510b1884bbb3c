"""`repl-connect map`, run as a process."""

from __future__ import annotations

import subprocess
from pathlib import Path

from client.command import COMMAND, LONG, Finished

__all__ = ["begin_map", "configuration", "ended", "run_map"]


def begin_map(*arguments: str, directory: Path | None = None) -> subprocess.Popen[str]:
    """`repl-connect map` with these arguments, with pipes."""
    return subprocess.Popen(
        [*COMMAND, "map", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="surrogateescape",
        cwd=directory,
    )


def ended(process: subprocess.Popen[str], stdin: str = "") -> Finished:
    """Its end."""
    with process:
        try:
            out, err = process.communicate(stdin, LONG)
        except BaseException:
            process.kill()
            raise
    return Finished(process.returncode, out, err)


def run_map(*arguments: str, stdin: str = "", directory: Path | None = None) -> Finished:
    """`repl-connect map` with these arguments to its end."""
    return ended(begin_map(*arguments, directory=directory), stdin)


def configuration(addresses: dict[str, str]) -> str:
    """Them as partners with the tag `five`, as `config.toml` has it."""
    return "".join(
        f'[partners.{name}]\naddress = "{address}"\ntags = ["five"]\n'
        for name, address in addresses.items()
    )
