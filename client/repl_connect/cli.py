"""The command line: what `repl-connect` was asked to do."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from repl_connect import __version__
from repl_connect.address import Address, parse_address
from repl_connect.errors import ReplConnectError, UsageError
from repl_connect.exit_codes import ExitCode

__all__ = ["main_exit", "run"]

_EPILOG = """\
An ADDRESS is a Unix socket's path (./guile-socket), host:port, or a port of this machine.
Without one, a Python of its own is started and connected to.

To evaluate one thing and leave: repl-connect eval ADDRESS CODE   (repl-connect eval --help)
"""
_WIDTH = 78
_EVAL_EPILOG = """\
Values and what the program prints go to standard output, errors to standard error.

exit status:
  0    it was evaluated
  1    the code raised an error
  2    the command line was not understood
  3    no connection, or it was lost
  4    the time was up, or it was interrupted
  130  Ctrl-C
"""


def run(arguments: Sequence[str]) -> ExitCode:
    """Do what the arguments (without the program's name) ask for.

    Raises `ReplConnectError` for what can't be done; argparse's own `SystemExit` for `--help` and
    for arguments that make no sense.
    """
    if arguments and arguments[0] == "eval":
        return _eval(arguments[1:])
    return _prompt(arguments)


def _prompt(arguments: Sequence[str]) -> ExitCode:
    parser = argparse.ArgumentParser(
        prog="repl-connect",
        description="Get into a running program through its socket REPL.",
        epilog=_EPILOG,
        formatter_class=_help,
    )
    parser.add_argument("address", metavar="ADDRESS", nargs="?", help="where it listens")
    _common(parser)
    parser.add_argument("--plain", action="store_true", help="no line editing, no escape sequences")
    parser.add_argument("--version", action="version", version=f"repl-connect {__version__}")
    options = parser.parse_args(arguments)
    address = parse_address(options.address) if options.address is not None else None
    from repl_connect.prompt import run_prompt

    return run_prompt(address, dialect=options.dialect, plain=options.plain)


def _eval(arguments: Sequence[str]) -> ExitCode:
    parser = argparse.ArgumentParser(
        prog="repl-connect eval",
        description="Evaluate something in a running program, once.",
        epilog=_EVAL_EPILOG,
        formatter_class=_help,
    )
    parser.add_argument("address", metavar="ADDRESS", help="where it listens")
    parser.add_argument("code", metavar="CODE", nargs="?", help="the code; `-`: standard input")
    parser.add_argument("--file", metavar="FILE", help="evaluate a file instead")
    parser.add_argument("--ns", metavar="NAME", help="the namespace (module) to evaluate in")
    parser.add_argument(
        "--timeout", metavar="SECONDS", type=_seconds, help="interrupt it and leave after so long"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object for each message")
    _common(parser)
    options = parser.parse_intermixed_args(arguments)  # options may stand before CODE
    address: Address = parse_address(options.address)
    from_stdin = options.code == "-" or (options.code is None and options.file is None)
    if options.file is not None:
        if options.code is not None:
            raise UsageError("Give CODE or --file FILE, not both.")
        code = _read_file(options.file)
    elif not from_stdin:
        code = options.code
    elif options.code is None and sys.stdin.isatty():
        raise UsageError("Say what to evaluate: CODE, --file FILE, or `-` for standard input.")
    else:
        code = sys.stdin.buffer.read().decode("utf-8", "surrogateescape")
    from repl_connect.oneshot import evaluate_once

    return evaluate_once(
        address,
        code,
        file=os.path.abspath(options.file) if options.file is not None else None,
        namespace=options.ns,
        timeout=options.timeout,
        dialect=options.dialect,
        json=options.json,
        answer_input=not from_stdin,
    )


def _help(prog: str) -> argparse.HelpFormatter:
    """Help of a fixed width: to find the terminal's, argparse imports much, for each option."""
    return argparse.RawDescriptionHelpFormatter(prog, width=_WIDTH)


def _common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--dialect", metavar="NAME", help="what it speaks (nrepl, guile), instead of finding out"
    )


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds < 1e9:
        raise ValueError
    return seconds


def _read_file(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read()
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}.") from None


def main_exit(arguments: Sequence[str]) -> int:
    """`run`, with its errors printed: the exit status."""
    try:
        return run(arguments)
    except ReplConnectError as error:
        print(f"repl-connect: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except BrokenPipeError:  # whoever read our output has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.OK
