"""What `map` prints: outcomes as they come, a table at the end, and what the exit status is.

Values and what was printed go to standard output, a line each with the partner's name before it;
errors and all else to standard error. With `--json` each outcome is one object on a line of
standard output, as `outcome.as_json` makes it.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final, TextIO

from repl_connect.escapes import Sanitiser, visible
from repl_connect.exit_codes import ExitCode
from repl_connect.mapping.outcome import (
    INTERRUPTED,
    LOST,
    OK,
    RAISED,
    REFUSED,
    STATES,
    TIMEOUT,
    UNREACHABLE,
    Outcome,
    as_json,
)
from repl_connect.mapping.progress import Progress
from repl_connect.tables import table_lines

__all__ = ["Report"]

_EXIT_CODES: Final[Mapping[str, ExitCode]] = {
    OK: ExitCode.OK,
    RAISED: ExitCode.RAISED,
    REFUSED: ExitCode.RAISED,
    TIMEOUT: ExitCode.STOPPED,
    INTERRUPTED: ExitCode.STOPPED,
    LOST: ExitCode.NO_CONNECTION,
    UNREACHABLE: ExitCode.NO_CONNECTION,
}


class _Standing:
    """One partner's row of the table."""

    def __init__(self) -> None:
        self.state = ""
        self.counts: Counter[str] = Counter()
        self.seconds = 0.0


class Report:
    """`names` are the partners', to align by. `dealt`: the outcomes are those of items.

    `progress` is None for none. What is printed may raise `BrokenPipeError`.
    """

    def __init__(
        self, names: Iterable[str], *, dealt: bool, as_json: bool, progress: Progress | None
    ) -> None:
        self._standings = {name: _Standing() for name in names}
        self._width = max((len(visible(name)) for name in self._standings), default=0)
        self._dealt = dealt
        self._json = as_json
        self._progress = progress
        self._shares = sys.stdout.isatty()  # a terminal with the progress
        self._counts: Counter[str] = Counter()
        self._not_run: list[list[int]] = []

    def count(self, outcome: Outcome) -> None:
        """Note an outcome for the table and the exit status. To `show` it is apart."""
        self._counts[outcome.state] += 1
        if outcome.partner:
            standing = self._standings.setdefault(outcome.partner, _Standing())
            standing.counts[outcome.state] += 1
            standing.seconds += outcome.seconds
        if self._progress is not None:
            self._progress.count(failed=outcome.state != OK)
        if outcome.item is not None and outcome.state == UNREACHABLE and not self._json:
            self._note_not_run(outcome.item.number)

    def show(self, outcome: Outcome) -> None:
        """Print an outcome."""
        if self._progress is not None and (
            self._shares or outcome.state != OK or outcome.err or outcome.problem
        ):
            self._progress.hide()
        if self._json:
            # ASCII, so that lone surrogates (bytes that were no UTF-8) can't break a line.
            _write(sys.stdout, json.dumps(as_json(outcome)) + "\n")
            sys.stdout.flush()
        elif outcome.item is None or outcome.state != UNREACHABLE:
            self._print(outcome)
        self.tick()

    def tick(self) -> None:
        """Show how far it is."""
        if self._progress is not None:
            self._progress.draw()

    @property
    def told(self) -> bool:
        """Whether there was an outcome."""
        return bool(self._counts)

    def note(self, text: str) -> None:
        """Say something to the user."""
        if self._progress is not None:
            self._progress.hide()
        print(f"repl-connect: {visible(text)}", file=sys.stderr, flush=True)

    def partner(self, name: str, state: str) -> None:
        """Note for the table what became of a partner."""
        self._standings.setdefault(name, _Standing()).state = state

    def finish(self) -> ExitCode:
        """Print the table, if there is something to tell, and say how it went."""
        if self._progress is not None:
            self._progress.hide()
        failed = {state for state, count in self._counts.items() if count and state != OK}
        if self._dealt or failed:
            for row in self._table():
                print(row, file=sys.stderr)
            for line in self._summary():
                print(line, file=sys.stderr)
            sys.stderr.flush()
        codes = {_EXIT_CODES[state] for state in self._counts}
        if len(codes) > 1:
            return ExitCode.PARTIAL
        return codes.pop() if codes else ExitCode.OK

    def _print(self, outcome: Outcome) -> None:
        name = f"{visible(outcome.partner):<{self._width}}"
        mark = f"{name}  #{outcome.item.number}  " if outcome.item is not None else f"{name}  "
        for stream, text in ((sys.stdout, outcome.out), (sys.stderr, outcome.err)):
            _print_lines(stream, f"{name} | ", text)
        for value in outcome.values:
            _print_lines(sys.stdout, mark, value or " ")
        sys.stdout.flush()
        if outcome.state != OK:
            words = STATES[outcome.state] if outcome.item is not None else _WORDS[outcome.state]
            problem = outcome.problem.removeprefix(f"{outcome.partner}: ") or "no reason given"
            _print_lines(sys.stderr, mark, f"{words}: {problem}")
        elif outcome.problem:
            _print_lines(sys.stderr, mark, outcome.problem)
        sys.stderr.flush()

    def _note_not_run(self, number: int) -> None:
        """They come in their order mostly: what is kept of them is short."""
        if self._not_run and self._not_run[-1][1] == number - 1:
            self._not_run[-1][1] = number
        else:
            self._not_run.append([number, number])

    def _table(self) -> list[str]:
        shown = [state for state in STATES if self._counts[state] or state == OK]
        if self._dealt and UNREACHABLE in shown:
            shown.remove(UNREACHABLE)  # which nobody was given
        rows = [("PARTNER", "STATE", *(STATES[state].upper() for state in shown), "TIME")]
        for name, standing in self._standings.items():
            state = standing.state or next(
                (_WORDS[each] for each in STATES if standing.counts[each]), ""
            )
            counts = (str(standing.counts[each] or "-") for each in shown)
            rows.append((visible(name), state, *counts, _time(standing.seconds)))
        if not self._dealt:  # there is one outcome for each, which the state tells
            rows = [(row[0], row[1], row[-1]) for row in rows]
        return table_lines(rows, texts=2)

    def _summary(self) -> list[str]:
        total = sum(self._counts.values())
        counts = [
            f"{count:,} {STATES[state] if self._dealt else _WORDS[state]}"
            for state in STATES
            if (count := self._counts[state])
        ]
        what = ("item" if self._dealt else "program") + ("" if total == 1 else "s")
        lines = [f"{total:,} {what}: {', '.join(counts)}." if total else f"There were no {what}."]
        if self._not_run:
            runs: list[list[int]] = []
            for first, last in sorted(self._not_run):
                if runs and runs[-1][1] == first - 1:
                    runs[-1][1] = last
                else:
                    runs.append([first, last])
            numbers = ", ".join(
                str(first) if first == last else f"{first}-{last}" for first, last in runs[:10]
            )
            more = " and others; --json has them all" if len(runs) > 10 else ""
            lines.append(f"Not run: items {numbers}{more}.")
        return lines


_WORDS: Final[Mapping[str, str]] = {**STATES, UNREACHABLE: "unreachable"}
"""How a partner's own outcome is called; an item that nobody could take was `not run`."""


def _time(seconds: float) -> str:
    if not seconds:
        return "-"
    return f"{seconds:.1f} s" if seconds >= 1 else f"{seconds * 1000:.0f} ms"


def _print_lines(stream: TextIO, mark: str, text: str) -> None:
    """Text with a mark before each of its lines, with nothing in it that a terminal obeys."""
    if not text:
        return
    clean = Sanitiser(colours=False)
    lines = (clean.clean(text) + clean.end()).removesuffix("\n").split("\n")
    _write(stream, "".join(f"{mark}{line}\n" for line in lines))


def _write(stream: TextIO, text: str) -> None:
    """UTF-8 whatever the locale says; what is no character of it as an escape."""
    stream.flush()
    stream.buffer.write(text.encode("utf-8", "backslashreplace"))
