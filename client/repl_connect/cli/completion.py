"""`repl-connect completion`: scripts for shells, made from the commands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from repl_connect.cli.command import Argument, Command, parser_of
from repl_connect.exit_codes import ExitCode

__all__ = ["COMMAND", "SHELLS"]

SHELLS: Final = ("bash", "zsh", "fish")


def _run(arguments: Sequence[str]) -> ExitCode:
    options = parser_of(COMMAND).parse_args(arguments)
    from repl_connect.cli.shells import completion_script

    print(completion_script(options.shell), end="")
    return ExitCode.OK


COMMAND: Final = Command(
    words="completion",
    summary="completion for bash, zsh or fish",
    description="Print a completion script. It completes commands, options, files, and\n"
    "addresses: what is live when Tab is pressed, and the partners in the\n"
    "configuration.",
    arguments=(
        Argument(
            ("shell",),
            "which shell: " + ", ".join(SHELLS),
            metavar="SHELL",
            optional=False,
            choices=SHELLS,
        ),
    ),
    examples=(
        ('eval "$(repl-connect completion bash)"', "in ~/.bashrc"),
        ('eval "$(repl-connect completion zsh)"', "in ~/.zshrc, after compinit"),
        ("repl-connect completion fish | source", "in ~/.config/fish/config.fish"),
    ),
    exit_codes={0: "printed", 2: "the command line was not understood"},
    run=_run,
)
