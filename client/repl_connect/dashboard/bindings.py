"""The keys that work everywhere, and the words for those that widgets have too."""

from __future__ import annotations

from typing import Final

from textual.binding import Binding, BindingType

__all__ = ["EARLIER", "KEYS", "LATER", "OPEN", "TABS", "TYPED"]

EARLIER: Final = "Show the answers to the form before"
LATER: Final = "Show the answers to the form after that"
OPEN: Final = "Open the terminal client on it, and come back"

TABS: Final = {
    "log": "what they print",
    "answers": "what they answered",
    "jobs": "their jobs",
    "watches": "the values that are watched",
    "presence": "who is connected",
    "held": "the programs that an error holds",
}
"""The tabs, with what is in them, in the order of the keys that show them."""

TYPED: Final = ("command", "filter")
"""Actions of keys that come before those of all widgets, so that what is typed at once after one
of them already goes where it leads; not where texts are typed: there they are characters."""


def _key(keys: str, action: str, name: str, what: str, key: str = "") -> Binding:
    """A key: `name` is for the footer, `what` for the help; with a `!` the footer shows it."""
    shown = name.startswith("!")
    first = action in (*TYPED, "stop")
    return Binding(keys, action, name.strip("!"), shown, key or None, priority=first, tooltip=what)


KEYS: Final[list[BindingType]] = [
    _key("f1,question_mark", "help", "!Help", "Show all keys", "F1"),
    _key("colon", "command", "!Command", "Type a form", ":"),
    _key("i", "interrupt", "!Interrupt", "Interrupt what the chosen targets run for you"),
    _key("escape", "focus('targets')", "Targets", "Go back to the targets"),
    _key("o", "open", "Open", OPEN),
    _key("r", "reconnect", "Reconnect", "Connect the chosen targets, now"),
    _key("x", "disconnect", "Disconnect", "Disconnect the chosen targets"),
    _key("plus", "add", "Add", "Add a target", "+"),
    _key("minus", "remove", "Remove", "Remove the target from the screen", "-"),
    _key("f", "follow", "Only this", "Show only the target's lines in the log, or all"),
    *(
        _key(str(number), f"tab('{name}')", name, f"Show {what}")
        for number, (name, what) in enumerate(TABS.items(), 1)
    ),
    _key("slash", "filter", "Filter", "Show only lines of the log with a text", "/"),
    _key("left_square_bracket", "turn(-1)", "Earlier", EARLIER, "["),
    _key("right_square_bracket", "turn(1)", "Later", LATER, "]"),
    _key("q,ctrl+q", "quit", "!Quit", "Leave; the programs run on", "q"),
    _key("ctrl+c", "stop", "Stop", "Copy, clear, close or interrupt; never quit"),
]
"""What the app itself has."""
