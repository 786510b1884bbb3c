"""`repl-connect eval`."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Final

from repl_connect.cli.command import DIALECT, WAIT, Argument, Command, parser_of, seconds
from repl_connect.errors import UsageError
from repl_connect.exit_codes import ExitCode
from repl_connect.targets import ADDRESS_HELP, target_of

__all__ = ["COMMAND"]


def _run(arguments: Sequence[str]) -> ExitCode:
    # Options may stand before CODE.
    options = parser_of(COMMAND).parse_intermixed_args(arguments)
    target = target_of(options.address)
    from_stdin = options.code == "-" or (options.code is None and options.file is None)
    if options.file is not None:
        if options.code is not None or options.at is not None:
            raise UsageError("Give CODE or --file FILE, not both; --at is for CODE.")
        code = _read_file(options.file)
    elif not from_stdin:
        code = options.code
    elif options.code is None and sys.stdin.isatty():
        raise UsageError("Say what to evaluate: CODE, --file FILE, or `-` for standard input.")
    else:
        code = sys.stdin.buffer.read().decode("utf-8", "surrogateescape")
    from repl_connect.oneshot import evaluate_once

    return evaluate_once(
        target,
        code,
        file=os.path.abspath(options.file) if options.file is not None else None,
        place=options.at,
        namespace=options.ns,
        timeout=options.timeout,
        wait=options.wait,
        dialect=options.dialect,
        json=options.json,
        answer_input=not from_stdin,
    )


def _place(text: str) -> tuple[str, int | None, int | None]:
    """A file, and the line and column in it, both from 1. Raises `ValueError`."""
    file, *numbers = text.rsplit(":", 2)
    while numbers and not numbers[0].isdigit():
        file += f":{numbers.pop(0)}"
    line, column = (*map(int, numbers), None, None)[:2]
    if not file or line == 0 or column == 0:
        raise ValueError
    return os.path.abspath(file), line, column


def _read_file(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read()
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}.") from None


COMMAND: Final = Command(
    words="eval",
    summary="evaluate something in a running program, once",
    description="Evaluate something in a running program, once. Values and what the program\n"
    "prints go to standard output, errors and all else to standard error: the\n"
    "same bytes to a terminal and to a pipe.",
    arguments=(
        Argument(
            ("address",), ADDRESS_HELP, metavar="ADDRESS", optional=False, completes="address"
        ),
        Argument(("code",), "the code; `-` or nothing: standard input", metavar="CODE"),
        Argument(("--file",), "evaluate a file instead", metavar="FILE", completes="file"),
        Argument(
            ("--at",),
            "where CODE stands, for error messages",
            metavar="FILE[:LINE[:COLUMN]]",
            convert=_place,
        ),
        Argument(("--ns",), "the namespace (module) to evaluate in", metavar="NAME"),
        Argument(
            ("--timeout",),
            "interrupt it and leave after so long, connecting included",
            metavar="SECONDS",
            convert=seconds,
        ),
        WAIT,
        Argument(("--json",), "one JSON object for each message, on a line of its own"),
        DIALECT,
    ),
    examples=(
        ("repl-connect eval ./game.sock 'score * 2'", "print a value"),
        ("repl-connect eval 7888 --file fix.clj --timeout 10", "evaluate a file, for at most 10 s"),
        ("repl-connect eval --wait 30 ./app.sock 'ready()'", "wait until the program is up"),
        ("echo '(tick)' | repl-connect eval ./guile-socket --json", "code from standard input"),
    ),
    exit_codes={
        0: "it was evaluated",
        1: "the code raised an error",
        2: "the command line was not understood",
        3: "no connection, or it was lost",
        4: "the time was up, or it was interrupted",
        130: "Ctrl-C",
    },
    run=_run,
)
