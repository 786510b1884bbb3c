"""Our own commands: what is typed with a comma in front.

The table of them is `table.COMMANDS`; it is loaded with the first comma that is typed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from repl_connect.languages import Language

if TYPE_CHECKING:
    from repl_connect.prompt.commands.command import Command, Typed

__all__ = ["commands", "typed_command"]


def typed_command(text: str, language: Language) -> Typed | None:
    """Read what was entered; None if it is for the REPL."""
    if not text.lstrip().startswith(","):
        return None
    from repl_connect.prompt.commands.reading import read_command

    return read_command(text, language)


def commands(language: Language) -> dict[str, Command]:
    """The commands by each name they have where this language is spoken, in the help's order."""
    from repl_connect.prompt.commands.table import COMMANDS

    return {name: command for command in COMMANDS for name in command.names_in(language)}
