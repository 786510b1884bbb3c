"""`repl-connect cancel`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Final

from repl_connect.cli.command import Argument, Command, parser_of
from repl_connect.exit_codes import ExitCode

__all__ = ["COMMAND"]


def _run(arguments: Sequence[str]) -> ExitCode:
    options = parser_of(COMMAND).parse_args(arguments)
    from repl_connect.jobs.asking import cancel
    from repl_connect.jobs.ident import job_id

    ident = job_id(options.id)
    cancel(ident)
    print(f"repl-connect: {ident} is cancelled.", file=sys.stderr)
    return ExitCode.OK


COMMAND: Final = Command(
    words="cancel",
    summary="end a job",
    description="Take a job out of the queue, or interrupt it. What it has brought until then\n"
    "stays with its result.",
    arguments=(Argument(("id",), "what `submit` has printed", metavar="ID", optional=False),),
    examples=(("repl-connect cancel @sim:3f2a1c-4", "end it"),),
    exit_codes={
        0: "it is cancelled",
        1: "it could not be: it had ended, or can't be interrupted",
        2: "there is no such job, or it is not kept any more",
        3: "there was no connection, or it was lost",
        4: "it was asked to end, and has not yet",
    },
    run=_run,
)
