"""A front end without a terminal, for tests of the commands: it keeps what it was told to show."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from repl_connect.address import parse_address
from repl_connect.connect import connect
from repl_connect.conversation.connecting import open_link
from repl_connect.languages import TEXT, Language, language_named
from repl_connect.link import Link
from repl_connect.prompt.commands import typed_command
from repl_connect.prompt.commands.state import CommandState
from repl_connect.prompt.showing.values import ValueView
from repl_connect.session import Done, Event, Output, Value
from repl_connect.settings import Settings

__all__ = ["RecordingFrontEnd", "connected_to"]


class RecordingFrontEnd:
    """What the commands have to do with, on a real connection or on none."""

    is_plain = False

    def __init__(self, link: Link | None = None, *, language: Language = TEXT) -> None:
        self.language = language
        self.settings = Settings()
        self.values = ValueView()
        self.state = CommandState()
        self.link = link
        self.address = "./app.sock"
        self.last_entry = ""
        self.columns = 80
        self.shown = ""
        """All that was shown, notes and problems too."""
        self.problems: list[str] = []
        self.evaluated: list[tuple[str, dict[str, Any]]] = []
        self.events: list[Event] = []
        self.edited: list[str | None] = []
        self.paged: list[str] = []
        self.did: list[str] = []
        if link is not None:
            link.on_output = self.events.append
            description = link.session.description
            self.language = language_named(description.language) if description else language
            self.state.attached(self, link)

    def type(self, text: str) -> None:
        """Enter a command; it must be one."""
        typed = typed_command(text, self.language)
        assert typed is not None, text
        if typed.command is None:
            self.problem(typed.problem)
        else:
            typed.command.run(self, typed.argument)

    def wait_until(self, ended: Callable[[], object], seconds: float = 15.0) -> None:
        """Serve the connection until something has ended."""
        assert self.link is not None
        assert self.link.run_until(lambda: bool(ended()), seconds), self.shown

    def wait_for(self, text: str) -> None:
        """Serve the connection until this has been shown."""
        self.wait_until(lambda: text in self.shown)

    def answer_to(self, command: str) -> str:
        """Enter a command, wait until all it asked was answered; what it has shown."""
        before = len(self.shown)
        self.type(command)
        self.wait_until(lambda: self.link is None or not self.link.session.unanswered)
        return self.shown[before:]

    def say(self, fragments: Iterable[tuple[str, str]]) -> None:
        text = "".join(text for _, text in fragments)
        self.shown += text if text.endswith("\n") else text + "\n"

    def note(self, text: str) -> None:
        self.say([("", text)])

    def problem(self, text: str) -> None:
        self.problems.append(text)
        self.say([("", text)])

    def evaluate(
        self,
        code: str,
        *,
        file: str | None = None,
        as_file: bool = False,
        timed: bool = False,
        more: Mapping[str, object] | None = None,
    ) -> None:
        self.evaluated.append((code, {"file": file, "as_file": as_file, "timed": timed}))
        if self.link is not None:
            self.link.session.evaluate(
                code, self.events.append, file=file, as_file=as_file, more=more
            )

    def value_of(self, code: str) -> str:
        """Evaluate there; the value."""
        found: list[Event] = []
        assert self.link is not None
        self.link.session.evaluate(code, found.append)
        self.wait_until(lambda: found and isinstance(found[-1], Done))
        return next((event.text for event in found if isinstance(event, Value)), "")

    def printed(self) -> str:
        """What came as output, of whatever."""
        return "".join(event.text for event in self.events if isinstance(event, Output))

    def enter_namespace(self, name: str) -> None:
        self.did.append(f"namespace {name}")

    def use_session(self, ident: str) -> None:
        assert self.link is not None
        self.link.session.use(ident)

    def interrupt(self) -> None:
        self.did.append("interrupt")

    def reconnect(self) -> None:
        self.did.append("reconnect")

    def stop_reconnecting(self) -> None:
        self.did.append("stop reconnecting")

    def apply(self, settings: Settings) -> None:
        self.settings = settings

    def page(self, text: str, *, lexer: str | None = None) -> None:
        self.paged.append(text)

    def pipe(self, text: str, command: str) -> None:
        self.did.append(f"pipe {command} {text}")

    def edit(self, text: str | None = None) -> None:
        self.edited.append(text)

    def show_documentation(self, name: str, *, source: bool = False) -> None:
        self.did.append(f"{'source' if source else 'documentation'} {name}")

    def show_value(self) -> None:
        self.did.append("more")

    def show_traceback(self) -> None:
        self.did.append("traceback")

    def leave(self) -> None:
        self.did.append("leave")


def connected_to(address: str) -> RecordingFrontEnd:
    """A front end on a connection of its own, with its sessions open."""
    return RecordingFrontEnd(open_link(lambda _: connect(parse_address(address))))
