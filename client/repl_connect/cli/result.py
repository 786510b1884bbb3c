"""`repl-connect result`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from repl_connect.cli.command import Argument, Command, parser_of, seconds
from repl_connect.exit_codes import ExitCode

__all__ = ["COMMAND"]


def _run(arguments: Sequence[str]) -> ExitCode:
    options = parser_of(COMMAND).parse_args(arguments)
    from repl_connect.jobs.asking import result_of
    from repl_connect.jobs.ident import job_id
    from repl_connect.jobs.showing import as_json, exit_code_of, print_result

    ident = job_id(options.id)
    job = result_of(ident, options.wait or 0.0)
    if options.json:
        print(as_json(ident, job))
    else:
        print_result(ident, job)
    return exit_code_of(job)


COMMAND: Final = Command(
    words="result",
    summary="what such a job has brought",
    description="What a job has brought: what it printed and its values on standard output, its\n"
    "errors on standard error. How far it is, if it has not ended, is said there too.\n"
    "It can be asked for again and again, until it is an hour old.",
    arguments=(
        Argument(("id",), "what `submit` has printed", metavar="ID", optional=False),
        Argument(
            ("--wait",),
            "wait so long for its end",
            metavar="SECONDS",
            convert=seconds,
        ),
        Argument(("--json",), "one JSON object"),
    ),
    examples=(
        ("repl-connect result @sim:3f2a1c-4", "how far it is, what it has brought"),
        ("repl-connect result @sim:3f2a1c-4 --wait 600", "wait for its end, ten minutes at most"),
        ("repl-connect result @sim:3f2a1c-4 --json | jq '.values[-1]'", "its last value"),
    ),
    exit_codes={
        0: "it has finished",
        1: "it has failed: an error ended it, or it could not be run",
        2: "there is no such job, or it is not kept any more",
        3: "there was no connection, or it was lost",
        4: "it has not ended (in the time given), or was cancelled",
    },
    run=_run,
)
