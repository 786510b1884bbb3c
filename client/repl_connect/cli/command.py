"""What a command is, as data: its help, the man page and shell completion are all made from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from repl_connect.dialects import DIALECTS
from repl_connect.exit_codes import ExitCode

if TYPE_CHECKING:
    import argparse

__all__ = ["DIALECT", "WAIT", "Argument", "Command", "parser_of", "seconds"]

_WIDTH: Final = 78


class Argument(NamedTuple):
    """An option (its names begin with `-`) or a word.

    `completes` says what a shell offers in its place: `address`, `group` (those, and groups of
    partners), `file`, or nothing. Without a `metavar` an option takes no value. Of the last word
    there may be `several`. A `repeated` option may be given more than once: its value is a list.
    """

    names: tuple[str, ...]
    help: str
    metavar: str = ""
    optional: bool = True
    choices: tuple[str, ...] = ()
    completes: str = ""
    several: bool = False
    repeated: bool = False
    convert: Callable[[str], object] | None = None

    @property
    def is_option(self) -> bool:
        """Whether it begins with `-`."""
        return self.names[0].startswith("-")


class Command(NamedTuple):
    """One command. `words` follow `repl-connect` on the command line; the prompt has none.

    `examples` are command lines with what they do. `run` gets the arguments after the words.
    `commands`, by name, are the others that its help mentions.
    """

    words: str
    summary: str
    description: str
    arguments: tuple[Argument, ...]
    examples: tuple[tuple[str, str], ...]
    exit_codes: Mapping[int, str]
    run: Callable[[Sequence[str]], ExitCode]
    commands: Mapping[str, str] = {}

    @property
    def called(self) -> str:
        """How it is called: `repl-connect eval`."""
        return f"repl-connect {self.words}".strip()


def parser_of(command: Command) -> argparse.ArgumentParser:
    """The parser of its arguments, whose `--help` one can learn from."""
    import argparse

    parser = argparse.ArgumentParser(
        prog=command.called,
        description=command.description,
        epilog=_epilog(command),
        formatter_class=_formatter,
    )
    for argument in command.arguments:
        given: dict[str, Any] = {"help": argument.help.replace("%", "%%")}
        if argument.is_option and not argument.metavar:
            given["action"] = "store_true"
        else:
            given["metavar"] = argument.metavar
            if argument.choices:
                given["choices"] = argument.choices
            if argument.convert is not None:
                given["type"] = argument.convert
            if argument.repeated:
                given |= {"action": "append", "default": []}
            if argument.several:
                given |= {"nargs": "*", "default": []}  # without a default it is called required
            elif not argument.is_option and argument.optional:
                given["nargs"] = "?"
        parser.add_argument(*argument.names, **given)
    return parser


def seconds(text: str) -> float:
    """A time on the command line. Raises `ValueError` for what is none, or is not positive."""
    given = float(text)
    if not 0 < given < 1e9:
        raise ValueError
    return given


DIALECT: Final = Argument(
    names=("--dialect",),
    metavar="NAME",
    help=f"what it speaks, instead of finding out: {', '.join(DIALECTS)}",
)

WAIT: Final = Argument(
    names=("--wait",),
    metavar="SECONDS",
    convert=seconds,
    help="if nobody listens there yet, try again for so long",
)


def _formatter(prog: str) -> argparse.HelpFormatter:
    """Help of a fixed width: to find the terminal's, argparse imports much, for each option."""
    import argparse

    return argparse.RawDescriptionHelpFormatter(prog, width=_WIDTH)


def _epilog(command: Command) -> str:
    lines = []
    if command.commands:
        lines = ["commands (repl-connect COMMAND --help says more):"]
        lines += [f"  {name:<11} {what}" for name, what in command.commands.items()] + [""]
    lines += ["examples:"]
    for line, what in command.examples:
        lines.append(f"  {line}")
        lines.append(f"      {what}")
    lines += ["", "exit status:"]
    lines += [f"  {code:<4} {what}" for code, what in command.exit_codes.items()]
    return "\n".join(lines)
