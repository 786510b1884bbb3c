"""The keys of the prompt that differ from prompt_toolkit's."""

from __future__ import annotations

from typing import Protocol

from prompt_toolkit.buffer import Buffer
from prompt_toolkit.filters import Condition, has_focus, is_searching
from prompt_toolkit.key_binding import (
    KeyBindings,
    KeyBindingsBase,
    KeyPressEvent,
    merge_key_bindings,
)
from prompt_toolkit.key_binding.bindings.auto_suggest import load_auto_suggest_bindings
from prompt_toolkit.keys import Keys
from prompt_toolkit.search import accept_search

__all__ = ["KeyActions", "prompt_keys"]


class KeyActions(Protocol):
    """What the keys do; the prompt has these."""

    @property
    def takes_input(self) -> bool:
        """Whether the line is input for the program."""

    def enter(self, *, force: bool) -> None:
        """Send what is typed, or start a new line if it is not complete."""

    def new_line(self) -> None:
        """Start a new line, indented."""

    def indent_line(self) -> None:
        """Put the right indentation before the cursor."""

    def stop(self) -> None:
        """Ctrl-C."""

    def end_of_input(self) -> None:
        """Ctrl-D on an empty line."""

    def look_up_at_cursor(self) -> None:
        """Show what is known about the name at the cursor."""


def prompt_keys(buffer: Buffer, actions: KeyActions) -> KeyBindingsBase:
    """The bindings, for the buffer that is typed into."""
    keys = KeyBindings()
    typing = has_focus(buffer)
    empty = Condition(lambda: not buffer.text)
    at_indentation = Condition(lambda: not buffer.document.current_line_before_cursor.strip())
    for_program = Condition(lambda: actions.takes_input)

    @keys.add("enter", filter=typing)
    def _(_event: KeyPressEvent) -> None:
        actions.enter(force=False)

    @keys.add("escape", "enter", filter=typing)
    def _(_event: KeyPressEvent) -> None:
        actions.enter(force=True)

    @keys.add("c-j", filter=typing & ~for_program)
    @keys.add("escape", "c-j", filter=typing & ~for_program)
    def _(_event: KeyPressEvent) -> None:
        actions.new_line()

    @keys.add("c-j", filter=typing & for_program)
    def _(_event: KeyPressEvent) -> None:
        actions.enter(force=True)

    @keys.add("tab", filter=typing & for_program)
    def _(_event: KeyPressEvent) -> None:
        buffer.insert_text("\t")

    @keys.add("tab", filter=typing & at_indentation & ~for_program)
    def _(_event: KeyPressEvent) -> None:
        actions.indent_line()

    @keys.add("tab", filter=typing & ~at_indentation & ~for_program)
    def _(_event: KeyPressEvent) -> None:
        if buffer.complete_state:
            buffer.complete_next()
        else:
            buffer.start_completion(insert_common_part=True)

    @keys.add("s-tab", filter=typing)
    def _(_event: KeyPressEvent) -> None:
        if buffer.complete_state:
            buffer.complete_previous()

    @keys.add("c-c", filter=typing)
    @keys.add(Keys.SIGINT)
    def _(_event: KeyPressEvent) -> None:
        actions.stop()

    @keys.add("c-d", filter=typing & empty)
    def _(_event: KeyPressEvent) -> None:
        actions.end_of_input()

    @keys.add("f1", filter=typing)
    def _(_event: KeyPressEvent) -> None:
        actions.look_up_at_cursor()

    @keys.add("c-z", filter=typing)
    def _(event: KeyPressEvent) -> None:
        event.app.suspend_to_background()

    @keys.add("enter", filter=is_searching)
    def _(_event: KeyPressEvent) -> None:
        accept_search()
        buffer.cursor_position = len(buffer.text)  # so that the next Enter sends what was found

    return merge_key_bindings([load_auto_suggest_bindings(), keys])
