"""`repl-connect dashboard`."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Final

from repl_connect.cli.command import Argument, Command, parser_of
from repl_connect.errors import UsageError
from repl_connect.exit_codes import ExitCode
from repl_connect.targets import GROUP_HELP, Target, partner_names, targets_of

__all__ = ["COMMAND"]


def _run(arguments: Sequence[str]) -> ExitCode:
    from repl_connect.requirement import missing

    options = parser_of(COMMAND).parse_args(arguments)
    problem = missing("textual", "The dashboard")
    if problem is None and options.lan:
        problem = missing("zeroconf", "Looking for servers on the network")
    if problem is not None:
        raise UsageError(problem)
    targets = targets_of(options.addresses) if options.addresses else _found(os.getcwd())
    if not (sys.stdin.isatty() and sys.stdout.isatty()) and "TEXTUAL_DRIVER" not in os.environ:
        raise UsageError(
            "The dashboard needs a terminal. For a script there are `repl-connect map`, "
            "`jobs` and `list --json`."
        )
    # textual draws what a key has changed at its clock's next tick, or at the one after that.
    os.environ.setdefault("TEXTUAL_FPS", "240")
    from repl_connect.dashboard.running import run_dashboard
    from repl_connect.settings import load_settings

    loaded = load_settings()
    return run_dashboard(
        targets,
        loaded.settings,
        loaded.problems,
        theme=options.theme,
        adds=not options.addresses,
        lan=options.lan,
    )


def _found(here: str) -> list[Target]:
    """All partners, and what is live on this machine and is none of them."""
    from repl_connect.listing import survey
    from repl_connect.places import listener_of

    partners = targets_of(["@*"]) if partner_names() else []
    known = {listener_of(each.address) for each in partners}
    servers = [
        Target(each.address)
        for each in survey(here).servers
        if not each.embedded and listener_of(each.address) not in known
    ]
    return [*partners, *servers]


COMMAND: Final = Command(
    words="dashboard",
    summary="watch and command many programs on one screen",
    description="Who is up, who is connected, what runs, what is printed: of many programs at\n"
    "once, and a line that sends one form to those that are marked. Without an\n"
    "ADDRESS: all partners, and what is live on this machine, as it comes. It goes\n"
    "by keys: F1 shows them all, Ctrl-P finds any of them by name, q leaves. Ctrl-C\n"
    "interrupts what is evaluated there, and never ends the dashboard.",
    arguments=(
        Argument(("addresses",), GROUP_HELP, metavar="ADDRESS", completes="address", several=True),
        Argument(("--lan",), "offer what is announced on the network too, as it comes"),
        Argument(
            ("--theme",), "the colours, instead of those in the configuration", metavar="NAME"
        ),
    ),
    examples=(
        ("repl-connect dashboard", "all partners, and what is live on this machine"),
        ("repl-connect dashboard @sim ./app.sock", "these two"),
        ("repl-connect dashboard '@web/*'", "the partners with the tag `web`"),
    ),
    exit_codes={
        0: "you left",
        1: "the dashboard itself has failed",
        2: "the command line was not understood, textual or a terminal is missing",
    },
    run=_run,
)
