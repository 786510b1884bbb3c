"""`repl-connect submit`."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from typing import Final

from repl_connect.cli.command import DIALECT, WAIT, Argument, Command, parser_of
from repl_connect.errors import ConnectionLost, UsageError
from repl_connect.escapes import visible
from repl_connect.exit_codes import ExitCode
from repl_connect.targets import ADDRESS_HELP, target_of

__all__ = ["COMMAND"]


def _run(arguments: Sequence[str]) -> ExitCode:
    # Options may stand before CODE.
    options = parser_of(COMMAND).parse_intermixed_args(arguments)
    target = target_of(options.target)
    code, file = _code(options.code, options.file)
    if not code.strip():
        raise UsageError("There is no code to evaluate: what was given is empty.")
    from repl_connect.jobs.desk import NoAnswer, submitting_desk

    with submitting_desk(target, options.dialect or target.dialect, options.wait) as desk:
        try:
            reply = desk.ask("submit", code=code, name=options.name, ns=options.ns, file=file)
        except (ConnectionLost, NoAnswer) as error:
            raise type(error)(
                f"{error} Whether the job was taken is not known: repl-connect jobs shows it then."
            ) from None
        ident = desk.ident(reply.get("job"))
        if desk.kept:
            print(
                f"repl-connect: {visible(target.name)} keeps no jobs: a bridge in the background "
                "runs this one and keeps its result. Both are lost if that ends.",
                file=sys.stderr,
            )
        if options.json:
            told = {
                "id": str(ident),
                "target": ident.place,
                "job": ident.job,
                "position": reply.get("position"),
                "kept": desk.kept,
            }
            print(json.dumps(told))
        else:
            print(visible(str(ident)))
    return ExitCode.OK


def _code(code: str | None, file: str | None) -> tuple[str, str | None]:
    """The code, and the file it is from."""
    if file is not None:
        if code is not None:
            raise UsageError("Give CODE or --file FILE, not both.")
        try:
            with open(file, encoding="utf-8", errors="surrogateescape") as opened:
                return opened.read(), os.path.abspath(file)
        except OSError as error:
            raise UsageError(f"{file}: {error.strerror}.") from None
    if code not in (None, "-"):
        return code or "", None
    if code is None and sys.stdin.isatty():
        raise UsageError("Say what to evaluate: CODE, --file FILE, or `-` for standard input.")
    return sys.stdin.buffer.read().decode("utf-8", "surrogateescape"), None


COMMAND: Final = Command(
    words="submit",
    summary="leave code with a running program, to be evaluated by itself",
    description="Leave code with a running program, as a job, and print the job's id. It goes on\n"
    "when this shell has gone; `result ID` shows what it brings, from any directory,\n"
    "for an hour. Python servers and telephone keep jobs themselves. For other REPLs\n"
    "a bridge is started in the background, which runs the job and keeps its result;\n"
    "that is said. A job has a session of its own, and reads the end of input.",
    arguments=(
        Argument(("target",), ADDRESS_HELP, metavar="ADDRESS", optional=False, completes="address"),
        Argument(("code",), "the code; `-` or nothing: standard input", metavar="CODE"),
        Argument(("--file",), "the code is in this file", metavar="FILE", completes="file"),
        Argument(("--name",), "what to call it in lists", metavar="NAME"),
        Argument(("--ns",), "the namespace (module) to evaluate in", metavar="NAME"),
        WAIT,
        Argument(("--json",), "one JSON object instead of the id"),
        DIALECT,
    ),
    examples=(
        ("job=$(repl-connect submit @sim 'rebuild()')", "its id, for later"),
        ("repl-connect submit ./guile.sock --file long.scm", "a file, for a Guile"),
        ('repl-connect result "$job" --wait 60', "what it has brought"),
    ),
    exit_codes={
        0: "it was taken",
        1: "it was refused: too many jobs wait there",
        2: "the command line or the address was not understood",
        3: "there was no connection, or it was lost",
        4: "there was no answer in time",
    },
    run=_run,
)
