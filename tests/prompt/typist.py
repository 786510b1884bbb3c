"""Typing into a buffer with the prompt's keys: keys from a pipe, drawing to nowhere."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from prompt_toolkit.application import Application, create_app_session
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.filters import has_completions
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.layout import BufferControl, Layout, Window
from prompt_toolkit.output import DummyOutput

from repl_connect.languages import Language, language_named
from repl_connect.prompt.editing.bindings import apply_mode, prompt_keys, watch_escape
from repl_connect.prompt.editing.editing import Editing
from repl_connect.settings import Settings, with_setting

__all__ = ["Typist", "typed"]


class Typist:
    """What the keys act on: remembers what was asked of it, and takes part in nothing else."""

    def __init__(self, language: Language, settings: Settings) -> None:
        self.language = language
        self.settings = settings
        self.takes_input = False
        self.buffer = Buffer(multiline=True)
        self.editing = Editing(self.buffer, self)
        self.done: list[str] = []
        """What was done, in order; what was sent comes after "send "."""
        self.application: Application[object] = Application(
            layout=Layout(
                Window(BufferControl(self.buffer, input_processors=list(self.editing.processors)))
            ),
            key_bindings=prompt_keys(self.buffer, self),
            output=DummyOutput(),
        )
        apply_mode(self.application, settings)
        watch_escape(self.application, has_completions)

    def enter(self, *, force: bool) -> None:
        """Send as the prompt does."""
        if force or self.editing.submits():
            self.done.append(f"send {self.buffer.text}")
            self.buffer.reset()

    def apply(self, settings: Settings) -> None:
        """Work with these settings from now on."""
        self.settings = settings
        apply_mode(self.application, settings)

    def __getattr__(self, name: str) -> Any:
        return lambda *_: self.done.append(name)

    @property
    def marked(self) -> str:
        """The text, with | where the cursor is."""
        document = self.buffer.document
        return f"{document.text_before_cursor}|{document.text_after_cursor}"


def typed(
    keys: str | Sequence[str],
    /,
    *,
    language: str = "python",
    text: str = "|",
    keymap: Mapping[str, tuple[tuple[str, ...], ...]] | None = None,
    **options: str,
) -> Typist:
    """Press keys one by one, beginning with a text that has | for the cursor.

    A string is a key for each character; in a sequence each string is what comes at once.
    `options` are settings of the prompt.
    """
    settings = Settings(keys=keymap or {})
    for name, value in options.items():
        settings = with_setting(settings, f"prompt.{name}", value)

    async def main() -> Typist:
        with create_pipe_input() as pipe, create_app_session(input=pipe, output=DummyOutput()):
            typist = Typist(language_named(language), settings)
            before, _, after = text.partition("|")
            typist.buffer.insert_text(before + after, fire_event=False)
            typist.buffer.cursor_position = len(before)
            running = asyncio.ensure_future(typist.application.run_async())
            while not typist.application.is_running:
                await asyncio.sleep(0)
            processor = typist.application.key_processor
            pressed = asyncio.Event()
            processor.after_key_press += lambda _: pressed.set()
            for chunk in keys:
                pressed.clear()
                pipe.send_text(chunk)
                await pressed.wait()
                while processor.input_queue:
                    await asyncio.sleep(0)
            if processor.key_buffer:  # a sequence that may go on
                await asyncio.sleep(2 * typist.application.ttimeoutlen)
            typist.application.exit()
            await running
            return typist

    return asyncio.run(asyncio.wait_for(main(), 20))
