"""Everything that can be set, as a table.

The file's check, the variables, `,set` and the documents' table are all made from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from repl_connect.settings.option import Option, Section

__all__ = [
    "OPTIONS",
    "SECTIONS",
    "ConnectionSettings",
    "DashboardSettings",
    "HistorySettings",
    "LogSettings",
    "PrintingSettings",
    "PromptSettings",
]


class PromptSettings(Section, section="prompt"):
    """How the terminal prompt looks and behaves."""

    __slots__ = ()

    keys = Option("emacs", "the editing keys", choices=("emacs", "vi"))
    theme = Option(
        "auto",
        "the colours; auto: by the terminal's background, native: the terminal's own sixteen",
        choices=("auto", "light", "dark", "native"),
    )
    complete_while_typing = Option(True, "show completions as you type; off: on Tab")
    auto_close = Option(True, "close brackets and quotes as they are opened")
    auto_suggest = Option(True, "suggest the rest of an earlier entry, dimmed")
    rainbow = Option(True, "colour brackets by depth, where the language is a Lisp")
    signature = Option(True, "show the signature of the call the cursor is in")
    check_syntax = Option(True, "mark syntax errors before sending, where they can be known here")
    mouse = Option(False, "let the mouse move the cursor; selecting text then needs Shift")
    toolbar = Option(True, "show the line at the bottom")
    editor = Option("", "the editor for what is typed; empty: $VISUAL, $EDITOR, vi")
    pager = Option("", "the pager for long texts; empty: $PAGER, less -RXF, more")
    bell_after = Option(
        0.0, "ring the bell after an evaluation of so many seconds; 0: never", least=0
    )
    escape_wait = Option(0.05, "seconds to wait for what may follow Escape", least=0, most=5)
    value_lines = Option(0, "rows of a value shown at once; 0: three screens", least=0)
    traceback = Option(
        "short", "show of a traceback what matters, or all", choices=("short", "full")
    )
    timing = Option(
        0.5, "say how long an evaluation took, from so many seconds; 0: always, -1: never", least=-1
    )


class ConnectionSettings(Section, section="connection"):
    """How connections are made, and made again."""

    __slots__ = ()

    reconnect = Option(True, "connect again by itself after the connection was lost")
    reconnect_longest = Option(
        30.0, "seconds between attempts to connect again, at most", least=0.1, most=86_400
    )
    timeout = Option(
        15.0, "seconds that connecting may take", least=0.1, most=86_400, at_start=True
    )
    wait = Option(
        0.0,
        "seconds to wait for a server that is not there yet",
        least=0,
        most=86_400,
        at_start=True,
    )


class HistorySettings(Section, section="history"):
    """What is kept of what was entered."""

    __slots__ = ()

    scope = Option(
        "project",
        "whose entries are offered: this project's, or those of all projects in the language",
        choices=("project", "all"),
    )
    size = Option(
        10_000, "entries kept for each language; 0: none", least=0, most=1_000_000, at_start=True
    )
    path = Option(
        "",
        "the directory; empty: $XDG_STATE_HOME/repl-connect/history (or ~/.local/state/...)",
        at_start=True,
    )


class LogSettings(Section, section="log"):
    """The log of the wire."""

    __slots__ = ()

    messages = Option(500, "messages kept", least=0, most=100_000)
    message_bytes = Option(2_000, "bytes kept of each", least=100, most=10_000_000)


class PrintingSettings(Section, section="printing"):
    """How the server is asked to print values."""

    __slots__ = ()

    quota = Option(1_048_576, "bytes of a value that are sent at most; 0: all", least=0)
    print = Option(
        "", "the printer (repr, pprint, json, or a function's name); empty: the server's"
    )
    width = Option(0, "columns; 0: the terminal's", least=0, most=10_000)


class DashboardSettings(Section, section="dashboard"):
    """How the dashboard looks."""

    __slots__ = ()

    theme = Option(
        "auto",
        "the colours; auto: dark or light by the terminal's background, else one of textual's "
        "themes (nord, gruvbox, ansi-dark, ...)",
        at_start=True,
    )
    mouse = Option(True, "let the mouse choose and scroll; else it selects text", at_start=True)


SECTIONS: Final[Mapping[str, type[Section]]] = MappingProxyType(
    {
        each.section: each
        for each in (
            PromptSettings,
            ConnectionSettings,
            HistorySettings,
            LogSettings,
            PrintingSettings,
            DashboardSettings,
        )
    }
)

OPTIONS: Final = MappingProxyType(
    {option.name: option for section in SECTIONS.values() for option in section.options()}
)
"""All options by name (`prompt.theme`)."""
