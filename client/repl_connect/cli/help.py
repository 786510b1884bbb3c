"""`repl-connect help`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from repl_connect.cli import command_named
from repl_connect.cli.command import Argument, Command, parser_of
from repl_connect.exit_codes import ExitCode

__all__ = ["COMMAND"]


def _run(arguments: Sequence[str]) -> ExitCode:
    options = parser_of(COMMAND).parse_args(arguments)
    print(parser_of(command_named(options.command or "")).format_help(), end="")
    return ExitCode.OK


COMMAND: Final = Command(
    words="help",
    summary="what a command does",
    description="What a command does, with examples; without a name, the prompt's help.",
    arguments=(Argument(("command",), "its name", metavar="COMMAND", completes="command"),),
    examples=(("repl-connect help eval", "as repl-connect eval --help"),),
    exit_codes={0: "shown", 2: "there is no such command"},
    run=_run,
)
