"""The manual page, repl-connect(1), made from the commands: troff with the man macros."""

from __future__ import annotations

from typing import Final

from repl_connect import __version__
from repl_connect.cli import COMMANDS, command_named
from repl_connect.cli.command import Argument, Command

__all__ = ["manual_page"]

_ENVIRONMENT: Final = (
    ("REPL_CONNECT_CONFIG", "the configuration file, instead of the one in the usual place"),
    (
        "REPL_CONNECT_SECTION__OPTION",
        "an option of the configuration, as REPL_CONNECT_PROMPT__THEME=dark",
    ),
    ("REPL_CONNECT_TOKEN", "the token for a server that asks for one"),
    ("REPL_CONNECT_TOKEN_FILE", "a file that holds the token"),
    ("XDG_RUNTIME_DIR", "where servers leave records and sockets, in repl-server"),
    ("NO_COLOR", "if set, no colours"),
    ("TERM", "with dumb: no line editing, no escape sequences"),
)
_FILES: Final = (
    ("~/.config/repl-connect/config.toml", "the configuration"),
    ("~/.local/state/repl-connect/history/", "what was entered, a file for each language"),
    (".nrepl-port", "the port of a project's nREPL server, looked for from here up"),
    ("$XDG_RUNTIME_DIR/repl-server/", "records and sockets of live servers"),
)


def manual_page() -> str:
    """The page's source, to be read with `man -l` or installed."""
    commands = [command_named(name) for name in ("", *COMMANDS)]
    lines = [
        f'.TH REPL\\-CONNECT 1 "" "repl\\-connect {_text(__version__)}" "User Commands"',
        ".SH NAME",
        f"repl\\-connect \\- {_text(commands[0].summary)}",
        ".SH SYNOPSIS",
    ]
    for command in commands:
        lines += [*_synopsis(command), ".br"]
    lines[-1:] = [".SH DESCRIPTION", *_paragraphs(commands[0].description)]
    lines += [".SH OPTIONS", *_arguments(commands[0])]
    lines += [".SH COMMANDS"]
    for command in commands[1:]:
        lines += [f".SS {_text(command.words)}", *_paragraphs(command.description)]
        lines += _arguments(command)
        lines += _exit_codes(command)
    lines += [".SH EXIT STATUS", *_exit_codes(commands[0])[1:], ".SH ENVIRONMENT"]
    for name, what in _ENVIRONMENT:
        lines += _term(f"\\fB{_text(name)}\\fR", what)
    lines += [".SH FILES"]
    for name, what in _FILES:
        lines += _term(f"\\fI{_text(name)}\\fR", what)
    lines += [".SH EXAMPLES"]
    for command in commands:
        for line, what in command.examples:
            lines += _term(f"\\fB{_text(line)}\\fR", what)
    return "\n".join(lines) + "\n"


def _synopsis(command: Command) -> list[str]:
    parts = [f"\\fB{_text(command.called)}\\fR"]
    for argument in sorted(command.arguments, key=lambda each: not each.is_option):
        shown = _shown(argument)
        required = not argument.is_option and not argument.optional
        parts.append(shown if required else f"[{shown}]")
    return [_line(" ".join(parts))]


def _arguments(command: Command) -> list[str]:
    lines = []
    for argument in command.arguments:
        lines += _term(_shown(argument), argument.help)
    return lines


def _exit_codes(command: Command) -> list[str]:
    lines = [".PP", "Exit status:"]
    for code, what in command.exit_codes.items():
        lines += _term(f"\\fB{code}\\fR", what)
    return lines if command.words else [".PP", *lines[2:]]


def _shown(argument: Argument) -> str:
    if not argument.is_option:
        return f"\\fI{_text(argument.metavar)}\\fR"
    names = ", ".join(f"\\fB{_text(name)}\\fR" for name in argument.names)
    return f"{names} \\fI{_text(argument.metavar)}\\fR" if argument.metavar else names


def _term(term: str, what: str) -> list[str]:
    return [".TP", _line(term), _line(_text(what))]


def _paragraphs(text: str) -> list[str]:
    lines = []
    for paragraph in text.split("\n\n"):
        lines += [".PP", *(_line(_text(line)) for line in paragraph.split("\n"))]
    return lines


def _text(text: str) -> str:
    """Text as troff shows it unchanged; hyphens so that they can be copied."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("`", "\\(ga")
    return text.replace("'", "\\(aq").replace("~", "\\(ti").replace("^", "\\(ha")


def _line(text: str) -> str:
    """A line of text, not to be taken for a request."""
    return f"\\&{text}" if text[:1] in (".", "'") else text
