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
_BY_EDITOR: Final = "; ".join(
    f"{each.name}: {', '.join(each.snippets)}" for each in EDITORS.values()
)


def _run(arguments: Sequence[str]) -> ExitCode:
    parser = parser_of(COMMAND)
    options = parser.parse_args(arguments)
    editor = EDITORS[options.editor]
    asked = [name for name in ("--snippet", "--install", "--uninstall") if vars(options)[name[2:]]]
    if len(asked) > 1:
        parser.error(f"either {' or '.join(asked)}")
    if options.snippet:
        if options.snippet not in editor.snippets:
            parser.error(
                f"argument --snippet: for {editor.name} choose from {', '.join(editor.snippets)}"
            )
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
            f"is the plugin for {editor.title}. To have it loaded when {editor.title} starts:",
            file=sys.stderr,
        )
        called = f"  repl-connect editor {editor.name}"
        if editor.by_link is not None:
            print(f"{called} --install\nor the lines for your package manager:", file=sys.stderr)
        print(f"{called} --snippet {'|'.join(editor.snippets)}", file=sys.stderr)
    return ExitCode.OK


def _install(editor: Editor) -> None:
    from repl_connect.editors.installation import install

    print(install(editor))
    if editor.by_link is None:
        return
    plugin = editor.plugin()
    if editor.by_link.help:
        _index(f"{plugin}/{editor.by_link.help}")
    lacking = editor.by_link.missing(plugin)
    if lacking:
        print(lacking, file=sys.stderr)
    print(editor.by_link.first)


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
    summary="the plugins for Neovim and Emacs: where they are, installing them",
    description="Print the path of the plugin that belongs to this repl-connect. With --snippet\n"
    "print the lines by which your package manager, or the editor without one, loads\n"
    "it from there; with --install Neovim finds it by itself, through a link in its\n"
    "directory of packages. The plugin runs this repl-connect, whatever Python the\n"
    "file is for that you edit.",
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
            f"print the lines for ({_BY_EDITOR})",
            metavar="NAME",
            choices=_SNIPPETS,
        ),
        Argument(("--install",), "make the link, and the help tags if they are missing (nvim)"),
        Argument(("--uninstall",), "remove that link, and nothing else (nvim)"),
    ),
    examples=(
        ("repl-connect editor nvim --install", "all that Neovim needs"),
        ("repl-connect editor nvim --snippet lazy", "the line for lazy.nvim"),
        ("repl-connect editor emacs --snippet load-path", "two lines for Emacs' init file"),
    ),
    exit_codes={0: "done", 2: "the command line was not understood, or it can't be done"},
    run=_run,
)
