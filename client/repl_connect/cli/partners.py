"""`repl-connect partners`."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from repl_connect.cli.command import Argument, Command, parser_of, seconds
from repl_connect.dialects import DIALECTS
from repl_connect.errors import UsageError
from repl_connect.escapes import visible
from repl_connect.exit_codes import ExitCode
from repl_connect.languages import LANGUAGES

__all__ = ["COMMAND"]

_OPTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "list": ("json", "names"),
    "add": ("dialect", "language", "tag", "form", "replace"),
    "remove": (),
    "check": ("timeout", "json"),
    "import": ("start", "tag", "timeout"),
}
"""What can be done, and the options of each."""

_PATIENCE: Final = 1.0  # seconds of a check before it says how far it is


def _run(arguments: Sequence[str]) -> ExitCode:
    if not arguments or arguments[0].startswith(("@", "--json", "--names")):
        arguments = ["list", *arguments]
    options = parser_of(COMMAND).parse_intermixed_args(arguments)
    given = {name: value for name, value in vars(options).items() if value}
    for name in given:
        if name not in ("what", "word", *_OPTIONS[options.what]):
            whose = ", ".join(what for what, names in _OPTIONS.items() if name in names)
            raise UsageError(f"--{name} is for {whose}, not for {options.what}.")
    run: Callable[[argparse.Namespace], ExitCode] = {
        "list": _list,
        "add": _add,
        "remove": _remove,
        "check": _check,
        "import": _import,
    }[options.what]
    return run(options)


def _list(options: argparse.Namespace) -> ExitCode:
    from repl_connect.partners import listing
    from repl_connect.settings import load_settings
    from repl_connect.targets import group_names, partner_names, targets_of

    if options.names:
        print(*(f"@{name}" for name in partner_names()), *group_names(), sep="\n")
        return ExitCode.OK
    loaded = load_settings()
    for problem in loaded.problems:
        print(f"repl-connect: {visible(problem)}", file=sys.stderr)
    words = options.word or [f"@{name}" for name in partner_names()]
    targets = sorted(targets_of(listing.with_marks(words)), key=lambda target: target.name)
    partners = [target.partner for target in targets if target.partner is not None]
    if len(partners) < len(targets):
        raise UsageError("Addresses are no partners: give names, @TAG/*, or @*.")
    if options.json:
        for partner in partners:
            print(json.dumps(listing.partner_json(partner)))
    elif partners:
        print(*listing.partner_rows(partners), sep="\n")
    else:
        print(
            f"There are no partners in {loaded.path}. "
            "Add one: repl-connect partners add NAME ADDRESS",
            file=sys.stderr,
        )
    return ExitCode.OK


def _add(options: argparse.Namespace) -> ExitCode:
    from repl_connect.partners.adding import partner_of
    from repl_connect.partners.file import add

    if len(options.word) != 2:
        raise UsageError("Give a NAME and an ADDRESS: repl-connect partners add sim ./sim.sock")
    partner = partner_of(
        *options.word,
        dialect=options.dialect,
        language=options.language,
        tags=options.tag,
        forms=options.form,
    )
    changes = add([partner], replace=options.replace)
    _say(changes)
    if not any(changes):
        print(f"@{partner.name} is there already, just so.", file=sys.stderr)
    return ExitCode.OK


def _remove(options: argparse.Namespace) -> ExitCode:
    from repl_connect.partners.adding import names_of
    from repl_connect.partners.file import remove

    if not options.word:
        raise UsageError("Say which: NAME, @NAME, or a group: @TAG/*, @*")
    _say(remove(names_of(options.word)))
    return ExitCode.OK


def _check(options: argparse.Namespace) -> ExitCode:
    from repl_connect.cli.several import several_targets
    from repl_connect.mapping.progress import Progress
    from repl_connect.partners import listing
    from repl_connect.partners.checking import CHECK_TIMEOUT, UP, check_all

    targets = several_targets(listing.with_marks(options.word or ["@*"]))
    progress = Progress(sys.stderr, len(targets))
    patience = time.monotonic() + _PATIENCE

    def draw() -> None:
        if time.monotonic() > patience and sys.stderr.isatty():
            progress.draw()

    try:
        checks = check_all(
            targets,
            timeout=options.timeout or CHECK_TIMEOUT,
            on_check=lambda check: progress.count(failed=check.state != UP),
            on_wait=draw,
        )
    finally:
        progress.hide()
    if options.json:
        for check in checks:
            print(json.dumps(listing.check_json(check)))
    else:
        print(*listing.check_rows(checks), sep="\n", flush=True)
        for line in listing.problem_lines(checks):
            print(line, file=sys.stderr)
    up = sum(check.state == UP for check in checks)
    if up == len(checks):
        return ExitCode.OK
    return ExitCode.PARTIAL if up else ExitCode.NO_CONNECTION


def _import(options: argparse.Namespace) -> ExitCode:
    if len(options.word) != 1 or "://" not in options.word[0]:
        raise UsageError("Say from where: repl-connect partners import dask://HOST:PORT")
    if not options.word[0].startswith("dask://"):
        raise UsageError(f"{options.word[0]}: partners can be imported from dask://HOST:PORT.")
    if len(options.tag) > 1:
        raise UsageError("Give one --tag: those that are imported have the tag `dask` too.")
    from repl_connect.cluster.importing import import_partners

    return import_partners(
        options.word[0],
        start=options.start,
        tag=options.tag[0] if options.tag else None,
        timeout=options.timeout or 10.0,
    )


def _say(changes: Any) -> None:
    for what, names in changes._asdict().items():
        if names:
            print(f"{what}: {', '.join(f'@{name}' for name in names)}")


COMMAND: Final = Command(
    words="partners",
    summary="the programs that have a name: add, remove, list, check",
    description="Partners are programs that have a name in the configuration: @NAME can stand\n"
    "wherever an address can, @TAG/* for all with a tag, @* for all.\n\n"
    "  list [NAME|@GROUP...]    those there are (without a word too)\n"
    "  add NAME ADDRESS         put one into the configuration\n"
    "  remove NAME|@GROUP...    take some out of it\n"
    "  check [NAME|@GROUP...]   connect to all at once: which are up? This\n"
    "                           evaluates their forms, in sessions of their own\n"
    "  import dask://HOST:PORT  make partners of the workers of a Dask cluster",
    arguments=(
        Argument(
            ("what",),
            "what to do",
            metavar="list|add|remove|check|import",
            choices=tuple(_OPTIONS),
        ),
        Argument(("word",), "whom", metavar="NAME|@GROUP|ADDRESS", completes="group", several=True),
        Argument(
            ("--dialect",),
            "add: what it speaks, if it is not to be found out",
            metavar="NAME",
            choices=tuple(DIALECTS),
        ),
        Argument(
            ("--language",),
            "add: its language, if the REPL does not tell",
            metavar="NAME",
            choices=tuple(LANGUAGES),
        ),
        Argument(("--tag",), "add, import: a group it is in", metavar="TAG", repeated=True),
        Argument(
            ("--form",),
            "add: what to evaluate in each new session, before all else",
            metavar="CODE",
            repeated=True,
        ),
        Argument(("--replace",), "add: in the place of the one of that name"),
        Argument(
            ("--timeout",),
            "check, import: how long each may take (check: 5)",
            metavar="SECONDS",
            convert=seconds,
        ),
        Argument(("--start",), "import: start REPLs in workers that have none"),
        Argument(("--names",), "list: only @NAME and groups, a line each"),
        Argument(("--json",), "list, check: one JSON object for each, on a line of its own"),
    ),
    examples=(
        ("repl-connect partners add sim ./sim.sock --tag lab", "then: repl-connect @sim"),
        (
            "repl-connect partners add web1 ssh://web1/run/app.sock --tag web",
            "a program on another machine",
        ),
        ("repl-connect partners check '@web/*'", "which of a group are up"),
        ("repl-connect partners remove @web1", "take it out again"),
    ),
    exit_codes={
        0: "it is done; check: all are up",
        2: "the command line makes no sense, or the file can't be changed",
        3: "check: none is up; import: no connection, or no worker has a REPL",
        6: "check: some are up, some are not; import: some workers have no REPL",
    },
    run=_run,
)
