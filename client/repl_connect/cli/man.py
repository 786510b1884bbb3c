"""`repl-connect man`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from repl_connect.cli.command import Command, parser_of
from repl_connect.exit_codes import ExitCode

__all__ = ["COMMAND"]


def _run(arguments: Sequence[str]) -> ExitCode:
    parser_of(COMMAND).parse_args(arguments)
    from repl_connect.cli.manual import manual_page

    print(manual_page(), end="")
    return ExitCode.OK


COMMAND: Final = Command(
    words="man",
    summary="the manual page",
    description="Print the manual page, repl-connect(1), as troff source.",
    arguments=(),
    examples=(
        ("repl-connect man | man -l -", "read it"),
        (
            "repl-connect man > ~/.local/share/man/man1/repl-connect.1",
            "install it (make the directory first)",
        ),
    ),
    exit_codes={0: "printed", 2: "the command line was not understood"},
    run=_run,
)
