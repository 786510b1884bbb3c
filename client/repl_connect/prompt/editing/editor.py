"""The user's editor on what is typed: it comes back into the prompt, not sent.

Nothing else goes on meanwhile: what the program prints waits for the terminal to be free again.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from prompt_toolkit.application import get_app
from prompt_toolkit.application.run_in_terminal import in_terminal
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.document import Document

from repl_connect.escapes import visible
from repl_connect.prompt.showing.child_program import (
    first_command,
    interrupts_left_to_child,
    start_fresh_line,
)

if TYPE_CHECKING:
    from repl_connect.prompt.front_end import FrontEnd

__all__ = ["EditorError", "edit_in", "edited", "editor_command"]

_LARGEST: Final = 10_000_000  # bytes that are read back
_TAKES_LINE: Final = frozenset(
    ("emacs", "emacsclient", "joe", "kak", "mg", "micro", "nano", "nvi", "nvim", "vi", "vim")
)
"""Editors that go to a line given as `+N`."""


class EditorError(Exception):
    """The editor did not do its work; says why and what helps."""


async def edit_in(buffer: Buffer, text: str | None, front_end: FrontEnd) -> None:
    """Have the user edit a text, what is in the buffer if none, and put it into the buffer.

    What goes wrong is said there.
    """
    document = buffer.document if text is None else Document(text)
    try:
        command = editor_command(front_end.settings.prompt.editor, os.environ)
        async with in_terminal():
            try:
                document = edited(document, command, front_end.language.suffix)
            finally:
                start_fresh_line(get_app().output)
    except EditorError as error:
        front_end.problem(visible(str(error)))
        return
    buffer.save_to_undo_stack()
    buffer.document = document


def editor_command(chosen: str, environment: Mapping[str, str]) -> list[str]:
    """The words of the command that edits: the chosen one, else $VISUAL, $EDITOR, vi.

    Raises `EditorError` for one that can't be read.
    """
    places = [("prompt.editor", chosen)]
    places += [(f"${name}", environment.get(name, "")) for name in ("VISUAL", "EDITOR")]
    try:
        return first_command(places) or ["vi"]
    except ValueError as error:
        raise EditorError(str(error)) from None


def edited(document: Document, command: Sequence[str], suffix: str) -> Document:
    """Have the user edit a document in a file with this suffix; blocks until the editor ends.

    The newline at the end is the editor's. Raises `EditorError`, and then nothing has changed.
    """
    descriptor, path = tempfile.mkstemp(suffix, "repl-connect-")
    try:
        with open(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.write(document.text + "\n" if document.text else "")
        words = [*command]
        if os.path.basename(command[0]) in _TAKES_LINE and document.cursor_position_row:
            words.append(f"+{document.cursor_position_row + 1}")
        _run([*words, path])
        with open(path, "rb") as result:
            data = result.read(_LARGEST + 1)
    except OSError as error:
        raise EditorError(f"{path}: {error.strerror}.") from None
    except UnicodeEncodeError as error:
        raise EditorError(
            f"Character {error.start + 1} is no text: there is no editing it."
        ) from None
    finally:
        with contextlib.suppress(OSError):
            os.unlink(path)
    if len(data) > _LARGEST:
        raise EditorError(f"More than {_LARGEST} bytes came back from the editor: not taken.")
    try:
        text = data.decode("utf-8").replace("\r\n", "\n").removesuffix("\n")
    except UnicodeDecodeError:
        raise EditorError("What came back from the editor is not UTF-8: not taken.") from None
    return document if text == document.text else Document(text)


def _run(words: Sequence[str]) -> None:
    advice = ",set prompt.editor NAME or $EDITOR choose another."
    try:
        with interrupts_left_to_child():
            status = subprocess.call(words)
    except OSError as error:
        raise EditorError(f"{words[0]} can't be started: {error.strerror}. {advice}") from None
    if status:
        raise EditorError(f"{words[0]} ended with status {status}: what was typed is unchanged.")
