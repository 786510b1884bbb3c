"""The prompt: one prompt_toolkit application from the first line to the last.

What is entered is written above like any other output, and the line is empty again at once; the
evaluation's events come later, in their order, and are written above too. So the line being typed
is never in the way of anything, and nothing that happens elsewhere is in its way.
"""

from __future__ import annotations

import asyncio
import codecs
import contextlib
import os
from collections.abc import Callable, Mapping

from prompt_toolkit.application import Application
from prompt_toolkit.auto_suggest import AutoSuggestFromHistory, ConditionalAutoSuggest
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.filters import Condition
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.input import Input
from prompt_toolkit.lexers import DynamicLexer, Lexer, PygmentsLexer, SimpleLexer
from prompt_toolkit.output import ColorDepth, Output

from repl_connect import session as events
from repl_connect.errors import ConnectionLost, ReplConnectError
from repl_connect.exit_codes import ExitCode
from repl_connect.languages import TEXT, Language, language_named
from repl_connect.link import Link
from repl_connect.prompt.commands import command_names, help_lines, typed_command
from repl_connect.prompt.completion import SessionCompleter
from repl_connect.prompt.conversation import Connecting, Conversation
from repl_connect.prompt.escapes import visible
from repl_connect.prompt.history import EntryHistory, history_path
from repl_connect.prompt.input_request import InputRequest
from repl_connect.prompt.keys import prompt_keys
from repl_connect.prompt.layout import line_prefix, prompt_layout
from repl_connect.prompt.lookup import described
from repl_connect.prompt.output import Printer
from repl_connect.prompt.style import STYLE, highlighted, load_lexer
from repl_connect.prompt.values import HIGHLIGHTED, Shown, ValueView

__all__ = ["Prompt"]

_STEP = "    "


class Prompt:
    """The interactive client on one terminal.

    `link` is open; `connect` makes another after it was lost. `program_output` are descriptors to
    read what a program of ours prints by itself, by stream (`out`, `err`).
    """

    def __init__(
        self,
        link: Link,
        connect: Callable[[], Link],
        *,
        input: Input,  # noqa: A002
        output: Output,
        program_output: Mapping[str, int] | None = None,
    ) -> None:
        self._connect = connect
        self._first_link = link
        self._program_output = dict(program_output or {})
        self.language = _language_of(link)
        self._lexer: PygmentsLexer | None = None
        self._plain_lexer = SimpleLexer()
        self._values = ValueView()
        self._reconnecting: asyncio.Task[None] | None = None
        self._readers: dict[str, Callable[[], None]] = {}
        self._lost = False
        colours = not os.environ.get("NO_COLOR")
        self.conversation = Conversation(self._late_output, self._connection_lost)
        self.buffer = Buffer(
            completer=SessionCompleter(
                self.conversation.complete, lambda: self.language, command_names()
            ),
            history=EntryHistory(history_path(self.language.name), self._history_problem),
            auto_suggest=ConditionalAutoSuggest(
                AutoSuggestFromHistory(), Condition(lambda: not self._request.active)
            ),
            enable_history_search=True,
            complete_while_typing=False,
            multiline=True,
        )
        self._request = InputRequest(self.buffer)
        self.application: Application[object] = Application(
            layout=prompt_layout(
                self.buffer,
                lexer=DynamicLexer(self._present_lexer),
                prompt=self._prompt,
                open_line=lambda: self.printer.open_line,
            ),
            key_bindings=prompt_keys(self.buffer, self),
            style=STYLE,
            include_default_pygments_style=False,
            color_depth=None if colours else ColorDepth.MONOCHROME,
            input=input,
            output=output,
        )
        self.application.ttimeoutlen = 0.05
        self.printer = Printer(
            self.application,
            STYLE,
            colours=colours,
            on_full=self._hold_back,
            on_drained=self._go_on,
        )

    async def run(self) -> ExitCode:
        """Let the user work until they leave."""
        self._greet(self._first_link)
        self.printer.flush()
        try:
            await self.application.run_async(pre_run=self._begin)
        except EOFError:  # the terminal is gone
            pass
        finally:
            if self._reconnecting is not None:
                self._reconnecting.cancel()
            for descriptor in self._program_output.values():
                asyncio.get_running_loop().remove_reader(descriptor)
            self.conversation.close()
            self.printer.flush_all()
        return ExitCode.NO_CONNECTION if self._lost else ExitCode.OK

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
            self._answer(buffer.text)
        elif not buffer.text.strip():
            self._accept("")
        elif force or self._submits():
            self._submit(buffer.text.rstrip())
        else:
            self.new_line()

    def new_line(self) -> None:
        """Start a new line, indented."""
        before = self.buffer.document.text_before_cursor
        self.buffer.insert_text("\n" + self.language.indent(before))

    def indent_line(self) -> None:
        """Put the right indentation before the cursor."""
        document = self.buffer.document
        present = document.current_line_before_cursor
        start = document.cursor_position - len(present)
        wanted = self.language.indent(document.text[: max(0, start - 1)]) if start else ""
        if wanted == present or len(wanted) < len(present):
            self.buffer.insert_text(_STEP)
        else:
            self.buffer.insert_text(wanted[len(present) :])

    def stop(self) -> None:
        """Ctrl-C: stop what runs, or clear what is typed, or say how to leave."""
        if self.conversation.running:
            self.interrupt()
        elif self.buffer.text:
            self.buffer.reset()
        else:
            self.printer.note("Nothing runs. Ctrl-D or ,quit leaves.")

    def end_of_input(self) -> None:
        """Ctrl-D on an empty line: the end of input for a program that waits for some; or leave."""
        if self._request.active:
            self._echo_line("class:input-request", "input> ", "^D")
            self._request.end()
            self.conversation.give_input("")
        else:
            self.leave()

    def look_up_at_cursor(self) -> None:
        """Show what is known about the name at the cursor."""
        document = self.buffer.document
        name = self.language.symbol_at(document.text, document.cursor_position)
        if name:
            self.look_up(name)
        else:
            self.printer.note("There is no name at the cursor.")

    # What the commands do.

    def show_help(self) -> None:
        """Show the commands and the keys."""
        self.printer.say(help_lines(self.language))

    def leave(self) -> None:
        """End."""
        if self.application.is_running and not self.application.is_done:
            self.application.exit()

    def show_more(self) -> None:
        """Show the next part of the last value."""
        size = self.application.output.get_size()
        shown = self._values.more(rows=size.rows, columns=size.columns)
        if shown is None:
            self.printer.note("There is no more of the last value.")
        else:
            self._show_value(shown)

    def save_value(self, path: str) -> None:
        """Write the last value to a file."""
        try:
            self.printer.note(self._values.save(path))
        except LookupError as error:
            self.printer.problem(str(error.args[0]))
        except OSError as error:
            self.printer.problem(f"{visible(path)}: {error.strerror}.")

    def interrupt(self) -> None:
        """Stop what runs."""
        running = self.conversation.running
        if not running:
            self.printer.note("Nothing runs.")
            return
        if running[0].interrupting:
            self.printer.note("It was asked to stop already; asking again. ,quit leaves it.")
        self.conversation.interrupt(self._interrupt_answered)

    def look_up(self, name: str) -> None:
        """Show what is known about a name."""
        if self.conversation.connected:
            self.conversation.look_up(name, lambda info: self.printer.say(described(name, info)))
        else:
            self._say_unconnected()

    def enter_namespace(self, name: str) -> None:
        """Evaluate in another namespace from now on."""
        if self.conversation.connected:
            self.conversation.enter_namespace(name)
            self.application.invalidate()
        else:
            self._say_unconnected()

    def reconnect(self) -> None:
        """Connect again after the connection was lost."""
        if self.conversation.connected:
            self.printer.note("The connection is there.")
        elif self._reconnecting is None:
            self.printer.note("Connecting again …")
            self._reconnecting = asyncio.ensure_future(self._reconnect())

    # What is entered.

    def _submits(self) -> bool:
        """Whether Enter sends: the text is complete, and the cursor is not above its last line."""
        document = self.buffer.document
        if not document.on_last_line and document.text_after_cursor.strip():
            return False
        text = document.text
        return typed_command(text, self.language) is not None or self.language.is_complete(text)

    def _submit(self, text: str) -> None:
        typed = typed_command(text, self.language)
        if typed is None and not self.conversation.connected:
            self._say_unconnected()
            return
        if not self.buffer.text.startswith(" "):
            self.buffer.history.append_string(text)
        self._accept(text)
        if typed is None:
            self.conversation.evaluate(text, self._happened)
        elif typed.command is None:
            self.printer.problem(typed.problem)
        else:
            typed.command.run(self, typed.argument)

    def _accept(self, text: str) -> None:
        """Write what was typed above, and empty the line."""
        prompt = self._prompt()
        lexer = self._lexer if len(text) <= HIGHLIGHTED else None
        fragments: StyleAndTextTuples = list(prompt)
        line = 0
        for style, part, *_ in highlighted(lexer, text):
            for number, piece in enumerate(part.split("\n")):
                if number:
                    line += 1
                    fragments += [("", "\n"), *line_prefix(prompt, line)]
                if piece:
                    fragments.append((style, visible(piece)))
        fragments.append(("", "\n"))
        self.printer.finish_line()
        self.printer.say([(style, part) for style, part, *_ in fragments])
        self.buffer.reset()
        self.printer.flush()

    def _answer(self, text: str) -> None:
        self._echo_line("class:input-request", "input> ", text)
        self._request.end()
        self.conversation.give_input(text + "\n")

    def _echo_line(self, style: str, label: str, text: str) -> None:
        self.printer.say([(style, label), ("", visible(text) + "\n")])

    # What comes.

    def _begin(self) -> None:
        loop = asyncio.get_running_loop()
        self._attach(self._first_link)
        for stream, descriptor in self._program_output.items():
            os.set_blocking(descriptor, False)
            loop.add_reader(descriptor, self._program_reader(stream, descriptor))
        loop.call_later(0.02, self._load_lexer)

    def _attach(self, link: Link) -> None:
        self._lost = False
        self.language = _language_of(link)
        self.conversation.attach(link)

    def _greet(self, link: Link) -> None:
        description = link.session.description
        who = link.greeting or (description.greeting if description is not None else "")
        words = " at ".join(visible(part) for part in (who, link.name) if part)
        self.printer.note(f"{words}. Ctrl-D leaves, ,help shows more.")

    def _happened(self, evaluation: events.Evaluation, event: events.Event) -> None:
        match event:
            case events.Output():
                self.printer.program(event.stream, event.text, late=event.late)
            case events.Value():
                size = self.application.output.get_size()
                shown = self._values.show(event, rows=size.rows, columns=size.columns)
                self._show_value(shown, event.label)
            case events.NeedInput():
                self._request.begin(evaluation)
                self.application.invalidate()
            case events.Done():
                self._ended(evaluation, event)
            case events.Failed():
                pass

    def _ended(self, evaluation: events.Evaluation, done: events.Done) -> None:
        self.printer.end_of_evaluation()
        self._request.end(evaluation)
        if done.problem is not None and not done.lost:
            self.printer.problem(" ".join(visible(done.problem).split()))
        elif done.interrupted:
            self.printer.note("interrupted")
        self.application.invalidate()

    def _show_value(self, shown: Shown, label: str | None = None) -> None:
        lexer = self._lexer if len(shown.text) <= HIGHLIGHTED else None
        fragments: list[tuple[str, str]] = []
        if label:
            fragments.append(("class:label", f"{visible(label)} = "))
        parts = highlighted(lexer, shown.text, "class:value")
        fragments += [(style, text) for style, text, *_ in parts]
        if shown.remark:
            fragments += [("", "\n"), ("class:note", shown.remark)]
        self.printer.say(fragments)

    def _late_output(self, output: events.Output) -> None:
        self.printer.program(output.stream, output.text, late=True)

    def _interrupt_answered(self, problem: str | None) -> None:
        if problem is not None:
            self.printer.problem(" ".join(visible(problem).split()))

    def _connection_lost(self, error: ConnectionLost, evaluations: int) -> None:
        self._lost = True
        self._request.end()
        words = str(error)
        if evaluations:
            what = "An evaluation was" if evaluations == 1 else f"{evaluations} evaluations were"
            words += f" {what} under way: how it ended is not known."
        self.printer.problem(f"{visible(words)} ,reconnect connects again.")
        self.application.invalidate()

    def _say_unconnected(self) -> None:
        if self._reconnecting is not None:
            self.printer.note("Not connected yet: wait a moment.")
        else:
            self.printer.problem("Not connected. ,reconnect connects again, ,quit leaves.")

    async def _reconnect(self) -> None:
        loop = asyncio.get_running_loop()
        ended = asyncio.Event()

        def tell() -> None:
            with contextlib.suppress(RuntimeError):  # the user has left meanwhile
                loop.call_soon_threadsafe(ended.set)

        connecting = Connecting(self._connect, tell)
        await ended.wait()
        try:
            link = connecting.wait()
        except ReplConnectError as error:
            self.printer.problem(visible(str(error)))
        else:
            assert link is not None
            self._attach(link)
            self._greet(link)
            self._load_lexer()
        finally:
            self._reconnecting = None

    def _program_reader(self, stream: str, descriptor: int) -> Callable[[], None]:
        decoder = codecs.getincrementaldecoder("utf-8")("replace")

        def read() -> None:
            try:
                data = os.read(descriptor, 65536)
            except BlockingIOError:
                return
            except OSError:
                data = b""
            if not data:
                asyncio.get_running_loop().remove_reader(descriptor)
                self._program_output.pop(stream, None)
            text = decoder.decode(data, final=not data)
            if text:
                self.printer.program(stream, text, late=True)

        self._readers[stream] = read
        return read

    def _hold_back(self) -> None:
        self.conversation.pause()
        for descriptor in self._program_output.values():
            asyncio.get_running_loop().remove_reader(descriptor)

    def _go_on(self) -> None:
        self.conversation.resume()
        for stream, descriptor in self._program_output.items():
            asyncio.get_running_loop().add_reader(descriptor, self._readers[stream])

    # How it looks.

    def _prompt(self) -> StyleAndTextTuples:
        if self._request.active:
            return [("class:input-request", "input> ")]
        if not self.conversation.connected and self._lost:
            return [("class:problem", "not connected> ")]
        words = self.language.display_namespace(self.conversation.namespace)
        return [("class:prompt", visible(words))]

    def _present_lexer(self) -> Lexer:
        if self._request.active or self._lexer is None:
            return self._plain_lexer
        return self._lexer

    def _load_lexer(self) -> None:
        """Get the language's lexer, beside the loop: its import would be felt."""
        alias = self.language.lexer
        if alias is None:
            self._lexer = None
            return
        loaded = asyncio.get_running_loop().run_in_executor(None, load_lexer, alias)

        def take(future: asyncio.Future[PygmentsLexer | None]) -> None:
            if not future.cancelled():
                self._lexer = future.result()
                self.application.invalidate()

        loaded.add_done_callback(take)

    def _history_problem(self, text: str) -> None:
        self.printer.note(text)


def _language_of(link: Link) -> Language:
    description = link.session.description
    return language_named(description.language) if description is not None else TEXT
