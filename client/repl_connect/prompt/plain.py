"""The plain client: for pipes, and for terminals that can do nothing (`TERM=dumb`).

Forms are read from standard input by the same rule of completeness as at the prompt, and sent one
after another; values and output go to standard output, errors to standard error. No escape
sequence is written. The exit status says whether any form failed.
"""

from __future__ import annotations

import codecs
import contextlib
import io
import os
import select
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final, TextIO

from repl_connect.conversation.connecting import Connect, open_link
from repl_connect.errors import ConnectionLost
from repl_connect.escapes import Sanitiser, visible
from repl_connect.exit_codes import ExitCode
from repl_connect.languages import language_of
from repl_connect.link import Link
from repl_connect.prompt.commands import typed_command
from repl_connect.prompt.commands.state import CommandState
from repl_connect.prompt.showing.values import ValueView
from repl_connect.session import Done, Evaluation, Event, Failed, NeedInput, Output, Value
from repl_connect.settings import Loaded
from repl_connect.settings.settings import Settings
from repl_connect.targets import Target
from repl_connect.terminal_mode import no_echo

if TYPE_CHECKING:
    from repl_connect.prompt.commands.command import Command, Typed

__all__ = ["run_plain"]

_CHUNK: Final = 65536
_ANSWER: Final = 10.0  # seconds that what a command asks may take


def run_plain(
    connect: Connect,
    loaded: Loaded,
    *,
    program_output: Mapping[str, int] | None = None,
    target: Target | None = None,
) -> ExitCode:
    """Evaluate what standard input holds. Raises `ReplConnectError` if there is no connection.

    `loaded` are the user's settings; the forms of `target` are evaluated first.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # bytes that are no text come out as they came
            stream.reconfigure(errors="surrogateescape")
    for problem in loaded.problems:
        sys.stderr.write(f"{problem}\n")
    return _Plain(open_link(connect), loaded.settings, program_output or {}).run(target)


class _Plain:
    """The loop over the lines; what the commands have to do with (`FrontEnd`)."""

    is_plain = True

    def __init__(self, link: Link, settings: Settings, program_output: Mapping[str, int]) -> None:
        self.settings = settings
        self.values = ValueView()
        self.state = CommandState()
        self._link = link
        self._session = link.session
        self._session.print_quota = settings.printing.quota
        self._namespace: str | None = None
        self._namespace_before: tuple[str | None, str | None] = (None, None)
        self.language = language_of(link.session.description)
        self._asks = sys.stdin.isatty()
        self._text = ""
        self._ended = False
        self._leaving = False
        self._failed = False
        self._interrupted = False
        self._wants_input = False
        self._secret = False
        self._asked = ""  # the prompt that stands there, while a line is read
        self._column = {"out": 0, "err": 0}
        description = link.session.description
        self._lines = description is not None and description.is_lines
        self._sanitisers = {
            name: Sanitiser(colours=False, shows_controls=self._lines) for name in ("out", "err")
        }
        errors = "surrogateescape" if self._lines else "replace"
        self._decode = codecs.getincrementaldecoder("utf-8")(errors).decode
        self._program = {
            descriptor: (stream, codecs.getincrementaldecoder("utf-8")("replace").decode)
            for stream, descriptor in program_output.items()
        }
        link.on_output = self._show_output
        self.state.attached(self, link)

    def run(self, target: Target | None) -> ExitCode:
        """Evaluate the target's forms; then read, send, show, until the input ends."""
        if self._asks:
            who = visible(self._link.greeting or "connected")
            self._write(f"{who} at {self._link.name}.\n")
        try:
            if target is not None and target.forms:
                self._evaluate_forms(target)
            while not self._leaving and (text := self._next_form()) is not None:
                self._enter(text)
            if self._lines and not self._leaving:
                self._hear_out()
        except ConnectionLost as error:
            self._fresh_line()
            self.problem(visible(str(error)))
            return ExitCode.NO_CONNECTION
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return ExitCode.RAISED
        finally:
            self._link.close()
        if self._interrupted:
            return ExitCode.INTERRUPTED
        return ExitCode.RAISED if self._failed else ExitCode.OK

    def _evaluate_forms(self, target: Target) -> None:
        """Evaluate them to their end. What they print goes to standard error, for it is no data."""
        from repl_connect.partners.forms import evaluate_forms

        sent = evaluate_forms(
            self._session,
            target,
            lambda text: self.problem(visible(text)),
            lambda output: self._show_output(output._replace(stream="err")),
        )
        try:
            self._wait(lambda: all(each.done is not None for each in sent), read=False)
        except KeyboardInterrupt:
            self._interrupted = self._leaving = not self._asks
            for each in self._session.running:
                self._session.interrupt(each, self._interrupt_answered)

    def _hear_out(self) -> None:
        """End what is sent to what is no REPL, and show what still comes, until it ends too."""
        self._session.give_input("")
        try:
            self._wait(lambda: False, read=False)
        except ConnectionLost:
            self._fresh_line()
        except KeyboardInterrupt:
            self._interrupted = True

    # Lines of input.

    def _next_form(self) -> str | None:
        """The next complete text; None at the end of input."""
        form = ""
        while True:
            prompt = visible(self.language.display_namespace(self._session.namespace))
            self._ask("... ".rjust(len(prompt)) if form else prompt)
            try:
                line = self._next_line()
            except KeyboardInterrupt:
                if not self._asks:
                    self._interrupted = True
                    return None
                self._write("\n")
                form = ""
                continue
            if line is None:
                return form if form.strip() else None
            form += line
            text = form.rstrip("\n") if form.count("\n") == 1 else form.removesuffix("\n")
            if not text.strip() and not self._lines:
                form = ""
            elif typed := self._typed(text):
                if typed.is_complete(self.language):
                    return text
            elif self.language.is_complete(text):
                return text

    def _next_line(self) -> str | None:
        """A line of standard input with its newline; the program's output is shown meanwhile."""
        while "\n" not in self._text and not self._ended:
            self._wait(lambda: "\n" in self._text or self._ended, read=True)
        self._asked = ""
        if not self._text:
            return None
        line, newline, self._text = self._text.partition("\n")
        return line + newline

    def _wait(
        self, ended: Callable[[], bool], *, read: bool, deadline: float | None = None
    ) -> None:
        """Serve the link, and standard input if it is wanted, until something has ended.

        Not longer than to `deadline`, in the seconds of `time.monotonic`.
        """
        while not ended():
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                return
            link = self._link.fileno()
            poller = select.poll()
            poller.register(link, select.POLLIN | (select.POLLOUT if self._link.wants_write else 0))
            for descriptor in self._program:
                poller.register(descriptor, select.POLLIN)
            if read and not self._ended:
                poller.register(sys.stdin.fileno(), select.POLLIN)
            for descriptor, happened in poller.poll(None if left is None else left * 1000 + 1):
                if descriptor == link:
                    if happened & select.POLLOUT:
                        self._link.write_ready()
                    if happened & ~select.POLLOUT:
                        self._link.read_ready()
                elif descriptor in self._program:
                    self._read_program(descriptor)
                else:
                    data = os.read(descriptor, _CHUNK)
                    self._ended = not data
                    self._text += self._decode(data, not data)

    def _read_program(self, descriptor: int) -> None:
        stream, decode = self._program[descriptor]
        data = os.read(descriptor, _CHUNK)
        if not data:
            del self._program[descriptor]
        self._show_output(Output(stream=stream, text=decode(data, not data), late=True))

    # One form.

    def _enter(self, form: str) -> None:
        typed = self._typed(form)
        if typed is not None:
            if typed.command is None:
                self.problem(typed.problem)
            else:
                self._command(typed.command, typed.argument)
            return
        self.evaluate(form)

    def _typed(self, text: str) -> Typed | None:
        """The command that this is; lines from a pipe to what is no REPL are data."""
        if self._lines and not self._asks:
            return None
        return typed_command(text, self.language)

    def _command(self, command: Command, argument: str) -> None:
        """Run it, and wait for what it asks the other side."""
        before = self._session.unanswered
        command.run(self, argument)
        deadline = time.monotonic() + _ANSWER
        self._wait(lambda: self._session.unanswered <= before, read=False, deadline=deadline)
        if self._session.unanswered > before:
            self.problem(f"There was no answer in {_ANSWER:g} seconds.")

    def evaluate(
        self,
        code: str,
        *,
        file: str | None = None,
        as_file: bool = False,
        timed: bool = False,
        more: Mapping[str, object] | None = None,
    ) -> None:
        """Evaluate code, to its end. `timed`: say how long it took."""
        begun = time.monotonic()
        evaluation = self._session.evaluate(
            code,
            self._happened,
            namespace=self._namespace,
            file=file,
            as_file=as_file,
            more=more,
        )
        while evaluation.done is None:
            try:
                self._serve(evaluation)
            except KeyboardInterrupt:
                if self._asks:  # the terminal has shown ^C
                    self._write("\n")
                self._wants_input = False
                self._interrupted = not self._asks
                self._session.interrupt(evaluation, self._interrupt_answered)
        if timed:
            self.note(f"{time.monotonic() - begun:.3f} s")
        if self._interrupted:
            self._leaving = True

    def _serve(self, evaluation: Evaluation) -> None:
        while evaluation.done is None:
            self._wait(lambda: evaluation.done is not None or self._wants_input, read=False)
            if self._wants_input and evaluation.done is None:
                self._ask("input> ")
                with no_echo(sys.stdin.fileno()) if self._secret else contextlib.nullcontext():
                    line = self._next_line()
                self._wants_input = False
                if evaluation.done is None:
                    self._session.give_input(line or "")

    def _happened(self, event: Event) -> None:
        match event:
            case Output():
                self._show_output(event)
            case Value():
                self.values.show(event, rows=1, columns=1)
                self._fresh_line()
                label = f"{event.label} = " if event.label else ""
                self._write(self._shown(label + event.text) + "\n")
                if event.truncated:
                    self.problem("The other side sent only the beginning of this value.")
            case NeedInput():
                self._wants_input, self._secret = True, event.secret
            case Failed():
                self._failed = True
            case Done():
                self._fresh_line()
                if "namespace-not-found" in event.statuses:
                    self._namespace, self._session.namespace = self._namespace_before
                if event.problem is not None and not event.lost:
                    self._failed = True
                    self.problem(visible(event.problem))
                elif event.interrupted:
                    self.problem("interrupted")

    # Output. On a pipe it is data and stays as it is; on a terminal it loses its escapes.

    def _show_output(self, output: Output) -> None:
        stream = sys.stderr if output.stream == "err" else sys.stdout
        text = output.text
        if stream.isatty():
            text = self._sanitisers[output.stream].clean(text)
        if not text:
            return
        asked, self._asked = self._asked, ""
        if asked:
            self._write("\n")
        self._put(output.stream, stream, text)
        if asked:
            self._ask(asked)

    def _shown(self, text: str) -> str:
        return Sanitiser(colours=False).clean(text) if sys.stdout.isatty() else text

    def _put(self, name: str, stream: TextIO, text: str) -> None:
        _write_to(stream, text)
        self._column[name] = 0 if text.endswith("\n") else 1

    def _write(self, text: str) -> None:
        self._put("out", sys.stdout, text)

    def _fresh_line(self) -> None:
        if self._column["out"]:
            self._write("\n")

    def _ask(self, prompt: str) -> None:
        if self._asks and "\n" not in self._text:
            self._fresh_line()
            _write_to(sys.stdout, prompt)
            self._asked = prompt

    def _interrupt_answered(self, problem: str | None) -> None:
        if problem is not None:
            self.problem(visible(problem))

    # What the commands do.

    @property
    def link(self) -> Link | None:
        """The connection."""
        return self._link

    @property
    def address(self) -> str:
        """What is connected to, as the user knows it."""
        return self._link.name

    @property
    def last_entry(self) -> str:
        """Nothing: there is no editor to put it into."""
        return ""

    @property
    def columns(self) -> int:
        """How wide the terminal is, in cells."""
        return shutil.get_terminal_size().columns

    def say(self, fragments: Iterable[tuple[str, str]]) -> None:
        """Show text of ours, on lines of its own."""
        text = "".join(text for _, text in fragments)
        self._fresh_line()
        self._write(text if text.endswith("\n") else text + "\n")

    def note(self, text: str) -> None:
        """Show a line in our own words."""
        self.say([("", text)])

    def problem(self, text: str) -> None:
        """Show a line about something that went wrong, on standard error."""
        self._fresh_line()
        self._put("err", sys.stderr, text + "\n")

    def enter_namespace(self, name: str) -> None:
        """Evaluate in another namespace from now on."""
        self._namespace_before = self._namespace, self._session.namespace
        self._namespace = self._session.namespace = name

    def use_session(self, ident: str) -> None:
        """Evaluate in another session from now on."""
        self._namespace = None
        self._session.use(ident)

    def interrupt(self) -> None:
        """Nothing runs while a command is read."""
        self.note("Nothing runs.")

    def reconnect(self) -> None:
        """The connection is there, or this would have ended."""
        self.note("The connection is there.")

    def stop_reconnecting(self) -> None:
        """It never connects again by itself."""
        self.note("It is not connecting.")

    def apply(self, settings: Settings) -> None:
        """Work with these settings from now on."""
        self.settings = settings
        self._session.print_quota = settings.printing.quota

    def page(self, text: str, *, lexer: str | None = None) -> None:
        """Show text; there is no pager here."""
        del lexer
        self.say([("", text)])

    def pipe(self, text: str, command: str) -> None:
        """Give text to a shell command."""
        from repl_connect.prompt.showing.pager import pipe
        from repl_connect.prompt.showing.values import as_lines

        if problem := pipe(as_lines(text), command):
            self.problem(problem)

    def edit(self, text: str | None = None) -> None:
        """There is no editor here."""
        del text
        self.problem("There is no editor in the plain client: ,load FILE evaluates a file.")

    def show_documentation(self, name: str, *, source: bool = False) -> None:
        """Show what is known about a name, or the source of what has it."""
        from repl_connect.prompt.names.lookup import described, source_of

        def told(info: dict[str, Any]) -> None:
            text = source_of(info, self.language).text if source else ""
            self.say([("", text)] if text else described(name, info))

        self._session.lookup(name, told, source=source)

    def show_value(self) -> None:
        """Values are shown whole here."""
        self.note("Values are shown whole here.")

    def show_traceback(self) -> None:
        """Errors are shown whole here."""
        self.note("Errors are shown whole here.")

    def leave(self) -> None:
        """End."""
        self._leaving = True


def _write_to(stream: TextIO, text: str) -> None:
    try:
        stream.write(text)
    except UnicodeEncodeError:  # what the encoding has not is shown as an escape
        stream.write(text.encode(stream.encoding, "backslashreplace").decode(stream.encoding))
    stream.flush()
