"""One connection of Neovim's: connecting, losing, connecting again, and what is asked meanwhile."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from contextlib import suppress

from repl_connect.address import (
    LOCAL_HOSTS,
    Address,
    HttpAddress,
    SshAddress,
    TcpAddress,
    UnixAddress,
)
from repl_connect.connect import connect
from repl_connect.conversation.connecting import KEPT, Connecting
from repl_connect.conversation.conversation import Conversation, words_of_loss
from repl_connect.conversation.reconnection import Reconnection
from repl_connect.errors import ConnectionLost, ReplConnectError
from repl_connect.escapes import Sanitiser, visible
from repl_connect.languages import (
    FILETYPES,
    LANGUAGES,
    TEXT,
    Language,
    language_named,
    language_of,
)
from repl_connect.link import Link
from repl_connect.nvim.held import announce_held, held_words
from repl_connect.nvim.messages import (
    Connected,
    Disconnected,
    Held,
    Message,
    Named,
    Note,
    Printed,
    Reconnecting,
)
from repl_connect.nvim.requests import Connect
from repl_connect.nvim.trial import Trial
from repl_connect.places import listener_of
from repl_connect.session import Output
from repl_connect.settings import Settings
from repl_connect.targets import Target, target_of

__all__ = ["Connection"]


class Connection:
    """A place that is connected to, by number. `tell` takes the messages about it."""

    def __init__(
        self,
        request: Connect,
        settings: Settings,
        tell: Callable[[Message], None],
        *,
        print_quota: int,
    ) -> None:
        self.number = request.connection
        self._request = request
        self._settings = settings
        self._tell = tell
        self.print_quota = print_quota
        """Characters of a value, beyond which it is cut; 0 if it is not."""
        self._target: Target | None = None
        self._sanitisers: dict[str, Sanitiser] = {}
        self._connecting: Connecting | None = None
        self._namespace: str | None = None
        self._was_there = False
        self.trial = Trial()
        """For what is evaluated in a namespace that may not be there."""
        self.conversation = Conversation(self._printed, self._lost)
        self._reconnection = Reconnection(
            self._connect,
            remedy=":ReplReconnect tries once more.",
            on_link=self._attach,
            on_failure=self._failed_again,
            on_change=self._changed,
        )

    @property
    def language(self) -> Language:
        """What is spoken there; plain text while that is not known."""
        link = self.conversation.link
        if link is None:
            return TEXT
        return language_of(link.session.description)

    @property
    def is_elsewhere(self) -> bool:
        """Whether it is on another machine, as far as the address tells: its files are not here."""
        address = self._target.address if self._target is not None else None
        return isinstance(address, SshAddress) or (
            isinstance(address, TcpAddress | HttpAddress) and address.host not in LOCAL_HOSTS
        )

    def limit_values(self, quota: int) -> None:
        """Have values cut beyond so many characters from now on; 0: where the server does."""
        self.print_quota = quota
        link = self.conversation.link
        if link is not None:
            link.session.print_quota = quota or None

    def language_for(self, name: str | None) -> Language:
        """The language of a buffer: the one that is spoken there, if its own is not known."""
        spoken = self.language
        return spoken if name is None or spoken is not TEXT else language_named(name)

    @property
    def place(self) -> tuple[Address, str] | None:
        """Where it leads, however that was spelled, and the dialect; None if it leads nowhere."""
        if self._target is None:
            try:
                self._target = self._found_target()
            except ReplConnectError:
                return None
        return listener_of(
            self._target.address
        ), self._request.dialect or self._target.dialect or ""

    @property
    def connecting(self) -> bool:
        """Whether the connection is being made for the first time, or since that has failed."""
        return self._connecting is not None

    @property
    def problem(self) -> str:
        """Why nothing can be sent; empty if something can."""
        if self.conversation.connected:
            return ""
        if self._connecting is not None:
            return f"It is still connecting to {self._shown}."
        if self._reconnection.active:
            return f"The connection to {self._shown} was lost; it is {self._reconnection.state}."
        return f"There is no connection to {self._shown}. :ReplReconnect tries to make it."

    @property
    def _shown(self) -> str:
        return visible(self._request.address)

    def open(self) -> None:
        """Connect, beside whatever else there is to do."""
        try:
            self._target = self._found_target()
        except ReplConnectError as error:
            self._fail(str(error))
            return
        loop = asyncio.get_running_loop()

        def ended() -> None:
            with suppress(RuntimeError):  # Neovim has left meanwhile
                loop.call_soon_threadsafe(self._connected_or_failed)

        session = self._request.session or None
        self._connecting = Connecting(self._connect, session, ended)

    def reconnect(self) -> None:
        """Connect again now, if there is no link."""
        if self.conversation.connected or self._connecting is not None:
            return
        if not self._was_there:
            self.open()
        else:
            self._reconnection.start(
                self.conversation.last_session,
                longest=self._settings.connection.reconnect_longest,
                once=not self._reconnection.active,
            )

    def close(self) -> None:
        """Say goodbye, and try no more."""
        if self._connecting is not None:
            self._connecting.abandon()
            self._connecting = None
        self._reconnection.stop()
        was_there = self.conversation.connected
        self.conversation.close()
        text = "Disconnected." if was_there else "It connects no more."
        self._tell(Disconnected(connection=self.number, text=text, wanted=True))

    def clean(self, text: str) -> str:
        """Text of the other side that can be shown in one piece."""
        return visible(Sanitiser(colours=False).clean(text))

    def clean_output(self, stream: str, text: str) -> str:
        """The next part of a stream, without what only a terminal would understand."""
        if stream not in self._sanitisers:
            self._sanitisers[stream] = Sanitiser(colours=False, shows_controls=True)
        return self._sanitisers[stream].clean(text)

    def end_output(self, evaluation: int) -> None:
        """Let what an evaluation has left open in a stream not swallow what comes behind it."""
        for stream, sanitiser in self._sanitisers.items():
            rest = sanitiser.end()
            if rest:
                printed = Printed(
                    connection=self.number, evaluation=evaluation, stream=stream, text=rest
                )
                self._tell(printed)

    def namespace_changed(self) -> None:
        """Tell the namespace of the session if it is another than was told."""
        namespace = self.conversation.namespace
        if namespace is not None and namespace != self._namespace:
            self._namespace = namespace
            self._tell(Named(connection=self.number, namespace=visible(namespace)))

    def hold(self, held: bool) -> None:
        """Read no more from the other side for now, or go on."""
        if held:
            self.conversation.pause()
        else:
            self.conversation.resume()

    def _found_target(self) -> Target:
        text = self._request.address
        if os.path.exists(os.path.join(self._request.directory, text)) and "/" not in text:
            text = f"./{text}"  # what looks like a name is one of the directory's files
        target = target_of(text)
        if isinstance(target.address, UnixAddress):
            path = os.path.expanduser(target.address.path).removeprefix("./")
            path = os.path.join(self._request.directory, path)
            target = target._replace(address=UnixAddress(path))
        return target

    def _connect(self, resume: str | None) -> Link:
        assert self._target is not None
        return connect(
            self._target.address,
            dialect=self._request.dialect or self._target.dialect,
            timeout=self._settings.connection.timeout,
            resume=resume,
            keep=KEPT,
            language=self._target.language,
        )

    def _connected_or_failed(self) -> None:
        connecting, self._connecting = self._connecting, None
        if connecting is None:
            return
        try:
            link = connecting.wait(0)
        except ReplConnectError as error:
            self._fail(str(error))
        except Exception as error:  # whatever it was, the user has to know
            self._fail(f"{self._request.address}: {error!r}.")
        else:
            assert link is not None
            self._attach(link)

    def _fail(self, text: str) -> None:
        text = visible(_as_here(text))
        self._tell(Disconnected(connection=self.number, text=text, failed=True))

    def _attach(self, link: Link) -> None:
        again, self._was_there = self._was_there, True
        self._sanitisers.clear()
        link.session.print_quota = self.print_quota or None
        spoken = language_of(link.session.description).name
        own = tuple(each for each, name in FILETYPES.items() if name == spoken)
        alike = tuple(
            each
            for each, name in FILETYPES.items()
            if spoken in LANGUAGES and LANGUAGES[name] == LANGUAGES[spoken]
        )
        self.conversation.attach(link)
        self._namespace = link.session.namespace
        self._tell(
            Connected(
                connection=self.number,
                name=visible(link.name),
                greeting=visible(link.greeting or ""),
                language=spoken,
                own=own,
                filetypes=alike,
                comment_prefix=self.language.comment_prefix,
                dialect=link.dialect,
                namespace=visible(self._namespace) if self._namespace is not None else None,
                session=link.session.user or "",
                resumed=link.session.resumed,
                again=again,
                advice=visible(_as_here(link.advice)) or None,
            )
        )
        self._evaluate_forms(link)
        announce_held(self.number, self.conversation, self._tell)

    def _evaluate_forms(self, link: Link) -> None:
        """Send what the partner wants evaluated in a new session, before what the user sends."""
        if self._target is None or not self._target.forms:
            return
        from repl_connect.partners.forms import evaluate_forms

        def problem(text: str) -> None:
            self._tell(Note(text=visible(text), level="warn", connection=self.number))

        with self.conversation.guarded():
            evaluate_forms(link.session, self._target, problem, self._printed)

    def _printed(self, output: Output) -> None:
        text = self.clean_output(output.stream, output.text)
        if output.held is not None:
            held = visible(output.held)
            self._tell(Held(connection=self.number, held=held, text=held_words(text)))
        elif text:
            self._tell(Printed(connection=self.number, stream=output.stream, text=text))

    def _lost(self, error: ConnectionLost, evaluations: int) -> None:
        words = visible(words_of_loss(error, evaluations))
        again = self._settings.connection.reconnect
        if again:
            words += " Connecting again; :ReplDisconnect stops that."
        else:
            words += " :ReplReconnect connects again."
        self._tell(Disconnected(connection=self.number, text=words))
        if again:
            self._reconnection.start(
                self.conversation.last_session,
                longest=self._settings.connection.reconnect_longest,
            )

    def _failed_again(self, text: str) -> None:
        self._tell(Note(text=visible(_as_here(text)), level="warn", connection=self.number))

    def _changed(self) -> None:
        self._tell(Reconnecting(connection=self.number, state=self._reconnection.state))


def _as_here(text: str) -> str:
    """A sentence with the command line's option in it, as `:ReplConnect` takes it."""
    return text.replace("--dialect ", "++dialect=")
