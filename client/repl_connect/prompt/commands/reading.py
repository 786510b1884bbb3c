"""Reading a line that starts with a comma."""

from __future__ import annotations

import re
from typing import Final

from repl_connect.languages import Language
from repl_connect.prompt.commands import commands
from repl_connect.prompt.commands.command import Command, Typed
from repl_connect.settings.nearest import did_you_mean

__all__ = ["read_command"]

_COMMAND: Final = re.compile(r"\s*,([A-Za-z?][\w?!-]*)(?:[ \t]+(.*))?\s*", re.DOTALL)
_WORD: Final = re.compile(r"\s*\S+")


def read_command(text: str, language: Language) -> Typed | None:
    """Read what was entered; None if it is for the REPL."""
    match = _COMMAND.fullmatch(text)
    if match is None:
        return None
    name, rest = match[1], match[2] or ""
    argument = rest.strip()
    known = commands(language)
    command = known.get(name)
    if command is None:
        if language.is_meta_command(text):
            return None
        near = did_you_mean(name, known).replace("`", "").replace("mean ", "mean ,")
        return Typed(problem=f"There is no command ,{name}{near} ,help shows those there are.")
    if argument and not command.argument:
        if language.meta_commands:
            return None
        return Typed(problem=f",{name} takes nothing behind it.")
    if not argument and command.argument and not command.argument.startswith("["):
        return Typed(problem=f",{name} {command.argument}: {command.doc}.")
    return Typed(command=command, argument=argument, code=_code(command, rest))


def _code(command: Command, rest: str) -> str | None:
    if command.code_after is None:
        return None
    position = 0
    for _ in range(command.code_after):
        word = _WORD.match(rest, position)
        if word is None:
            return None
        position = word.end()
    return rest[position:].lstrip(" \t") or None
