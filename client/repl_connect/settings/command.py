"""`repl-connect config`: where the file is, what is set, and whether the file is right."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from typing import Final

from repl_connect.exit_codes import ExitCode
from repl_connect.settings.load import load_settings
from repl_connect.settings.nearest import Names
from repl_connect.settings.option import toml_text
from repl_connect.settings.options import OPTIONS
from repl_connect.settings.places import config_path
from repl_connect.settings.settings import option_name, shown

__all__ = ["config_command"]

_WIDTH: Final = 78
_EPILOG: Final = """\
The file is $REPL_CONNECT_CONFIG, or repl-connect/config.toml in $XDG_CONFIG_HOME (or ~/.config).
A variable goes before the file: REPL_CONNECT_PROMPT__THEME=dark sets prompt.theme.
"""


def config_command(
    arguments: Sequence[str],
    actions: Names | None = None,
    styles: Names | None = None,
) -> ExitCode:
    """Do what is behind `repl-connect config`. `actions` and `styles`: as for `load_settings`.

    Raises `UsageError` for an option that is not there, argparse's `SystemExit` for arguments that
    make no sense.
    """
    parser = argparse.ArgumentParser(
        prog="repl-connect config",
        description="Look at the settings.",
        epilog=_EPILOG,
        formatter_class=_help,
    )
    commands = parser.add_subparsers(dest="command", metavar="path|show|check", required=True)
    commands.add_parser("path", help="print the file's path, whether it is there or not")
    show = commands.add_parser("show", help="print each option, its value and where that is from")
    show.add_argument("name", metavar="NAME", nargs="?", help="the value of this option only")
    show.add_argument("--json", action="store_true", help="as JSON")
    commands.add_parser("check", help="say what is wrong; exit status 2 if anything is")
    options = parser.parse_args(arguments)
    if options.command == "path":
        print(config_path())
        return ExitCode.OK
    loaded = load_settings(actions, styles)
    for problem in loaded.problems:
        print(problem, file=sys.stderr)
    if options.command == "check":
        return ExitCode.USAGE if loaded.problems else ExitCode.OK
    names = [option_name(options.name)] if options.name is not None else list(OPTIONS)
    rows = [row for row in shown(loaded.settings) if row.name in names]
    if options.json:
        _print_json({row.name: row.origin for row in rows}, loaded.settings.given)
    elif options.name is not None:
        value = loaded.settings.given.get(names[0], OPTIONS[names[0]].default)
        print(value if isinstance(value, str) else toml_text(value))
    else:
        wide = max(len(row.name) + len(row.value) for row in rows if len(row.value) < _WIDTH // 2)
        for row in rows:
            setting = f"{row.name} = {row.value}"
            print(f"{setting:<{wide + 3}}  # {row.origin}")
    return ExitCode.OK


def _print_json(origins: dict[str, str], given: Mapping[str, object]) -> None:
    import json

    document = {
        name: {"value": given.get(name, OPTIONS[name].default), "origin": origin}
        for name, origin in origins.items()
    }
    print(json.dumps(document, indent=2))


def _help(prog: str) -> argparse.HelpFormatter:
    """Help of a fixed width, as the other commands have it."""
    return argparse.RawDescriptionHelpFormatter(prog, width=_WIDTH)
