"""All our commands."""

from __future__ import annotations

from typing import Final

from repl_connect.prompt.commands.code import CODE
from repl_connect.prompt.commands.command import Command
from repl_connect.prompt.commands.connection import CONNECTION
from repl_connect.prompt.commands.general import LEAVING, RUNNING
from repl_connect.prompt.commands.held import HELD
from repl_connect.prompt.commands.help import HELP
from repl_connect.prompt.commands.jobs import JOBS
from repl_connect.prompt.commands.names import NAMES
from repl_connect.prompt.commands.program import PROGRAM
from repl_connect.prompt.commands.sessions import SESSIONS
from repl_connect.prompt.commands.settings_command import SETTINGS
from repl_connect.prompt.commands.tour import TOUR
from repl_connect.prompt.commands.values import VALUES

__all__ = ["COMMANDS", "GROUPS"]

GROUPS: Final[tuple[tuple[str, tuple[Command, ...]], ...]] = (
    ("Help, leaving", (*HELP, *TOUR, *LEAVING)),
    ("Code", (*CODE, *RUNNING)),
    ("Names", NAMES),
    ("Values and errors", VALUES),
    ("Namespaces and sessions", SESSIONS),
    ("Jobs", JOBS),
    ("The program", PROGRAM),
    ("When an error holds the program", HELD),
    ("Connection and settings", (*CONNECTION, *SETTINGS)),
)
"""The commands under the titles of the help."""

COMMANDS: Final[tuple[Command, ...]] = tuple(
    command for _, commands in GROUPS for command in commands
)
"""In the help's order."""
