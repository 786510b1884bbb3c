"""The plain client: for pipes, and for terminals that can do nothing (`TERM=dumb`).

Forms are read from standard input by the same rule of completeness as at the prompt, and sent one
after another; values and output go to standard output, errors to standard error. No escape
sequence is written. The exit status says whether any form failed.
"""

from __future__ import annotations

import codecs
import os
import select
import sys
from collections.abc import Callable, Mapping
from typing import Final, TextIO

from repl_connect.errors import ConnectionLost
from repl_connect.exit_codes import ExitCode
from repl_connect.languages import TEXT, language_named
from repl_connect.link import Link
from repl_connect.prompt.commands import help_lines, typed_command
from repl_connect.prompt.conversation import open_link
from repl_connect.prompt.escapes import Sanitiser
from repl_connect.prompt.lookup import described
from repl_connect.prompt.values import ValueView
from repl_connect.session import Done, Evaluation, Event, Failed, NeedInput, Output, Value

__all__ = ["run_plain"]

_CHUNK: Final = 65536


def run_plain(
    connect: Callable[[], Link], *, program_output: Mapping[str, int] | None = None
) -> ExitCode:
    """Evaluate what standard input holds. Raises `ReplConnectError` if there is no connection."""
    return _Plain(open_link(connect), program_output or {}).run()


class _Plain:
    """The loop over the lines, and the actions of the commands (`commands.Actions`)."""

    def __init__(self, link: Link, program_output: Mapping[str, int]) -> None:
        self._link = link
        self._session = link.session
        description = link.session.description
        self._language = language_named(description.language) if description else TEXT
        self._asks = sys.stdin.isatty()
        self._values = ValueView()
        self._text = ""
        self._ended = False
        self._leaving = False
        self._failed = False
        self._interrupted = False
        self._wants_input = False
        self._asked = ""  # the prompt that stands there, while a line is read
        self._column = {"out": 0, "err": 0}
        self._sanitisers = {name: Sanitiser(colours=False) for name in ("out", "err")}
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._program = {
            descriptor: (stream, codecs.getincrementaldecoder("utf-8")("replace").decode)
            for stream, descriptor in program_output.items()
        }
        link.on_output = self._show_output

    def run(self) -> ExitCode:
        """Read, send, show, until the input ends."""
        if self._asks:
            self._write(f"{self._link.greeting or 'connected'} at {self._link.name}.\n")
        try:
            while not self._leaving and (form := self._next_form()) is not None:
                self._enter(form)
        except ConnectionLost as error:
            self._fresh_line()
            sys.stderr.write(f"{error}\n")
            return ExitCode.NO_CONNECTION
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return ExitCode.RAISED
        finally:
            self._link.close()
        if self._interrupted:
            return ExitCode.INTERRUPTED
        return ExitCode.RAISED if self._failed else ExitCode.OK

    # Lines of input.

    def _next_form(self) -> str | None:
        """The next complete text; None at the end of input."""
        form = ""
        while True:
            prompt = self._language.display_namespace(self._session.namespace)
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
            if not text.strip():
                form = ""
            elif typed_command(text, self._language) or self._language.is_complete(text):
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

    def _wait(self, ended: Callable[[], bool], *, read: bool) -> None:
        """Serve the link, and standard input if it is wanted, until something has ended."""
        while not ended():
            link = self._link.fileno()
            poller = select.poll()
            poller.register(link, select.POLLIN | (select.POLLOUT if self._link.wants_write else 0))
            for descriptor in self._program:
                poller.register(descriptor, select.POLLIN)
            if read and not self._ended:
                poller.register(sys.stdin.fileno(), select.POLLIN)
            for descriptor, happened in poller.poll():
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
        typed = typed_command(form, self._language)
        if typed is not None:
            if typed.command is None:
                self._problem(typed.problem)
            else:
                typed.command.run(self, typed.argument)
            return
        evaluation = self._session.evaluate(form, self._happened, namespace=self._namespace)
        while evaluation.done is None:
            try:
                self._serve(evaluation)
            except KeyboardInterrupt:
                if self._asks:  # the terminal has shown ^C
                    self._write("\n")
                self._wants_input = False
                self._interrupted = not self._asks
                self._session.interrupt(evaluation, self._interrupt_answered)
        if self._interrupted:
            self._leaving = True

    def _serve(self, evaluation: Evaluation) -> None:
        while evaluation.done is None:
            self._wait(lambda: evaluation.done is not None or self._wants_input, read=False)
            if self._wants_input and evaluation.done is None:
                self._ask("input> ")
                line = self._next_line()
                self._wants_input = False
                if evaluation.done is None:
                    self._session.give_input(line or "")

    _namespace: str | None = None

    def _happened(self, event: Event) -> None:
        match event:
            case Output():
                self._show_output(event)
            case Value():
                self._values.show(event, rows=1, columns=1)
                self._fresh_line()
                label = f"{event.label} = " if event.label else ""
                self._write(label + self._shown(event.text) + "\n")
                if event.truncated:
                    self._problem("The other side sent only the beginning of this value.")
            case NeedInput():
                self._wants_input = True
            case Failed():
                self._failed = True
            case Done():
                self._fresh_line()
                if event.problem is not None and not event.lost:
                    self._failed = True
                    self._problem(event.problem)
                elif event.interrupted:
                    self._problem("interrupted")

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
        stream.write(text)
        stream.flush()
        self._column[name] = 0 if text.endswith("\n") else 1

    def _write(self, text: str) -> None:
        self._put("out", sys.stdout, text)

    def _fresh_line(self) -> None:
        if self._column["out"]:
            self._write("\n")

    def _problem(self, text: str) -> None:
        self._fresh_line()
        self._put("err", sys.stderr, text + "\n")

    def _ask(self, prompt: str) -> None:
        if self._asks and "\n" not in self._text:
            self._fresh_line()
            sys.stdout.write(prompt)
            sys.stdout.flush()
            self._asked = prompt

    def _interrupt_answered(self, problem: str | None) -> None:
        if problem is not None:
            self._problem(problem)

    # What the commands do.

    def show_help(self) -> None:
        """Show the commands and the keys."""
        self._write("".join(text for _, text in help_lines(self._language)))

    def leave(self) -> None:
        """End."""
        self._leaving = True

    def show_more(self) -> None:
        """Values are shown whole here."""
        self._write("Values are shown whole here.\n")

    def save_value(self, path: str) -> None:
        """Write the last value to a file."""
        try:
            self._write(self._values.save(path) + "\n")
        except (LookupError, OSError) as error:
            self._problem(str(error.args[-1]))

    def interrupt(self) -> None:
        """Nothing runs while a command is read."""
        self._write("Nothing runs.\n")

    def look_up(self, name: str) -> None:
        """Show what is known about a name."""
        answers: list[list[tuple[str, str]]] = []
        self._session.lookup(name, lambda info: answers.append(described(name, info)))
        self._wait(lambda: bool(answers), read=False)
        self._write("".join(text for _, text in answers[0]))

    def enter_namespace(self, name: str) -> None:
        """Evaluate in another namespace from now on."""
        self._namespace = self._session.namespace = name

    def reconnect(self) -> None:
        """The connection is there, or this would have ended."""
        self._write("The connection is there.\n")
