"""The steps of the tour."""

from __future__ import annotations

from typing import Final, NamedTuple

__all__ = ["STEPS", "Step"]


class Step(NamedTuple):
    """A step: what it says, the language's examples by key, and what it says after them.

    `needs` is an op without which there is nothing to try.
    """

    title: str
    lines: tuple[str, ...]
    examples: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    needs: str | None = None


STEPS: Final = (
    Step(
        "a value",
        ("You are in a program that runs. What you enter is evaluated there. Type, and Enter:",),
        ("value",),
        ("Up brings it back, to change it and send it again.",),
    ),
    Step(
        "several lines",
        (
            "Enter sends what is complete; else it starts a new line, indented. Alt-Enter always "
            "sends, Ctrl-J always starts a line. Try:",
        ),
        ("lines",),
        ("Where no bracket closes it, an empty line ends it. Up brings back all its lines.",),
    ),
    Step(
        "completion",
        ("Tab completes from what is in the program now. Type this, then Tab:",),
        ("completion",),
        ("Tab again goes through the list, Ctrl-C clears the line.",),
        needs="completions",
    ),
    Step(
        "documentation",
        ("F1 tells about the name at the cursor, and sends nothing. The same as a command:",),
        ("documentation",),
        ("Both work while something runs.",),
        needs="lookup",
    ),
    Step(
        "interrupting",
        ("Ctrl-C stops what runs there, not this client. Send this, wait a moment, then Ctrl-C:",),
        ("forever",),
        needs="interrupt",
    ),
    Step(
        "output while you type",
        (
            "What is printed appears above the line you type, and leaves it alone. Send this, and "
            "type something else at once:",
        ),
        ("later",),
    ),
    Step(
        "large values",
        ("Of a large value you see the beginning, and how much more there is:",),
        ("large",),
        ("Then ,more shows the next part, ,save FILE writes all of it to a file.",),
    ),
    Step(
        "history",
        (
            "Ctrl-R searches what you have entered, also in earlier times: type a part of it. "
            "Ctrl-R again goes further back, Enter takes it. A line that begins with a blank is "
            "not kept.",
        ),
    ),
    Step(
        "sessions",
        (
            "A session has its own history of values and its own queue. ,session new opens "
            "another one, ,sessions lists those that are open there, ,session use ID goes back.",
        ),
        needs="ls-sessions",
    ),
    Step(
        "jobs",
        (
            "Code that takes long can be left there: it goes on when you leave. What it brings "
            "waits for you, or for somebody else:",
        ),
        ("job",),
        (",jobs lists them, ,result 1 shows what job 1 has brought.",),
        needs="repl-server/submit",
    ),
    Step(
        "watching",
        ("Code can be evaluated every so many seconds; you see the value when it changes:",),
        ("watch",),
        (",unwatch 1 ends it. ,who shows who else is connected, ,events on tells what happens.",),
        needs="repl-server/watch",
    ),
    Step(
        "leaving",
        (
            "Ctrl-D on an empty line leaves; the program goes on. ,help shows all commands, ,help "
            "keys the keys, ,set what can be set.",
        ),
    ),
)
"""In the order of the tour."""
