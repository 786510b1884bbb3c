"""`repl-connect list`."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from typing import Any, Final

from repl_connect.address import UnixAddress
from repl_connect.cli.command import Argument, Command, parser_of
from repl_connect.escapes import visible
from repl_connect.exit_codes import ExitCode
from repl_connect.listing import Server, survey

__all__ = ["COMMAND", "as_json", "rows"]

_QUICK: Final = 0.3  # seconds that servers get to answer while somebody waits for a completion
_STATES: Final = {"busy": "busy", "token": "wants a token", "unasked": "", "live": ""}
_HEADER: Final = ("ADDRESS", "LANGUAGE", "MODE", "CLIENTS", "PID", "PROGRAM", "DIRECTORY")


def _run(arguments: Sequence[str]) -> ExitCode:
    options = parser_of(COMMAND).parse_args(arguments)
    here = os.getcwd()
    if options.addresses:
        from repl_connect.targets import partner_names

        for server in survey(here, _QUICK).servers:
            print(server.address)
        for name in partner_names():
            print(f"@{name}")
        return ExitCode.OK
    listing = survey(here)
    for note in (*(each.words for each in listing.stale), *listing.others):
        print(f"repl-connect: {visible(note)}", file=sys.stderr)
    if options.json:
        for server in listing.servers:
            print(json.dumps(as_json(server, here)))
        return ExitCode.OK
    if not listing.servers:
        print(
            "Nothing is live here. To start something: repl-connect --python (a Python of its own),"
            "\nor in a program of yours: import repl_server; repl_server.serve()",
            file=sys.stderr,
        )
        return ExitCode.OK
    for row in rows(listing.servers, here):
        print(row)
    return ExitCode.OK


def rows(servers: Sequence[Server], here: str) -> list[str]:
    """A table of servers, lines that begin with its header."""
    table = [_HEADER, *(_cells(server, here) for server in servers)]
    widths = [max(len(row[column]) for row in table) for column in range(len(_HEADER))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in table
    ]


def as_json(server: Server, here: str) -> dict[str, Any]:
    """A server as scripts get it: absolute paths, `null` for what is not known."""
    address = str(server.address)
    if isinstance(server.address, UnixAddress):
        address = os.path.normpath(os.path.join(here, server.address.path))
    return {
        "address": address,
        "state": server.state,
        "local": server.local,
        "embedded": server.embedded,
        "pid": server.pid,
        "program": server.program or None,
        "language": server.language or None,
        "mode": server.mode or None,
        "directory": server.directory or None,
        "greeting": server.greeting or None,
        "clients": server.clients,
    }


def _cells(server: Server, here: str) -> tuple[str, ...]:
    mode = ", ".join(part for part in (server.mode, _STATES[server.state]) if part)
    directory = "." if server.directory == here else server.directory
    cells = (
        str(server.address),
        server.spoken,
        mode or "-",
        "-" if server.clients is None else str(server.clients),
        "-" if server.pid is None else str(server.pid),
        server.short_program,
        directory or "-",
    )
    return tuple(visible(cell).replace("\n", " ") for cell in cells)


COMMAND: Final = Command(
    words="list",
    summary="what is live on this machine",
    description="List the programs that can be connected to: those of this directory tree\n"
    "(.nrepl-port, socket files) and those that wrote a record into the runtime\n"
    "directory. Each is asked whether it is there; Guile is recognised by its\n"
    "process and left alone. What is stale is said on standard error, with the\n"
    "command that removes it.",
    arguments=(
        Argument(("--json",), "one JSON object for each, on a line of its own"),
        Argument(("--addresses",), "only addresses and partners, a line each"),
    ),
    examples=(
        ("repl-connect list", "a table"),
        ("repl-connect list --json | jq -r 'select(.local).address'", "addresses for a script"),
    ),
    exit_codes={0: "listed, also when nothing is live", 2: "the command line was not understood"},
    run=_run,
)
