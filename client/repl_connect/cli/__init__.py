"""The command line: what `repl-connect` was asked to do.

One module a command, each with a `COMMAND`; only the one that is asked for is imported.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Final

from repl_connect.errors import ReplConnectError, UsageError
from repl_connect.exit_codes import ExitCode

if TYPE_CHECKING:
    from repl_connect.cli.command import Command

__all__ = ["COMMANDS", "command_named", "main_exit", "run"]

COMMANDS: Final[Mapping[str, str]] = {
    "eval": "evaluate something in a running program, once",
    "op": "send one nREPL op, and print what is answered",
    "submit": "leave code with a running program, to be evaluated by itself",
    "result": "what such a job has brought",
    "jobs": "the jobs there are",
    "cancel": "end a job",
    "map": "evaluate in many programs at once, or deal work out to them",
    "partners": "the programs that have a name: add, remove, list, check",
    "dashboard": "watch and command many programs on one screen",
    "bridge": "serve any REPL to nREPL clients: editors, tools",
    "list": "what is live on this machine",
    "doctor": "what is wrong, and what to type",
    "editor": "the plugins for Neovim and Emacs: where they are, installing them",
    "config": "the configuration: where it is, what it says, whether it is right",
    "completion": "completion for bash, zsh or fish",
    "man": "the manual page",
    "help": "what a command does",
    "nvim-host": "what the Neovim plugin starts by itself",
}
"""The commands' names with what they do, beside the prompt, which has no name."""

_UNWRITABLE: Final = (errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EFBIG)


def command_named(name: str) -> Command:
    """A command; the prompt for no name. Raises `UsageError` for what is none."""
    if name and name not in COMMANDS:
        near = _nearest(name)
        raise UsageError(
            f"There is no command {name!r}. "
            + (f"Did you mean {near}?" if near else f"There are: {', '.join(COMMANDS)}.")
        )
    module = name.replace("-", "_") or "prompt"
    command: Command = import_module(f"repl_connect.cli.{module}").COMMAND
    return command


def run(arguments: Sequence[str]) -> ExitCode:
    """Do what the arguments (without the program's name) ask for.

    Raises `ReplConnectError` for what can't be done; argparse's own `SystemExit` for `--help` and
    for arguments that make no sense.
    """
    first = arguments[0] if arguments else ""
    if first in COMMANDS:
        return command_named(first).run(arguments[1:])
    near = _nearest(first)
    if near is not None and not os.path.exists(first):
        raise UsageError(
            f"There is no command {first!r}. Did you mean `repl-connect {near}`? "
            f"(A socket of that name would be ./{first}.)"
        )
    return command_named("").run(arguments)


def _nearest(word: str) -> str | None:
    """The command that was meant by a word that is none, if it looks like one."""
    if not word.replace("-", "").isalpha() or word.startswith("-"):
        return None
    from difflib import get_close_matches

    return next(iter(get_close_matches(word.lower(), COMMANDS, n=1, cutoff=0.7)), None)


def main_exit(arguments: Sequence[str]) -> int:
    """`run`, with its errors printed: the exit status."""
    try:
        status = run(arguments)
        sys.stdout.flush()
        return status
    except ReplConnectError as error:
        from repl_connect.escapes import visible  # it may quote the other side

        _complain(visible(str(error)))
        return error.exit_code
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except BrokenPipeError:  # whoever read our output has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.OK
    except OSError as error:
        if error.errno not in _UNWRITABLE:
            raise
        _complain(f"what came could not be written: {error.strerror}.")
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.USAGE


def _complain(text: str) -> None:
    """Say it on standard error; if that can't be written either, the exit status says enough."""
    with suppress(OSError):
        print(f"repl-connect: {text}", file=sys.stderr, flush=True)
