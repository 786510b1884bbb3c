"""`repl-connect eval`: evaluate something once, for scripts.

What scripts rely on, and what does not change: values and the program's output go to standard
output, everything else to standard error, the same bytes to a terminal and to a pipe; the exit
status is one of `ExitCode`. With `--json` each message is one object on a line of standard output:
`{"type": "out"|"err", "text"}`, `{"type": "value", "text", "ns", "label"}`,
`{"type": "error", "error", "message", "frames"}`, `{"type": "need-input"}`, and last
`{"type": "done", "status", "problem"}`; absent parts are left out.
"""

from __future__ import annotations

import sys
import time
from typing import IO, Any

from repl_connect.connect import CONNECT_TIMEOUT, connect
from repl_connect.errors import ConnectionLost
from repl_connect.exit_codes import ExitCode
from repl_connect.link import Link
from repl_connect.plain_output import PlainOutput
from repl_connect.session import Done, Evaluation, Event, Failed, NeedInput, Output, Value
from repl_connect.targets import Target

__all__ = ["evaluate_once"]

_GRACE = 3.0  # seconds that an interrupted evaluation gets to end
_NOT_KNOWN = " The evaluation was under way: how it ended is not known."


def evaluate_once(
    target: Target,
    code: str,
    *,
    file: str | None = None,
    place: tuple[str, int | None, int | None] | None = None,
    namespace: str | None = None,
    timeout: float | None = None,
    wait: float | None = None,
    dialect: str | None = None,
    json: bool = False,
    answer_input: bool = True,
) -> ExitCode:
    """Evaluate `code` (the contents of `file`, if that is given) and print what comes of it.

    The target's forms are evaluated before; what they print goes to standard error.
    `place` is where `code` stands otherwise: a file, and the line and column in it, from 1.
    `timeout` is in seconds, from connecting to the end; `wait`, for how many to try again before
    while nobody listens there. `answer_input`: what the code reads comes from standard input;
    otherwise it meets the end of input. `dialect`: instead of the target's. Raises `ConnectError`.
    """

    def connected() -> Link:
        return connect(
            target.address,
            dialect=dialect or target.dialect,
            tool=False,
            timeout=timeout or CONNECT_TIMEOUT,
        )

    if wait is not None:
        from repl_connect.waiting import connect_when_up

        link = connect_when_up(connected, wait, str(target.address))
        started = time.monotonic()
    else:
        started = time.monotonic()
        link = connected()
    show = _Json(sys.stdout.buffer) if json else PlainOutput(sys.stdout.buffer, sys.stderr.buffer)

    def on_event(event: Event) -> None:
        if isinstance(event, Done) and event.lost and link.lost is not None:
            event = event._replace(problem=f"{event.problem}{_NOT_KNOWN}")
        show.event(event)
        if isinstance(event, NeedInput):
            line = _line_of_input(secret=event.secret) if answer_input else b""
            link.session.give_input(line.decode("utf-8", "surrogateescape"))

    link.on_output = show.event
    if target.forms:
        from repl_connect.partners.forms import evaluate_forms

        evaluate_forms(
            link.session,
            target,
            show.note,
            lambda output: show.event(output._replace(stream="err")),
        )
    where, line, column = place or (file, None, None)
    evaluation = link.session.evaluate(
        code,
        on_event,
        namespace=namespace,
        file=where,
        line=line,
        column=column,
        as_file=file is not None,
    )
    try:
        left = None if timeout is None else max(0.0, started + timeout - time.monotonic())
        if not link.run_until(lambda: evaluation.done is not None, left):
            show.note(f"The time is up ({timeout:g} seconds): interrupting it.")
            _interrupt(link, evaluation, show)
            return ExitCode.STOPPED
        if link.session.description is not None and link.session.description.is_lines:
            left = None if timeout is None else max(0.0, started + timeout - time.monotonic())
            if not _heard_out(link, left):
                show.note(f"The time is up ({timeout:g} seconds): the other side has not ended.")
                return ExitCode.STOPPED
    except KeyboardInterrupt:
        import signal

        signal.signal(signal.SIGINT, signal.SIG_IGN)
        _interrupt(link, evaluation, show)
        return ExitCode.INTERRUPTED
    except ConnectionLost:
        return ExitCode.NO_CONNECTION  # said by the `Done`
    except OSError:  # our output goes nowhere: its reader has had enough, or the disk is full
        evaluation.on_event = lambda _: None
        raise
    finally:
        link.close()
    return _exit_code(evaluation)


def _line_of_input(*, secret: bool) -> bytes:
    if not (secret and sys.stdin.isatty()):
        return sys.stdin.buffer.readline()
    from repl_connect.terminal_mode import no_echo

    with no_echo(sys.stdin.fileno()):
        return sys.stdin.buffer.readline()


def _heard_out(link: Link, seconds: float | None) -> bool:
    """End what is sent to what is no REPL, and show what comes; whether it has ended in time."""
    link.session.give_input("")
    try:
        return link.run_until(lambda: False, seconds)
    except ConnectionLost:
        return True


def _interrupt(link: Link, evaluation: Evaluation, show: PlainOutput | _Json) -> None:
    answers: list[str | None] = []
    link.session.interrupt(evaluation, answers.append)
    for form in link.session.running:
        if form is not evaluation:  # a partner's, which it waits for
            link.session.interrupt(form)
    try:
        if not link.run_until(lambda: evaluation.done is not None, _GRACE):
            show.note((answers and answers[0]) or "It has not ended; it may still run there.")
    except ConnectionLost:
        return


def _exit_code(evaluation: Evaluation) -> ExitCode:
    done = evaluation.done
    if done is None or done.lost:
        return ExitCode.NO_CONNECTION
    if done.interrupted:
        return ExitCode.STOPPED
    if evaluation.failed is not None or done.problem is not None:
        return ExitCode.RAISED
    return ExitCode.OK


class _Json:
    """Every message an object on a line of standard output."""

    def __init__(self, out: IO[bytes]) -> None:
        from json import dumps

        self._out = out
        self._dumps = dumps

    def event(self, event: Event) -> None:
        """Print it as an object."""
        shape: dict[str, Any]
        if isinstance(event, Output):
            shape = {"type": event.stream, "text": event.text}
        elif isinstance(event, Value):
            shape = {
                "type": "value",
                "text": event.text,
                "ns": event.namespace,
                "label": event.label,
                "truncated": event.truncated or None,
            }
        elif isinstance(event, Failed):
            shape = {
                "type": "error",
                "error": event.type,
                "message": event.message,
                "frames": [
                    _present({"name": frame.name, "file": frame.file, "line": frame.line})
                    for frame in event.frames
                ],
            }
        elif isinstance(event, NeedInput):
            shape = {"type": "need-input"}
        else:
            shape = {
                "type": "done",
                "status": sorted(event.statuses - {"done"}),
                "problem": event.problem,
            }
        self._write(shape)

    def note(self, text: str) -> None:
        """Give a sentence of ours as an object."""
        self._write({"type": "note", "text": text})

    def _write(self, shape: dict[str, Any]) -> None:
        # ASCII, so that lone surrogates (bytes that were no UTF-8) can't break a line.
        self._out.write(self._dumps(_present(shape)).encode("ascii") + b"\n")
        self._out.flush()


def _present(shape: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in shape.items() if value is not None}
