"""The keys of the prompt: bindings made from the table of actions and the user's settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from prompt_toolkit.application import Application
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.cursor_shapes import (
    CursorShapeConfig,
    DynamicCursorShapeConfig,
    ModalCursorShapeConfig,
)
from prompt_toolkit.enums import EditingMode
from prompt_toolkit.filters import (
    Condition,
    Filter,
    emacs_mode,
    has_completions,
    has_focus,
    is_searching,
    vi_mode,
    vi_navigation_mode,
)
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.key_binding import (
    DynamicKeyBindings,
    KeyBindings,
    KeyBindingsBase,
    KeyPressEvent,
    merge_key_bindings,
)
from prompt_toolkit.key_binding.key_processor import KeyProcessor
from prompt_toolkit.keys import Keys

from repl_connect.prompt.editing.action import Action, KeyActions, Place
from repl_connect.prompt.editing.actions import ACTIONS, is_key
from repl_connect.prompt.editing.pairs import pair_keys
from repl_connect.prompt.editing.suggestion_in_pairs import only_closers_follow
from repl_connect.settings import Settings

__all__ = ["apply_mode", "cursor_shape", "key_mode", "prompt_keys", "watch_escape"]

_SEQUENCE_WAIT: Final = 1.0  # seconds between the keys of a sequence


def prompt_keys(buffer: Buffer, actions: KeyActions) -> KeyBindingsBase:
    """The bindings, for the buffer that is typed into; they follow the settings."""
    places = _places(buffer, actions)
    closing = places["code"] & Condition(lambda: actions.settings.prompt.auto_close)
    fixed = [pair_keys(actions.editing.pairs, closing), _events(places["line"], actions)]
    made: dict[str, object] = {}

    def present() -> KeyBindingsBase:
        chosen = actions.settings.keys
        if made.get("for") is not chosen:
            made["for"] = chosen
            made["keys"] = _action_keys(actions, chosen, places)
        keys = made["keys"]
        assert isinstance(keys, KeyBindingsBase)
        return keys

    return merge_key_bindings([*fixed, DynamicKeyBindings(present)])


def key_mode(application: Application[object]) -> StyleAndTextTuples:
    """What vi's mode is, in front of the prompt: `[I]`, `[N]`, `[R]`; nothing with emacs keys."""
    if application.editing_mode != EditingMode.VI:
        return []
    mode = application.vi_state.input_mode.value
    shown = "N" if mode == "vi-navigation" else "R" if "replace" in mode else "I"
    return [("class:note", f"[{shown}] ")]


def cursor_shape(application: Callable[[], Application[object]]) -> CursorShapeConfig:
    """The cursor's shape: by the mode with vi's keys, else as the terminal has it."""
    modal = ModalCursorShapeConfig()
    return DynamicCursorShapeConfig(
        lambda: modal if application().editing_mode == EditingMode.VI else None
    )


def apply_mode(application: Application[object], settings: Settings) -> None:
    """Have the keys of the settings, from now on, and their wait after Escape."""
    vi = settings.prompt.keys == "vi"
    application.editing_mode = EditingMode.VI if vi else EditingMode.EMACS
    application.ttimeoutlen = settings.prompt.escape_wait


def watch_escape(application: Application[object], closes: Filter) -> None:
    """Let Escape be felt at once where it does something itself: with vi's keys, or if it `closes`.

    It waits there only for what a terminal sends after it as one key, not for another key.
    """
    at_once = vi_mode | closes

    def pressed(processor: KeyProcessor) -> None:
        if not processor.key_buffer:
            # None is allowed, though not declared: nothing is waited for, at no cost.
            application.timeoutlen = None  # type: ignore[assignment]
            return
        alone = [each.key for each in processor.key_buffer] == [Keys.Escape]
        wait = application.ttimeoutlen if alone and at_once() else _SEQUENCE_WAIT
        application.timeoutlen = wait

    application.key_processor.after_key_press += pressed


def _places(buffer: Buffer, actions: KeyActions) -> Mapping[Place, Filter]:
    typing = has_focus(buffer)

    def can_accept() -> bool:
        suggestion = buffer.suggestion
        return bool(suggestion and suggestion.text) and only_closers_follow(buffer.document)

    return {
        "line": typing,
        "code": typing & Condition(lambda: not actions.takes_input),
        "empty": typing & Condition(lambda: not buffer.text),
        "menu": typing & has_completions,
        "suggestion": typing & Condition(can_accept),
        "search": is_searching,
    }


def _action_keys(
    actions: KeyActions,
    chosen: Mapping[str, tuple[tuple[str, ...], ...]],
    places: Mapping[Place, Filter],
) -> KeyBindings:
    keys = KeyBindings()
    for action in ACTIONS:
        given = chosen.get(action.id)
        sequences = [text.split() for text in action.keys] if given is None else given
        for sequence in sequences:
            if not is_key(" ".join(sequence)):
                continue  # `repl-connect config check` says so
            _bind(keys, action, sequence, _modes(action, sequence) & places[action.place], actions)
        if given is None:
            for text in action.vi:
                mode = vi_navigation_mode & places[action.place]
                _bind(keys, action, text.split(), mode, actions)
    return keys


def _modes(action: Action, sequence: list[str] | tuple[str, ...]) -> Filter:
    """The editing modes that a key sequence counts in."""
    if sequence[0] == "escape" and not action.everywhere:
        return emacs_mode | vi_navigation_mode
    return emacs_mode | vi_mode


def _bind(
    keys: KeyBindings,
    action: Action,
    sequence: list[str] | tuple[str, ...],
    when: Filter,
    actions: KeyActions,
) -> None:
    def run(_event: KeyPressEvent) -> None:
        action.run(actions)

    # What undo brings back is not what it was just called on.
    keys.add(*sequence, filter=when, save_before=lambda _: action.id not in ("undo", "redo"))(run)


def _events(when: Filter, actions: KeyActions) -> KeyBindings:
    """What comes as a key but is none."""
    keys = KeyBindings()

    @keys.add(Keys.SIGINT)
    def _(_event: KeyPressEvent) -> None:
        actions.stop()

    @keys.add(Keys.BracketedPaste, filter=when)
    def _(event: KeyPressEvent) -> None:
        actions.editing.paste(event.data)

    return keys
