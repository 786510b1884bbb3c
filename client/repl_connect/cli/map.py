"""`repl-connect map`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from repl_connect.cli.command import Argument, Command, parser_of, seconds
from repl_connect.cli.several import several_targets
from repl_connect.errors import UsageError
from repl_connect.exit_codes import ExitCode
from repl_connect.targets import GROUP_HELP

if TYPE_CHECKING:
    from repl_connect.mapping.code import Code
    from repl_connect.mapping.lines import Lines
    from repl_connect.mapping.report import Report

__all__ = ["COMMAND", "count"]


def _run(arguments: Sequence[str]) -> ExitCode:
    # Options may stand anywhere.
    options = parser_of(COMMAND).parse_intermixed_args(arguments)
    given = vars(options)  # two of the options are words of Python
    words, code = _words_and_code(options)
    if options.over is None:
        for name in ("again", "as", "engine"):
            if given[name]:
                raise UsageError(f"--{name} is for items of work: say --over FILE too.")
    from repl_connect.mapping.code import Code, language_and_code

    by_language = dict(language_and_code(each) for each in given["for"])
    item = None if options.over is None else given["as"] or "item"
    made = Code(code, by_language, item)
    made.check()
    if options.engine is not None:
        for name in ("ns", "at_once", "connect_timeout"):
            if given[name]:
                raise UsageError(f"--{name.replace('_', '-')} does not go with --engine dask.")
        return _run_on_dask(words, made, options)
    return _run_here(words, made, options)


def _words_and_code(options: Any) -> tuple[list[str], str]:
    """The targets, and the code: the last word, a file, or standard input."""
    words: list[str] = options.targets
    if options.file is not None:
        code = _read_file(options.file)
    elif len(words) > 1:
        *words, code = words
        if code == "-":
            if options.over == "-":
                raise UsageError("CODE and --over can't both be standard input.")
            code = sys.stdin.buffer.read().decode("utf-8", "surrogateescape")
    else:
        raise UsageError("Say where to and what: repl-connect map TARGET... CODE")
    if not words:
        raise UsageError(f"Say where to: {GROUP_HELP}.")
    if not code.strip():
        raise UsageError("There is no code to evaluate.")
    return words, code


def _read_file(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read()
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}.") from None


def _report(names: Sequence[str], lines: Lines | None, options: Any) -> Report:
    from repl_connect.mapping.progress import Progress
    from repl_connect.mapping.report import Report

    progress = None
    if sys.stderr.isatty() and not options.no_progress:
        progress = Progress(sys.stderr, lines.total() if lines is not None else len(names))
    return Report(names, dealt=lines is not None, as_json=options.json, progress=progress)


def _run_here(words: Sequence[str], code: Code, options: Any) -> ExitCode:
    import asyncio

    from repl_connect.mapping.engine import Limits
    from repl_connect.mapping.lines import Lines
    from repl_connect.mapping.running import run

    for word in words:
        if word.startswith("dask://"):
            raise UsageError(
                f"{word} is a Dask scheduler, which is given items: say --engine dask and --over "
                f"FILE. For one form in all workers: repl-connect partners import {word}"
            )
    targets = several_targets(words)
    lines = Lines(options.over) if options.over is not None else None
    report = _report([target.name for target in targets], lines, options)
    defaults = Limits()
    limits = Limits(
        options.at_once or defaults.at_once,
        options.timeout or defaults.timeout,
        options.connect_timeout or defaults.connect_timeout,
    )
    return asyncio.run(
        run(
            targets,
            code,
            report,
            lines=lines,
            again=options.again,
            limits=limits,
            namespace=options.ns,
        )
    )


def _run_on_dask(words: Sequence[str], code: Code, options: Any) -> ExitCode:
    from repl_connect.mapping.engine import Limits
    from repl_connect.mapping.lines import Lines
    from repl_connect.mapping.running import run_on_dask

    if len(words) != 1:
        raise UsageError("With --engine dask there is one target: dask://HOST:PORT")
    lines = Lines(options.over)
    report = _report([], lines, options)
    timeout = options.timeout or Limits().timeout
    return run_on_dask(words[0], code, report, lines, again=options.again, timeout=timeout)


def count(text: str) -> int:
    """A number on the command line, from 1 to 500. Raises `ArgumentTypeError`."""
    if not text.isdecimal() or not 0 < int(text[:9]) <= 500:
        from argparse import ArgumentTypeError

        raise ArgumentTypeError(f"{text!r} is not a number from 1 to 500")
    return int(text)


COMMAND: Final = Command(
    words="map",
    summary="evaluate in many programs at once, or deal work out to them",
    description="Evaluate one form in many programs at once, and print what comes as it comes,\n"
    "with the program's name before it. With --over each line of a file is an item\n"
    "of work, which one of the programs gets: in CODE the name `item` stands for\n"
    "it, and is that text as data, whatever is in it. A table at the end says what\n"
    "became of each program, if something failed or with --over.",
    arguments=(
        Argument(
            ("targets",),
            f"{GROUP_HELP}; the last word is CODE; `-`: standard input",
            metavar="TARGET... CODE",
            optional=False,
            completes="group",
            several=True,
        ),
        Argument(("--file",), "evaluate a file instead of CODE", metavar="FILE", completes="file"),
        Argument(
            ("--for",),
            "the code for programs in one language, instead of CODE; for others, say it again",
            metavar="LANGUAGE=CODE",
            repeated=True,
        ),
        Argument(
            ("--over",),
            "deal out the lines of a file (`-`: of standard input)",
            metavar="FILE",
            completes="file",
        ),
        Argument(("--as",), "what the item is called in CODE (item)", metavar="NAME"),
        Argument(
            ("--again",),
            "give an item whose program was lost to another: it may run twice",
        ),
        Argument(
            ("--at-once",),
            "how many programs are used at any time: at most 500 (32)",
            metavar="N",
            convert=count,
        ),
        Argument(
            ("--timeout",),
            "interrupt an evaluation after so long (60)",
            metavar="SECONDS",
            convert=seconds,
        ),
        Argument(
            ("--connect-timeout",),
            "give up connecting to a program after so long (15)",
            metavar="SECONDS",
            convert=seconds,
        ),
        Argument(("--ns",), "the namespace (module) to evaluate in", metavar="NAME"),
        Argument(("--json",), "one JSON object for each outcome, on a line of its own"),
        Argument(("--no-progress",), "no line that tells how far it is"),
        Argument(
            ("--engine",),
            "hand the items to a Dask scheduler; TARGET is dask://HOST:PORT",
            metavar="NAME",
            choices=("dask",),
        ),
    ),
    examples=(
        ("repl-connect map '@web/*' 'len(sessions)'", "a value from each program of a group"),
        ("repl-connect map '@*' --for guile='(tick)' 'tick()'", "one of them speaks Guile"),
        ("repl-connect map '@worker/*' --over names.txt 'resize(item)'", "a line to each, in turn"),
        (
            "ls *.png | repl-connect map '@worker/*' --over - --json 'resize(item)'",
            "items from a pipe, outcomes for a script",
        ),
    ),
    exit_codes={
        0: "all were evaluated",
        1: "all of them raised an error, or were refused",
        2: "the command line was not understood, or a file could not be read",
        3: "no connection to any, all were lost, or none could be given to anybody",
        4: "all timed out, or were interrupted there",
        6: "some were evaluated, or failed, otherwise than the others",
        130: "Ctrl-C; what is known was printed",
    },
    run=_run,
)
