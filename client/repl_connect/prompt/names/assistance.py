"""What helps while one types: completion, signatures, documentation, and the line at the bottom."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Protocol

from prompt_toolkit.application import Application
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.filters import Condition, Filter, has_completions, is_done
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.key_binding import KeyBindingsBase
from prompt_toolkit.layout import (
    ConditionalContainer,
    Container,
)

from repl_connect.prompt.front_end import FrontEnd
from repl_connect.prompt.look.rendering import Stack, TextLine
from repl_connect.prompt.look.toolbar import Toolbar, cut_to
from repl_connect.prompt.names.completion import SessionCompleter
from repl_connect.prompt.names.documentation import Documentation
from repl_connect.prompt.names.hints import Hints

if TYPE_CHECKING:
    from prompt_toolkit.lexers import PygmentsLexer

    from repl_connect.conversation.conversation import Conversation

__all__ = ["Assistance", "Assisted"]

_SOON: Final = 0.015  # seconds after a key in which completions are asked for, after it was drawn

_TYPED: Final = 2  # characters a key inserts at most, with a bracket's partner; more are pasted


class Assisted(FrontEnd, Protocol):
    """What it is for: the prompt is this."""

    application: Application[object]
    conversation: Conversation

    @property
    def takes_input(self) -> bool:
        """Whether the line is input for the program."""


class Assistance:
    """Gives the buffer its `completer`; after `attach`, the layout what stands below it."""

    def __init__(self, prompt: Assisted) -> None:
        self._prompt = prompt
        self._first_session: str | None = None
        self._length = self._grown = 0
        self._hint_line: StyleAndTextTuples = []
        self._hint_drawn = -1
        self._starting: asyncio.TimerHandle | None = None
        self.completer = SessionCompleter(
            prompt.conversation.complete,
            lambda: prompt.language,
            completes_text=self._completes_text,
        )

    def attach(
        self,
        buffer: Buffer,
        *,
        message: Callable[[], str],
        status: Callable[[], StyleAndTextTuples],
        lexer: Callable[[], PygmentsLexer | None],
    ) -> None:
        """Watch the buffer that is typed into.

        `message` is something to be said of its text, `status` what runs, for the toolbar. `lexer`
        is the language's, once it has been loaded.
        """
        prompt = self._prompt

        def redraw() -> None:
            prompt.application.invalidate()

        self._message = message
        self._hints = Hints(
            buffer,
            look_up=prompt.conversation.look_up,
            language=lambda: prompt.language,
            enabled=lambda: prompt.settings.prompt.signature and not prompt.takes_input,
            on_change=redraw,
        )
        self.documentation: Documentation = Documentation(
            prompt,
            prompt.conversation,
            buffer,
            rows=lambda: prompt.application.output.get_size().rows,
            lexer=lexer,
            on_change=redraw,
            on_close=lambda: prompt.application.renderer.erase(),
        )
        self._toolbar = Toolbar(
            buffer,
            settings=lambda: prompt.settings,
            place=self._place,
            status=status,
            takes_input=lambda: prompt.takes_input,
            running=lambda: bool(prompt.conversation.running),
            columns=lambda: prompt.columns,
        )
        buffer.on_text_changed += self._changed
        buffer.on_text_insert += self._inserted

    def connected(self, session: str | None) -> None:
        """There is another connection, with this session of the user's."""
        self._first_session = session
        self.evaluated()

    def evaluated(self) -> None:
        """Something was evaluated: what was known may be old."""
        self.completer.forget()
        self._hints.forget()

    @property
    def escape_closes(self) -> Filter:
        """Whether Escape has something to close: the completions, or the pane."""
        return has_completions | Condition(lambda: self.documentation.is_open)

    @property
    def keys(self) -> KeyBindingsBase:
        """The keys of what stands below the buffer."""
        return self.documentation.keys()

    def below(self) -> Container:
        """What stands below the buffer."""
        return Stack(
            [
                self.documentation.container(),
                ConditionalContainer(TextLine(self._hint), Condition(lambda: bool(self._hint()))),
                ConditionalContainer(
                    TextLine(lambda: self._toolbar.fragments()),
                    Condition(lambda: self._prompt.settings.prompt.toolbar) & ~is_done,
                ),
            ]
        )

    def _changed(self, buffer: Buffer) -> None:
        self.completer.abandon()
        before, self._length = self._length, len(buffer.text)
        self._grown = self._length - before

    def _inserted(self, buffer: Buffer) -> None:
        """Complete as one types: after the keys that are here already, of which one may be Tab."""
        prompt = self._prompt
        if self._starting is not None:
            self._starting.cancel()
            self._starting = None
        if (
            self._grown > _TYPED
            or prompt.takes_input
            or not prompt.settings.prompt.complete_while_typing
        ):
            return
        typed = CompleteEvent(text_inserted=True)
        known = self.completer.knows(buffer.document.text_before_cursor)
        self._starting = asyncio.get_running_loop().call_later(
            0 if known else _SOON, lambda: buffer.start_completion(complete_event=typed)
        )

    def _hint(self) -> StyleAndTextTuples:
        """The line above the toolbar. It is made once for each time that everything is drawn."""
        drawn = self._prompt.application.render_counter
        if drawn != self._hint_drawn:
            self._hint_drawn = drawn
            columns = self._prompt.columns - 1
            line = self._hints.fragments(columns)
            if message := self._message():
                line = [("class:toolbar.problem", message)]
            self._hint_line = cut_to(line, columns)
        return self._hint_line

    def _place(self) -> str:
        """The address; the session too if it is not the one that was opened first."""
        prompt = self._prompt
        session = prompt.conversation.last_session
        if session is None or session == self._first_session:
            return prompt.address
        return f"{prompt.address} ({session[:8]})"

    def _completes_text(self) -> bool:
        link = self._prompt.link
        description = link.session.description if link is not None else None
        return description is not None and description.completes_text
