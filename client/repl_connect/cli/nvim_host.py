"""`repl-connect nvim-host`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Final

from repl_connect.cli.command import Argument, Command, parser_of
from repl_connect.errors import UsageError
from repl_connect.exit_codes import ExitCode

__all__ = ["COMMAND"]


def _run(arguments: Sequence[str]) -> ExitCode:
    from repl_connect import __version__
    from repl_connect.requirement import missing

    options = parser_of(COMMAND).parse_args(arguments)
    problem = missing("pynvim", "The Neovim plugin")
    if problem is not None:
        raise UsageError(problem)
    if options.check:
        print(__version__)
        return ExitCode.OK
    if sys.stdin.isatty():
        raise UsageError("Neovim starts this by itself: `repl-connect editor nvim` tells how.")
    from repl_connect.nvim.host import serve

    return serve()


COMMAND: Final = Command(
    words="nvim-host",
    summary="what the Neovim plugin starts by itself",
    description="Have the connections of one Neovim, which speaks msgpack-rpc with it on standard\n"
    "input and output. The plugin starts it when it is first used.",
    arguments=(Argument(("--check",), "only say the version, or what is missing"),),
    examples=(("repl-connect nvim-host --check", "whether the plugin would find all it needs"),),
    exit_codes={0: "Neovim has ended, or nothing is missing", 2: "something is missing"},
    run=_run,
)
