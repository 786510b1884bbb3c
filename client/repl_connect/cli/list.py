"""`repl-connect list`."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from repl_connect.cli.command import Argument, Command, parser_of, seconds
from repl_connect.errors import UsageError
from repl_connect.escapes import visible
from repl_connect.exit_codes import ExitCode
from repl_connect.listing import Listing, Server, survey
from repl_connect.tables import table_lines

if TYPE_CHECKING:
    import argparse

__all__ = ["COMMAND", "as_json", "rows"]

_QUICK: Final = 0.3  # seconds that servers get to answer while somebody waits for a completion
_SECONDS: Final = 2.0  # that servers on the network get to tell of themselves
_STATES: Final = {
    "busy": "busy",
    "token": "wants a token",
    "unasked": "",
    "live": "",
    "announced": "",
}
_HEADER: Final = ("ADDRESS", "LANGUAGE", "MODE", "CLIENTS", "PID", "PROGRAM", "DIRECTORY")
_WIDTHS: Final = (24, 13, 22, 1, 7, 24, 0)  # of a line by itself, at least
_MARKS: Final = {"joined": "+", "left": "-", "changed": "~"}
_HOW: Final = (
    "repl-connect: what the network announces is not verified. To connect to one you know:\n"
    "REPL_CONNECT_TOKEN=ITS_TOKEN repl-connect ADDRESS"
)


def _run(arguments: Sequence[str]) -> ExitCode:
    options = parser_of(COMMAND).parse_args(arguments)
    here = os.getcwd()
    for option in ("seconds", "interface"):
        if getattr(options, option) is not None and not options.lan:
            raise UsageError(f"--{option} says how to look on the network: give --lan too.")
    interfaces = None if options.interface is None else [options.interface]
    if options.watch:
        if options.addresses or options.seconds is not None:
            raise UsageError(
                "--watch goes on until Ctrl-C: leave out "
                f"--{'addresses' if options.addresses else 'seconds'}."
            )
        return _watch(here, lan=options.lan, interfaces=interfaces, json_lines=options.json)
    if options.addresses:
        if options.lan:
            raise UsageError("--addresses are those of this machine: leave out --lan.")
        from repl_connect.targets import partner_names

        for server in survey(here, _QUICK).servers:
            print(server.address)
        for name in partner_names():
            print(f"@{name}")
        return ExitCode.OK
    listing, found = _look(here, options, interfaces)
    for note in (*(each.words for each in listing.stale), *listing.others):
        print(f"repl-connect: {visible(note)}", file=sys.stderr)
    servers = [*listing.servers, *found]
    if options.json:
        for server in servers:
            print(json.dumps(as_json(server, here)))
        return ExitCode.OK
    if not servers:
        print(
            f"Nothing is live here{', and nothing is announced' if options.lan else ''}. "
            "To start something: repl-connect --python (a Python of its own),"
            "\nor in a program of yours: import repl_server; repl_server.serve()",
            file=sys.stderr,
        )
        return ExitCode.OK
    for row in rows(servers, here):
        print(row)
    if found:
        sys.stdout.flush()
        print(_HOW, file=sys.stderr)
    return ExitCode.OK


def _look(
    here: str, options: argparse.Namespace, interfaces: Sequence[str] | None
) -> tuple[Listing, list[Server]]:
    """What is on this machine, and what the network announces meanwhile."""
    if not options.lan:
        return survey(here), []
    from repl_connect.lan.browsing import Browser
    from repl_connect.live_servers import announced

    with Browser(interfaces=interfaces) as browser:
        listing = survey(here)
        found = browser.found(options.seconds or _SECONDS)
        if browser.ignored:
            print(
                f"repl-connect: more than {len(found)} servers are announced: the rest are left "
                "out. Give --interface to look on one network.",
                file=sys.stderr,
            )
    return listing, [announced(each) for each in found]


def _watch(here: str, *, lan: bool, interfaces: Sequence[str] | None, json_lines: bool) -> ExitCode:
    """Print what comes and goes until Ctrl-C, SIGTERM, or the reader has had enough."""
    from queue import SimpleQueue

    from repl_connect.live_servers import Change, LiveServers

    if sys.stderr.isatty():
        print("repl-connect: what comes (+), goes (-), changes (~); Ctrl-C ends", file=sys.stderr)
    told: SimpleQueue[list[Change]] = SimpleQueue()
    with LiveServers(told.put, here, lan=lan, interfaces=interfaces):
        try:
            while True:
                for event, server in told.get():
                    if json_lines:
                        print(json.dumps({"event": event, **as_json(server, here)}), flush=True)
                    else:
                        cells = zip(_cells(server, here), _WIDTHS, strict=True)
                        line = "  ".join(f"{cell:<{width}}" for cell, width in cells)
                        print(f"{_MARKS[event]} {line}", flush=True)
        except KeyboardInterrupt:
            return ExitCode.OK


def rows(servers: Sequence[Server], here: str) -> list[str]:
    """A table of servers, lines that begin with its header."""
    return table_lines([_HEADER, *(_cells(server, here) for server in servers)])


def as_json(server: Server, here: str) -> dict[str, Any]:
    """A server as scripts get it: absolute paths, `null` for what is not known."""
    return {
        "address": server.address_from(here),
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
        "announced": server.announced or None,
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
        f"(network) {server.announced}" if server.announced else directory or "-",
    )
    return tuple(visible(cell).replace("\n", " ") for cell in cells)


COMMAND: Final = Command(
    words="list",
    summary="what is live on this machine",
    description="List the programs that can be connected to: those of this directory tree\n"
    "(.nrepl-port, socket files) and those that wrote a record into the runtime\n"
    "directory. Each is asked whether it is there; Guile is recognised by its\n"
    "process and left alone. What is stale is said on standard error, with the\n"
    "command that removes it.\n"
    "\n"
    "With --lan also the programs that others on the network announce (mDNS), if\n"
    "zeroconf is installed. They are shown as they say they are, and never connected\n"
    "to: you do that, with their token in REPL_CONNECT_TOKEN.",
    arguments=(
        Argument(("--json",), "one JSON object for each, on a line of its own"),
        Argument(("--addresses",), "only addresses and partners, a line each"),
        Argument(("--watch",), "stay, and print what comes (+), goes (-) and changes (~)"),
        Argument(("--lan",), "also what programs announce on the network"),
        Argument(
            ("--seconds",),
            f"with --lan: listen for so long, instead of {_SECONDS:g}",
            metavar="S",
            convert=seconds,
        ),
        Argument(
            ("--interface",),
            "with --lan: only the network of this IPv4 address of this machine",
            metavar="IP",
        ),
    ),
    examples=(
        ("repl-connect list", "a table"),
        ("repl-connect list --json | jq -r 'select(.local).address'", "addresses for a script"),
        ("repl-connect list --watch --json", "a line of JSON for each that comes or goes"),
        ("repl-connect list --lan", "and who announces itself on the network"),
    ),
    exit_codes={
        0: "listed, also when nothing is live",
        2: "the command line was not understood, or zeroconf is missing",
        3: "with --lan: this machine is on no network, or not on that one",
    },
    run=_run,
)
