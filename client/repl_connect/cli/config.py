"""`repl-connect config`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from repl_connect.cli.command import Argument, Command, parser_of
from repl_connect.exit_codes import ExitCode
from repl_connect.settings.options import OPTIONS

__all__ = ["COMMAND"]


def _run(arguments: Sequence[str]) -> ExitCode:
    if any(each in ("-h", "--help") for each in arguments[:1]):
        print(parser_of(COMMAND).format_help(), end="")
        return ExitCode.OK
    from repl_connect.prompt.editing.actions import ACTIONS
    from repl_connect.prompt.look.style import STYLE_CLASSES
    from repl_connect.settings.command import config_command

    return config_command(arguments, {action.id for action in ACTIONS}, STYLE_CLASSES)


COMMAND: Final = Command(
    words="config",
    summary="the configuration: where it is, what it says, whether it is right",
    description="The configuration is one TOML file for all front ends. `path` prints where it\n"
    "is, `show` every option with its value and where that comes from, `check`\n"
    "what is wrong with it.",
    arguments=(
        Argument(
            ("what",),
            "path, show or check",
            metavar="path|show|check",
            optional=False,
            choices=("path", "show", "check"),
        ),
        Argument(("name",), "with show: one option", metavar="NAME", choices=tuple(OPTIONS)),
        Argument(("--json",), "with show: JSON"),
    ),
    examples=(
        ('$EDITOR "$(repl-connect config path)"', "change it"),
        ("repl-connect config show prompt.theme", "one value"),
        ("repl-connect config check", "what is wrong, by line"),
    ),
    exit_codes={0: "all is well", 2: "the command line or the file is wrong"},
    run=_run,
)
