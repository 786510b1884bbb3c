"""Sessions at the prompt as documents show them, typed again on a terminal."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from documents.comparing import PASSING, difference
from terminal import Terminal

__all__ = ["Entry", "Transcript", "play", "transcript_of"]

_PROMPT: Final = re.compile(r"(\S+>)(?: (.*))?")
_CONTINUATION: Final = re.compile(r"\s+\.\.\. (.*)")
_INTERRUPTED: Final = "interrupted"


class Entry(NamedTuple):
    """What is typed, in lines, and the lines that come of it."""

    code: tuple[str, ...]
    output: tuple[str, ...]


class Transcript(NamedTuple):
    """What is shown before the first prompt, the prompt, and what is entered there."""

    greeting: tuple[str, ...]
    prompt: str
    entries: tuple[Entry, ...]


def transcript_of(lines: tuple[str, ...]) -> Transcript:
    """Read a session; its prompts are all alike."""
    greeting: list[str] = []
    entries: list[Entry] = []
    prompt = ""
    for line in lines:
        if (found := _PROMPT.fullmatch(line)) and prompt in ("", found[1]):
            prompt = found[1]
            entries.append(Entry((found[2] or "",), ()))
        elif not entries:
            greeting.append(line)
        else:
            code, output = entries.pop()
            if more := _CONTINUATION.fullmatch(line):
                entries.append(Entry((*code, more[1]), output))
            else:
                entries.append(Entry(code, (*output, line)))
    return Transcript(tuple(greeting), prompt, tuple(entries))


def play(terminal: Terminal, shown: tuple[str, ...]) -> None:
    """Type what a session has, and compare all that is then on the screen.

    Ctrl-C is pressed where the session shows `interrupted`.
    """
    session = transcript_of(shown)
    terminal.wait_for_current(session.prompt)
    for entry in session.entries:
        if entry.code != ("",):  # that is the prompt which is there in the end
            _enter(terminal, session.prompt, entry)
    terminal.wait_until(lambda: "Ctrl-C stops" not in terminal.text, "nothing runs")
    lines = terminal.all_text.split("\n")
    *said, _toolbar = (line for line in lines if not PASSING.fullmatch(line))
    if session.entries[-1].code != ("",):
        shown = (*shown, session.prompt)
    assert not (told := difference([line for line in shown if line.strip()], said)), told


def _enter(terminal: Terminal, prompt: str, entry: Entry) -> None:
    """Type it, and wait for the last line that comes of it."""
    code, output = entry

    def count() -> int:
        return terminal.all_text.split("\n").count(output[-1])

    before = count() if output else 0
    if len(code) == 1:
        terminal.enter(code[0])
    else:
        terminal.paste("\n".join(code))
        terminal.press("alt-enter")
    terminal.wait_for_line(f"{prompt} {code[0]}")
    if output == (_INTERRUPTED,):
        terminal.wait_for("Ctrl-C stops")
        terminal.press("ctrl-c")
    if output:
        terminal.wait_until(lambda: count() > before, f"below {code[0]}: {output[-1]}")
    terminal.wait_for_current(prompt)
