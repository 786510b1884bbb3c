"""Completion of our own commands and of what they take."""

from __future__ import annotations

import re
from typing import Final

from prompt_toolkit.completion import Completion

from repl_connect.escapes import visible
from repl_connect.languages import Language
from repl_connect.prompt.commands import commands

__all__ = ["code_in", "command_completions"]

_NAME: Final = re.compile(r",([\w?!-]*)")
_WITH_ARGUMENT: Final = re.compile(r",([\w?!-]+)[ \t]+(.*)", re.DOTALL)
_MOST: Final = 200


def command_completions(text: str, language: Language) -> list[Completion]:
    """What could stand at the end of a line that starts with a comma."""
    known = commands(language)
    if (begun := _NAME.fullmatch(text)) is not None:
        return [
            Completion(
                "," + name, -len(text), display_meta=f"{command.argument}  {command.doc}".strip()
            )
            for name, command in known.items()
            if name.startswith(begun[1])
        ]
    match = _WITH_ARGUMENT.fullmatch(text)
    command = known.get(match[1]) if match is not None else None
    if match is None or command is None or command.complete is None:
        return []
    argument = match[2]
    word = "" if argument[-1:].isspace() else (argument.split() or [""])[-1]
    found: list[Completion] = []
    for candidate in command.complete(argument):
        found.append(Completion(candidate, -len(word), display=visible(candidate)))
        if len(found) >= _MOST:
            break
    return found


def code_in(text: str, language: Language) -> str | None:
    """The text that the REPL is to complete: code in an argument, or a command of its own.

    None if there is none: the line is ours.
    """
    if _NAME.fullmatch(text) is not None:
        return text if language.meta_commands else None
    match = _WITH_ARGUMENT.fullmatch(text)
    command = commands(language).get(match[1]) if match is not None else None
    if match is None:
        return None
    if command is None:
        return text if language.meta_commands else None
    words = command.code_after
    if words is None:
        return match[2] if command.complete is None and command.argument else None
    skipped = re.compile(rf"(?:\s*\S+\s+){{{words}}}").match(match[2])
    return match[2][skipped.end() :] if skipped is not None else None
