"""`repl-connect doctor`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Final

from repl_connect.cli.command import DIALECT, Argument, Command, parser_of, seconds
from repl_connect.exit_codes import ExitCode
from repl_connect.targets import ADDRESS_HELP, target_of

__all__ = ["COMMAND"]


def _run(arguments: Sequence[str]) -> ExitCode:
    options = parser_of(COMMAND).parse_args(arguments)
    from repl_connect.doctor.finding import State, as_json, lines

    connected = True
    if options.address is None:
        from repl_connect.doctor.machine import examine_machine

        findings = examine_machine(os.getcwd())
    else:
        from repl_connect.connect import CONNECT_TIMEOUT
        from repl_connect.doctor.connection import examine_address

        target = target_of(options.address)
        findings, connected = examine_address(
            target.address,
            dialect=options.dialect or target.dialect,
            timeout=options.timeout or CONNECT_TIMEOUT,
            language=target.language,
        )
    if options.json:
        import json

        print(json.dumps(as_json(findings), indent=2))
    else:
        for line in lines(findings):
            print(line)
    if not connected:
        return ExitCode.NO_CONNECTION
    wrong = any(finding.state is State.WRONG for finding in findings)
    return ExitCode.RAISED if wrong else ExitCode.OK


COMMAND: Final = Command(
    words="doctor",
    summary="what is wrong, and what to type",
    description="Look for what is wrong. Without an address: versions, terminal, configuration,\n"
    "directories, editors, what is live. With one: each step of connecting to it,\n"
    "who is there, what it can do, how fast it answers. Nothing is evaluated and\n"
    "nothing is changed. The text can be copied into a report as it is.",
    arguments=(
        Argument(("address",), ADDRESS_HELP, metavar="ADDRESS", completes="address"),
        Argument(
            ("--timeout",),
            "how long connecting may take",
            metavar="SECONDS",
            convert=seconds,
        ),
        Argument(("--json",), "JSON"),
        DIALECT,
    ),
    examples=(
        ("repl-connect doctor", "this machine"),
        ("repl-connect doctor ./guile-socket", "why can't I connect?"),
        ("repl-connect doctor 7888 --json | jq .findings", "for a script"),
    ),
    exit_codes={
        0: "nothing is wrong",
        1: "something is wrong",
        2: "the command line or the address was not understood",
        3: "no connection",
    },
    run=_run,
)
