"""The prompt: one prompt_toolkit application from the first line to the last.

What is entered is written above like any other output, and the line is empty again at once; the
evaluation's events come later, in their order, and are written above too. So the line being typed
is never in the way of anything, and nothing that happens elsewhere is in its way.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final

from prompt_toolkit.application import Application
from prompt_toolkit.auto_suggest import ConditionalAutoSuggest
from prompt_toolkit.filters import Condition
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.input import Input
from prompt_toolkit.output import Output
from prompt_toolkit.styles import DynamicStyle
from prompt_toolkit.utils import in_main_thread

from repl_connect import session as events
from repl_connect.conversation.connecting import Connect
from repl_connect.escapes import visible
from repl_connect.exit_codes import ExitCode
from repl_connect.languages import language_of
from repl_connect.link import Link
from repl_connect.prompt.commands import typed_command
from repl_connect.prompt.commands.state import CommandState
from repl_connect.prompt.contact import Contact
from repl_connect.prompt.editing.bindings import (
    apply_mode,
    cursor_shape,
    key_mode,
    prompt_keys,
    watch_escape,
)
from repl_connect.prompt.editing.editing import Editing, start_line
from repl_connect.prompt.editing.suggestion_in_pairs import SuggestInPairs
from repl_connect.prompt.history.buffer import EntryBuffer
from repl_connect.prompt.history.entries import EntryHistory, history_path
from repl_connect.prompt.history.suggestion import SuggestEntry
from repl_connect.prompt.input_request import InputRequest
from repl_connect.prompt.look.layout import prompt_layout
from repl_connect.prompt.look.lexing import LanguageLexer
from repl_connect.prompt.look.style import color_depth, style_for
from repl_connect.prompt.names.assistance import Assistance
from repl_connect.prompt.program_output import ProgramOutput
from repl_connect.prompt.showing.display import Display
from repl_connect.prompt.showing.printer import Printer
from repl_connect.prompt.showing.status import Status
from repl_connect.prompt.showing.values import ValueView
from repl_connect.settings import Settings
from repl_connect.targets import Target

if TYPE_CHECKING:
    from repl_connect.prompt.showing.pager import OtherPrograms

__all__ = ["Prompt"]

_LEXER_PAUSE: Final = 0.02  # seconds before it is loaded, so that the first prompt comes before


class Prompt:
    """The interactive client on one terminal; what the commands have to do with (`FrontEnd`).

    `link` is open; `connect` makes another after it was lost, by itself if `reconnects`.
    `program_output` are descriptors to read what a program of ours prints by itself, by stream
    (`out`, `err`). The forms of `target` are evaluated in each new session. `problems` are
    sentences about the settings, to be said first.
    """

    is_plain = False

    def __init__(
        self,
        link: Link,
        connect: Connect,
        *,
        settings: Settings,
        problems: Iterable[str] = (),
        input: Input,  # noqa: A002
        output: Output,
        program_output: Mapping[str, int] | None = None,
        reconnects: bool = True,
        target: Target | None = None,
    ) -> None:
        self.settings = settings
        self.language = language_of(link.session.description)
        self.values = ValueView()
        self.state = CommandState()
        self._first_link = link
        self._problems = tuple(problems)
        self._name = link.name
        self._lexer = LanguageLexer(enabled=lambda: not self.takes_input, on_load=self._redraw)
        colours = not os.environ.get("NO_COLOR")
        self._style = style_for(settings.prompt.theme, settings.colors)
        style = DynamicStyle(lambda: self._style)
        self.contact = Contact(
            self,
            connect,
            reconnects=reconnects,
            target=target,
            on_output=lambda output: self.display.event(output),
            on_change=self._redraw,
        )
        self.conversation = self.contact.conversation
        self._program_output = ProgramOutput(
            program_output or {},
            lambda stream, text: self.printer.program(stream, text, late=True),
        )
        self._history = EntryHistory(
            history_path(self.language.name, settings.history.path),
            self.note,
            scope=settings.history.scope,
            size=settings.history.size,
        )
        self.assistance = Assistance(self)
        self.buffer = EntryBuffer(
            completer=self.assistance.completer,
            history=self._history,
            auto_suggest=ConditionalAutoSuggest(
                SuggestInPairs(SuggestEntry(self._history)),
                Condition(lambda: self.settings.prompt.auto_suggest and not self.takes_input),
            ),
            enable_history_search=True,
            complete_while_typing=False,  # but see `Assistance`
            multiline=True,
        )
        self._request = InputRequest(self.buffer)
        self._running = Status(self._redraw, unicode=output.encoding().lower().startswith("utf"))
        self.editing = Editing(self.buffer, self)
        self.assistance.attach(
            self.buffer,
            message=lambda: self.editing.syntax.message,
            status=lambda: self._running.fragments(waits_for_input=self.takes_input),
            lexer=lambda: self._lexer.loaded,
        )
        self.application: Application[object] = Application(
            layout=prompt_layout(
                self.buffer,
                lexer=self._lexer,
                prompt=lambda: [*key_mode(self.application), *self._prompt()],
                open_line=lambda: self.printer.open_line,
                secret=lambda: self._request.secret,
                processors=self.editing.processors,
                below=self.assistance.below(),
                keys=self.assistance.keys,
            ),
            key_bindings=prompt_keys(self.buffer, self),
            cursor=cursor_shape(lambda: self.application),
            mouse_support=Condition(lambda: self.settings.prompt.mouse),
            style=style,
            include_default_pygments_style=False,
            color_depth=color_depth(),
            input=input,
            output=output,
            terminal_size_polling_interval=None if in_main_thread() else 0.5,  # it gets a signal
        )
        apply_mode(self.application, settings)
        watch_escape(self.application, self.assistance.escape_closes)
        self.printer = Printer(
            self.application,
            style,
            colours=colours,
            on_full=self._hold_back,
            on_drained=self._go_on,
            marks_late=lambda: not self._sends_lines,
        )
        self.display = Display(
            self.printer,
            self.values,
            settings=lambda: self.settings,
            size=self.application.output.get_size,
            lexer=lambda: self._lexer.loaded,
        )

    async def run(self) -> ExitCode:
        """Let the user work until they leave."""
        for problem in self._problems:
            self.problem(visible(problem))
        self.contact.greet(self._first_link)
        self.printer.flush()
        try:
            await self.application.run_async(pre_run=self._begin, handle_sigint=False)
        except EOFError:  # the terminal is gone
            pass
        finally:
            self.contact.close()
            self.printer.flush_all()
            self._program_output.stop()
        return ExitCode.NO_CONNECTION if self.contact.lost else ExitCode.OK

    # What the keys do.

    @property
    def takes_input(self) -> bool:
        """Whether the line is input for the program."""
        return self._request.active

    def enter(self, *, force: bool) -> None:
        """Send what is typed, or start a new line if it is not complete."""
        buffer = self.buffer
        buffer.complete_state = None
        if self._request.active:
            self._answer(buffer.text + "\n", shown=buffer.text)
        elif not buffer.text.strip() and not self._sends_lines:
            self._accept("")
        elif force or self.editing.submits():
            self._submit(buffer.text if self._sends_lines else buffer.text.rstrip())

    def stop(self) -> None:
        """Ctrl-C: stop what runs, or clear what is typed, or say how to leave."""
        if self.conversation.running:
            self.interrupt()
        elif self.buffer.text or self.assistance.documentation.is_open:
            self.assistance.documentation.close()
            self.buffer.reset()
            start_line(self.application)
        elif self.contact.connecting:
            self.stop_reconnecting()
        else:
            self.note("Nothing runs. Ctrl-D or ,quit leaves.")

    def end_of_input(self) -> None:
        """Ctrl-D on an empty line: the end of input for a program that waits for some; or leave."""
        if self._request.active:
            self._answer("", shown="^D")
        elif not self._sends_lines or not self.contact.end_input():
            self.leave()

    @property
    def _sends_lines(self) -> bool:
        """Whether the other side is no REPL: every line goes there, as it is."""
        description = self.link.session.description if self.link is not None else None
        return description is not None and description.is_lines

    # What the commands do.

    @property
    def link(self) -> Link | None:
        """The connection; None while there is none."""
        return self.conversation.link

    @property
    def address(self) -> str:
        """What is connected to, as the user knows it."""
        return self._name

    @property
    def last_entry(self) -> str:
        """What was entered last, commands aside; empty if nothing was."""
        entries = reversed(self.buffer.history.get_strings())
        return next((text for text in entries if typed_command(text, self.language) is None), "")

    @property
    def columns(self) -> int:
        """How wide the terminal is, in cells."""
        return self.application.output.get_size().columns

    def say(self, fragments: Iterable[tuple[str, str]]) -> None:
        """Show styled text of ours, on lines of its own."""
        self.printer.say(fragments)

    def note(self, text: str) -> None:
        """Show a line in our own words."""
        self.printer.note(text)

    def problem(self, text: str) -> None:
        """Show a line in our own words, about something that went wrong."""
        self.printer.problem(text)

    def leave(self) -> None:
        """End."""
        if self.application.is_running and not self.application.is_done:
            self.application.exit()

    def show_value(self) -> None:
        """Show the next part of the last value."""
        self.display.more_of_value()

    def edit(self, text: str | None = None) -> None:
        """Open the user's editor on this text (what is typed if none); it comes back unsent."""
        if self._request.active:  # by now: the text was looked up before
            self.problem("The program waits for input: answer it, and edit then.")
            return
        from repl_connect.prompt.editing.editor import edit_in

        self.application.create_background_task(edit_in(self.buffer, text, self))

    def show_traceback(self) -> None:
        """Show the whole text of the last error."""
        self.display.whole_error()

    def page(self, text: str, *, lexer: str | None = None) -> None:
        """Show text in the user's pager. `lexer`: Pygments' alias, to colour it."""
        self._other_programs().page(text, lexer=lexer)

    def pipe(self, text: str, command: str) -> None:
        """Give text to a shell command, which has the terminal until it ends."""
        self._other_programs().pipe(text, command)

    def show_documentation(self, name: str, *, source: bool = False) -> None:
        """Show what is known about a name, or the source of what has it."""
        self.assistance.documentation.show(name, source=source)

    def interrupt(self) -> None:
        """Stop what runs."""
        self.contact.interrupt()

    def evaluate(
        self,
        code: str,
        *,
        file: str | None = None,
        as_file: bool = False,
        timed: bool = False,
        more: Mapping[str, object] | None = None,
    ) -> None:
        """Evaluate code as if it had been typed."""
        if not self.contact.is_there():
            return
        ticket = self._running.begin()
        self.contact.evaluate(
            code,
            lambda evaluation, event: self._happened(evaluation, event, ticket, timed=timed),
            file=file,
            as_file=as_file,
            more=more,
            columns=self.columns,
        )
        self._redraw()

    def enter_namespace(self, name: str) -> None:
        """Evaluate in another namespace from now on."""
        if self.contact.is_there():
            self.conversation.enter_namespace(name)

    def use_session(self, ident: str) -> None:
        """Evaluate in another session from now on."""
        if self.contact.is_there():
            self.conversation.use_session(ident)

    def reconnect(self) -> None:
        """Connect again now, or at once if it is waiting to."""
        self.contact.reconnect()

    def stop_reconnecting(self) -> None:
        """Connect again no more by itself."""
        self.contact.stop_reconnecting()

    def apply(self, settings: Settings) -> None:
        """Work with these settings from now on."""
        self.settings = settings
        self._style = style_for(settings.prompt.theme, settings.colors)
        apply_mode(self.application, settings)
        self._history.scope = settings.history.scope
        if self.link is not None:
            self.link.session.print_quota = settings.printing.quota
        self._redraw()

    # What is entered.

    def _submit(self, text: str) -> None:
        typed = typed_command(text, self.language)
        if typed is None and not self.contact.is_there():
            return
        if text and not text.startswith(" "):
            self.buffer.history.append_string(text)
        self._accept(text)
        if typed is None:
            self.evaluate(text)
        elif typed.command is None:
            self.problem(typed.problem)
        else:
            with self.conversation.guarded():
                typed.command.run(self, typed.argument)

    def _accept(self, text: str) -> None:
        """Write what was typed above, and empty the line; what was known of it goes with it."""
        self.assistance.documentation.close()
        self.display.entry(self._prompt(), text)
        self.buffer.reset()
        start_line(self.application)
        self.printer.flush()

    def _answer(self, text: str, *, shown: str) -> None:
        """Give the program its input."""
        evaluation = self._request.evaluation
        self.display.answer(shown, secret=self._request.secret)
        self._request.end()
        self.conversation.give_input(text, evaluation)

    # What comes.

    def _begin(self) -> None:
        self.contact.attach(self._first_link)
        self._program_output.start()
        asyncio.get_running_loop().call_later(
            _LEXER_PAUSE, lambda: self._lexer.load(self.language.lexer)
        )

    def attached(self, link: Link) -> None:
        """There is a link: the first, or one after a loss."""
        language = language_of(link.session.description)
        if language is not self.language:
            self.language = language
            self._lexer.load(self.language.lexer)
        self.state.attached(self, link)
        self.assistance.connected(link.session.user)

    def detached(self) -> None:
        """There is none any more: nothing waits for input."""
        self._request.end()
        self.printer.finish_line()

    def _happened(
        self, evaluation: events.Evaluation | None, event: events.Event, ticket: int, *, timed: bool
    ) -> None:
        seconds = 0.0
        if isinstance(event, events.NeedInput) and evaluation is not None:
            start_line(self.application)
            self._request.begin(evaluation, secret=event.secret)
        elif isinstance(event, events.Done):
            seconds = self._running.end(ticket)
            if 0 < self.settings.prompt.bell_after <= seconds:
                self.application.output.bell()
            self._request.end(evaluation)
            self.assistance.evaluated()
        self.display.event(event, seconds=seconds, timed=timed)
        if isinstance(event, events.NeedInput | events.Done):
            self._redraw()

    def _hold_back(self) -> None:
        self.conversation.pause()
        self._program_output.stop()

    def _go_on(self) -> None:
        self.conversation.resume()
        self._program_output.start()

    # How it looks.

    def _other_programs(self) -> OtherPrograms:
        from repl_connect.prompt.showing.pager import OtherPrograms

        return OtherPrograms(self.application, self._style, self)

    def _redraw(self) -> None:
        self.printer.redraw()

    def _prompt(self) -> StyleAndTextTuples:
        if self._request.active:
            return [("class:input-request", "input> ")]
        if self.contact.state:
            return [("class:problem", f"{self.contact.state}> ")]
        words = self.language.display_namespace(self.conversation.namespace)
        return [("class:prompt", visible(words))]
