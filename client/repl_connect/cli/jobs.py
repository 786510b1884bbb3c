"""`repl-connect jobs`."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Final

from repl_connect.cli.command import Argument, Command, parser_of
from repl_connect.cli.several import prepared, several_targets
from repl_connect.exit_codes import ExitCode
from repl_connect.targets import GROUP_HELP

__all__ = ["COMMAND"]


def _run(arguments: Sequence[str]) -> ExitCode:
    options = parser_of(COMMAND).parse_args(arguments)
    from repl_connect.escapes import visible
    from repl_connect.jobs.asking import known_targets, listed
    from repl_connect.jobs.showing import as_json, rows

    if options.targets:
        targets = several_targets(options.targets)
    else:
        targets = prepared(known_targets(), ["@*"])
    answers = listed(targets)
    for answer in answers:
        if answer.problem is None:
            continue
        if options.json:
            print(json.dumps({"target": answer.place, "problem": answer.problem}))
        else:
            print(f"repl-connect: {visible(answer.problem)}", file=sys.stderr)
    silent = [answer.place for answer in answers if not answer.tells] if options.targets else []
    for place in silent:
        print(
            f"repl-connect: {visible(place)}: telephone does not tell which jobs it has; "
            "`result ID` asks for one.",
            file=sys.stderr,
        )
    failed = sum(answer.problem is not None for answer in answers)
    jobs = [each for answer in answers for each in answer.jobs]
    if options.json:
        for ident, job in jobs:
            print(as_json(ident, job))
    elif jobs:
        print(*rows(jobs), sep="\n")
    elif not failed and not silent:
        print("There are no jobs. `repl-connect submit` leaves one.", file=sys.stderr)
    if not failed:
        return ExitCode.OK
    return ExitCode.NO_CONNECTION if failed == len(answers) else ExitCode.PARTIAL


COMMAND: Final = Command(
    words="jobs",
    summary="the jobs there are",
    description="List jobs, each with the id that `result` and `cancel` take, the newest first.\n"
    "Without a target: of all partners, of this machine's Python servers, and of the\n"
    "bridges that keep jobs in the background. Programs that could not be asked are\n"
    "said, a line each.",
    arguments=(
        Argument(("targets",), GROUP_HELP, metavar="TARGET", completes="group", several=True),
        Argument(("--json",), "one JSON object for each, on a line of its own"),
    ),
    examples=(
        ("repl-connect jobs", "all"),
        ("repl-connect jobs '@web/*'", "those of a group"),
        ("repl-connect jobs --json | jq -r 'select(.state == \"failed\").id'", "for a script"),
    ),
    exit_codes={
        0: "all were asked, also when there are no jobs",
        2: "the command line or an address was not understood",
        3: "none could be asked",
        6: "some could not be asked",
    },
    run=_run,
)
