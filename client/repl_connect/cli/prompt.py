"""`repl-connect [ADDRESS]`: the prompt."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Final, NamedTuple

from repl_connect import __version__
from repl_connect.address import SshAddress
from repl_connect.cli import COMMANDS
from repl_connect.cli.command import DIALECT, WAIT, Argument, Command, parser_of
from repl_connect.errors import UsageError
from repl_connect.exit_codes import ExitCode
from repl_connect.targets import ADDRESS_HELP, Target, target_of

__all__ = ["COMMAND"]


class _Options(NamedTuple):
    address: str | None = None
    python: bool = False
    wait: float | None = None
    plain: bool = False
    dialect: str | None = None
    version: bool = False


def _options(arguments: Sequence[str]) -> _Options:
    """What the arguments say: nothing and an address are read without argparse, a slow import."""
    if len(arguments) <= 1 and not any(word.startswith("-") for word in arguments):
        return _Options(address=next(iter(arguments), None))
    return _Options(**vars(parser_of(COMMAND).parse_args(arguments)))


def _run(arguments: Sequence[str]) -> ExitCode:
    options = _options(arguments)
    if options.version:
        print(f"repl-connect {__version__}")
        return ExitCode.OK
    if options.python and options.address is not None:
        raise UsageError("Give an ADDRESS or --python, not both.")
    if options.address is not None:
        target: Target | None = target_of(options.address)
    elif options.python or options.wait is not None:
        target = None
    else:
        from repl_connect.cli.choice import found_target

        target = found_target(os.getcwd())
    if target is None and options.wait is not None:
        raise UsageError("--wait needs an ADDRESS: say what to wait for.")
    if target is not None and isinstance(target.address, SshAddress):
        from repl_connect.ssh import open_before_prompt

        open_before_prompt(target.address)
    from repl_connect.prompt import run_prompt

    if target is None:
        return run_prompt(None, plain=options.plain)
    return run_prompt(
        target,
        dialect=options.dialect,
        plain=options.plain,
        wait=options.wait,
    )


COMMAND: Final = Command(
    words="",
    summary="a prompt in a running program",
    description="Get into a running program through its socket REPL: a prompt with history,\n"
    "completion and documentation from the live program.\n"
    "\n"
    "ADDRESS is a Unix socket's path (./guile-socket), host:port, a port of this\n"
    "machine, or @NAME, a partner in the configuration. Without one, what is live\n"
    "in this directory tree is looked for (.nrepl-port, socket files, records of\n"
    "servers): connected to if it is one, asked about if there are several. If\n"
    "nothing is live, a Python of its own is started, which ends with the prompt.\n"
    "\n"
    "At the prompt: Enter evaluates, Tab completes, Ctrl-C interrupts, Ctrl-D\n"
    "leaves, `,help` shows the rest.",
    arguments=(
        Argument(("address",), ADDRESS_HELP, metavar="ADDRESS", completes="address"),
        Argument(("--python",), "a Python of its own, whatever is live here"),
        WAIT,
        Argument(("--plain",), "no line editing, no escape sequences"),
        DIALECT,
        Argument(("--version",), "print the version and leave"),
    ),
    examples=(
        ("repl-connect", "what is live here, or else a Python of its own"),
        ("repl-connect ./guile-socket", "a program's Unix socket"),
        ("repl-connect localhost:7888", "an nREPL server's port"),
        ("repl-connect --wait 30 ./app.sock", "a program that is still starting"),
        ("repl-connect @game", "a partner named in the configuration"),
    ),
    exit_codes={
        0: "you left",
        2: "the command line or the address was not understood",
        3: "no connection, or it was lost",
        130: "Ctrl-C before there was a prompt",
    },
    run=_run,
    commands=COMMANDS,
)
