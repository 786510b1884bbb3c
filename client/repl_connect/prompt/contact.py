"""The prompt's connection: one link after another, and what is said of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from repl_connect.conversation.connecting import Connect
from repl_connect.conversation.conversation import Conversation, words_of_loss
from repl_connect.conversation.greeting import greeting_of
from repl_connect.conversation.reconnection import Reconnection
from repl_connect.errors import ConnectionLost
from repl_connect.escapes import visible
from repl_connect.link import Link
from repl_connect.session import Evaluation, Event, Output
from repl_connect.settings import Settings
from repl_connect.targets import Target

__all__ = ["Contact", "Place"]


class Place(Protocol):
    """What a contact says things to; the prompt is this."""

    settings: Settings

    def note(self, text: str) -> None:
        """Show a line in our own words."""

    def problem(self, text: str) -> None:
        """Show a line in our own words, about something that went wrong."""

    def attached(self, link: Link) -> None:
        """There is a link: the first, or one after a loss."""

    def detached(self) -> None:
        """There is none any more."""

    def leave(self) -> None:
        """End."""


class Contact:
    """Attaches links, tells of losses, and connects again, more than once if `reconnects`.

    `connect` makes another link. The forms of `target` are evaluated in each new session, and their
    values are not shown. `on_output` gets their output, and what belongs to no evaluation;
    `on_change` is called when `state` may be worded differently.
    """

    def __init__(
        self,
        place: Place,
        connect: Connect,
        *,
        reconnects: bool,
        target: Target | None,
        on_output: Callable[[Output], None],
        on_change: Callable[[], None],
    ) -> None:
        self._place = place
        self._reconnects = reconnects
        self._target = target
        self._on_output = on_output
        self._on_change = on_change
        self.lost = False
        """Whether there was a link, and there is none."""
        self._ended_input = False
        self.conversation = Conversation(on_output, self._connection_lost)
        self._reconnection = Reconnection(
            connect,
            remedy=",reconnect tries once more.",
            on_link=self._connected_again,
            on_failure=lambda text: place.problem(visible(text)),
            on_change=on_change,
        )

    @property
    def state(self) -> str:
        """What stands in the prompt's place without a link; empty while there is one."""
        if self.conversation.connected or not self.lost:
            return ""
        return self._reconnection.state or "not connected"

    @property
    def connecting(self) -> bool:
        """Whether it is about to connect again."""
        return self._reconnection.active

    def attach(self, link: Link) -> None:
        """Work with this link from now on. The loop must be running."""
        self.lost = False
        link.session.print_quota = self._place.settings.printing.quota
        self.conversation.attach(link)
        self._place.attached(link)
        if self._target is not None and self._target.forms:
            from repl_connect.partners.forms import evaluate_forms

            with self.conversation.guarded():
                evaluate_forms(
                    link.session,
                    self._target,
                    lambda text: self._place.problem(visible(text)),
                    self._on_output,
                )

    def greet(self, link: Link, *, before: str = "") -> None:
        """Say who is there."""
        first, *more = greeting_of(link)
        for line in (before + first, *more):
            self._place.note(line)

    def evaluate(
        self,
        code: str,
        on_event: Callable[[Evaluation | None, Event], None],
        **how: Any,
    ) -> None:
        """Send code, with a link only: see `Conversation.evaluate`."""
        more: Mapping[str, object] | None = how.pop("more", None)
        fields = {**self._printing(how.pop("columns")), **(more or {})}
        self.conversation.evaluate(code, on_event, more=fields, **how)

    def interrupt(self) -> None:
        """Stop what runs; what stands against it is said."""
        running = self.conversation.running
        if not running:
            self._place.note("Nothing runs.")
            return
        if running[0].interrupting:
            self._place.note("It was asked to stop already; asking again. ,quit leaves it.")
        self.conversation.interrupt(self._interrupt_answered)

    def is_there(self) -> bool:
        """Whether there is a link; if not, it is said what can be done."""
        if self.conversation.connected:
            return True
        if self._reconnection.active:
            self._place.note("Not connected yet. What you typed stays here; Ctrl-C clears it.")
        else:
            self._place.problem("Not connected. ,reconnect connects again, ,quit leaves.")
        return False

    def end_input(self) -> bool:
        """Tell the other side that no more will be sent; when it ends too, that is the end.

        False if it was told before, or there is none.
        """
        if self._ended_input or not self.conversation.connected:
            return False
        self._ended_input = True
        self.conversation.give_input("", None)
        self._place.note("Sent the end of input. What still comes is shown; Ctrl-D leaves.")
        return True

    def reconnect(self) -> None:
        """Connect again now, or at once if it is waiting to."""
        if self.conversation.connected:
            self._place.note("The connection is there.")
        else:
            self._start(once=True)

    def stop_reconnecting(self) -> None:
        """Connect again no more by itself."""
        if self._reconnection.active:
            self._reconnection.stop()
            self._place.note("Stopped connecting again. ,reconnect tries once more, ,quit leaves.")
        else:
            self._place.note("It is not connecting.")

    def close(self) -> None:
        """Say goodbye."""
        self._reconnection.stop()
        self.conversation.close()

    def _start(self, *, once: bool) -> None:
        self._reconnection.start(
            self.conversation.last_session,
            longest=self._place.settings.connection.reconnect_longest,
            once=once,
        )

    def _connection_lost(self, error: ConnectionLost, evaluations: int) -> None:
        self._place.detached()
        if self._ended_input:
            self._place.note(visible(str(error)))
            self._place.leave()
            return
        self.lost = True
        words = words_of_loss(error, evaluations)
        if not self._reconnects:
            self._start(once=True)  # which fails, as a rule, and tells why
        elif self._place.settings.connection.reconnect:
            self._start(once=False)
            words += " Connecting again; Ctrl-C stops that."
        else:
            words += " ,reconnect connects again."
        self._place.problem(visible(words))
        self._on_change()

    def _connected_again(self, link: Link) -> None:
        resumed = link.session.resumed
        self.attach(link)
        self.greet(link, before="The session goes on: " if resumed else "A new session: ")
        self._on_change()

    def _interrupt_answered(self, problem: str | None) -> None:
        if problem is not None:
            self._place.problem(" ".join(visible(problem).split()))

    def _printing(self, columns: int) -> dict[str, Any]:
        """How values are to be printed, as fields of a message."""
        chosen = self._place.settings.printing
        if not chosen.print:
            return {}
        return {
            "nrepl.middleware.print/print": chosen.print,
            "nrepl.middleware.print/options": {"width": chosen.width or columns},
        }
