"""`repl-connect editor`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from repl_connect.cli.command import Argument, Command, parser_of
from repl_connect.editors import EDITORS
from repl_connect.exit_codes import ExitCode

if TYPE_CHECKING:
    from repl_connect.editors.editor import Editor

__all__ = ["COMMAND"]

_SNIPPETS: Final = tuple(dict.fromkeys(name for each in EDITORS.values() for name in each.snippets))


def _run(arguments: Sequence[str]) -> ExitCode:
    parser = parser_of(COMMAND)
    options = parser.parse_args(arguments)
    editor = EDITORS[options.editor]
    asked = [name for name in ("--snippet", "--install", "--uninstall") if vars(options)[name[2:]]]
    if len(asked) > 1:
        parser.error(f"either {' or '.join(asked)}")
    if options.snippet:
        snippet = editor.snippets[options.snippet]
        print(snippet.lines(editor.plugin()))
        print(f"# {snippet.place}", file=sys.stderr)
    elif options.install:
        _install(editor)
    elif options.uninstall:
        from repl_connect.editors.installation import uninstall

        print(uninstall(editor))
    else:
        print(editor.plugin())
        print(
            f"is the plugin for {editor.title}. To have it loaded when {editor.title} starts:\n"
            f"  repl-connect editor {editor.name} --install\n"
            "or the lines for your package manager:\n"
            f"  repl-connect editor {editor.name} --snippet {'|'.join(editor.snippets)}",
            file=sys.stderr,
        )
    return ExitCode.OK


def _install(editor: Editor) -> None:
    from repl_connect.editors.installation import install

    print(install(editor))
    plugin = editor.plugin()
    if editor.help:
        _index(f"{plugin}/{editor.help}")
    lacking = editor.missing(plugin)
    if lacking:
        print(lacking, file=sys.stderr)
    print(editor.first)


def _index(directory: str) -> None:
    """What is installed has its help tags, a checkout may not."""
    from repl_connect.editors.help_tags import write_help_tags

    try:
        if write_help_tags(directory):
            print(f"Made the help tags: {directory}/tags.")
    except OSError as error:
        print(
            f"The help tags can't be made, so :help does not find its pages: {error.strerror} "
            f"({error.filename}). The plugin works without.",
            file=sys.stderr,
        )


COMMAND: Final = Command(
    words="editor",
    summary="the plugin for Neovim: where it is, installing it",
    description="Print the path of the plugin that belongs to this repl-connect. With --install\n"
    "the editor finds it by itself, through a link in its directory of packages;\n"
    "with --snippet it is one for your package manager. The plugin runs this\n"
    "repl-connect, whatever Python the file is for that you edit.",
    arguments=(
        Argument(
            ("editor",),
            "which editor: " + ", ".join(EDITORS),
            metavar="EDITOR",
            optional=False,
            choices=tuple(EDITORS),
        ),
        Argument(
            ("--snippet",),
            "print the lines for: " + ", ".join(_SNIPPETS),
            metavar="NAME",
            choices=_SNIPPETS,
        ),
        Argument(("--install",), "make the link, and the help tags if they are missing"),
        Argument(("--uninstall",), "remove that link, and nothing else"),
    ),
    examples=(
        ("repl-connect editor nvim --install", "all that Neovim needs"),
        ("repl-connect editor nvim --snippet lazy", "the line for lazy.nvim"),
    ),
    exit_codes={0: "done", 2: "the command line was not understood, or it can't be done"},
    run=_run,
)
