"""No address was given: the program that is live here, the user's choice of several, or none."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from repl_connect.errors import UsageError
from repl_connect.places import places
from repl_connect.targets import Target

if TYPE_CHECKING:
    from repl_connect.listing import Server

__all__ = ["found_target"]

_MOST: Final = 20  # servers in the list one chooses from
_LONGEST: Final = 60  # characters of a program's command line


def found_target(here: str) -> Target | None:
    """Where to connect from this directory; None to start a Python of our own.

    Says what is stale on standard error. Raises `UsageError` if there are several and nobody can
    be asked, `KeyboardInterrupt` if the user chooses none.
    """
    found, bad = places(here)
    if not bad and all(place.embedded for place in found):
        return None  # the usual case, in which nothing more is loaded
    from repl_connect.escapes import visible
    from repl_connect.listing import survey

    listing = survey(here)
    for stale in listing.stale:
        remove = f" Remove it? {stale.remedy}" if stale.remedy else ""
        print(f"repl-connect: {visible(stale.problem)}{visible(remove)}", file=sys.stderr)
    servers = [each for each in listing.servers if not each.embedded]
    local = [each for each in servers if each.local]
    if not servers:
        return None
    if len(local) == 1:
        return Target(local[0].address)
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError(
            "no address is given. Say where to, or --python for a Python of its own. Live:\n"
            + "\n".join(f"  {_as_command(each)}" for each in servers[:_MOST])
            + ("\n  and more: repl-connect list" if len(servers) > _MOST else "")
        )
    return _chosen(servers)


def _chosen(servers: list[Server]) -> Target | None:
    from repl_connect.escapes import visible

    offered = servers[:_MOST]
    width = max(len(str(each.address)) for each in offered)
    lines = [
        f"  {number}  {visible(str(each.address)):<{width}}  {_described(each)}"
        for number, each in enumerate(offered, 1)
    ]
    more = len(servers) - len(offered)
    if more:
        lines.append(f"  …  {more} more: repl-connect list")
    lines.append(f"  0  {'--python':<{width}}  a Python of its own")
    print("Live programs:", *lines, sep="\n", file=sys.stderr)
    while True:
        print(f"Which one? 0-{len(offered)}, Enter for 1: ", end="", file=sys.stderr, flush=True)
        answer = sys.stdin.readline()
        if not answer:
            print(file=sys.stderr)
            raise KeyboardInterrupt
        answer = answer.strip() or "1"
        if answer.isascii() and answer.isdigit() and int(answer) <= len(offered):
            return Target(offered[int(answer) - 1].address) if int(answer) else None


def _described(server: Server) -> str:
    from repl_connect.escapes import visible

    program = visible(server.program) or "?"
    if len(program) > _LONGEST:
        program = program[: _LONGEST - 1] + "…"
    where = "" if server.local or not server.directory else f" in {visible(server.directory)}"
    return f"{program}{where}"


def _as_command(server: Server) -> str:
    from shlex import quote

    from repl_connect.escapes import visible

    return f"repl-connect {visible(quote(str(server.address)))}   ({_described(server)})"
