"""What keys can do, as a table: `ACTIONS`. Bindings, help and documents are made from it.

Keys are written as in the settings: `c-x c-e` is Ctrl-X then Ctrl-E, `escape enter` is Alt-Enter (a
terminal sends Alt as Escape), `f1` is a key with a name.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from operator import attrgetter
from typing import Final, NamedTuple

from prompt_toolkit.application import get_app
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.key_binding import KeyBindings
from prompt_toolkit.search import SearchDirection, accept_search, start_search

from repl_connect.prompt.editing.action import Action, KeyActions
from repl_connect.prompt.editing.suggestion_in_pairs import take_suggestion

__all__ = ["ACTIONS", "KeyRow", "is_key", "key_table"]


class KeyRow(NamedTuple):
    """A line of the key table; `keys` and `vi` as people write keys."""

    id: str
    group: str
    keys: tuple[str, ...]
    vi: tuple[str, ...]
    doc: str


def is_key(text: str) -> bool:
    """Whether a text names a key or a sequence of keys, as in `c-x c-e`."""
    try:
        KeyBindings().add(*text.split())
    except (AssertionError, ValueError):
        return False
    return True


def key_table(chosen: Mapping[str, Collection[Collection[str]]]) -> list[KeyRow]:
    """The actions with the keys they have; `chosen` are those of the settings (`Settings.keys`)."""
    rows = []
    for action in ACTIONS:
        keys, vi = action.keys, action.vi
        if action.id in chosen:
            keys, vi = tuple(" ".join(each) for each in chosen[action.id]), ()
        rows.append(
            KeyRow(
                action.id,
                action.group,
                tuple(map(_shown, keys)),
                tuple(map(_shown, vi)),
                action.doc,
            )
        )
    return rows


def _shown(keys: str) -> str:
    """Keys as people write them: `Alt-Enter`."""
    shown: list[str] = []
    alt = ""
    for key in keys.split():
        if key == "escape" and not alt:
            alt = "Alt-"
            continue
        shown.append(alt + _shown_key(key))
        alt = ""
    return " ".join([*shown, *(["Esc"] if alt else [])])


def _shown_key(key: str) -> str:
    names = {"@": "Space", "pageup": "PageUp", "pagedown": "PageDown"}
    *modifiers, name = key.split("-") if len(key) > 1 and not key.endswith("-") else [key]
    words = {"c": "Ctrl-", "s": "Shift-"}
    single = name.upper() if modifiers else name
    whole = names.get(name) or (single if len(name) == 1 else name.capitalize())
    return "".join(words.get(each, f"{each}-") for each in modifiers) + whole


def _send(do: KeyActions) -> None:
    do.enter(force=False)


def _send_as_is(do: KeyActions) -> None:
    do.enter(force=True)


def _new_line(do: KeyActions) -> None:
    if do.takes_input:
        do.enter(force=True)
    else:
        do.editing.new_line()


def _complete(do: KeyActions) -> None:
    buffer = do.editing.buffer
    if do.takes_input:
        buffer.insert_text("\t")
    elif do.editing.at_indentation and buffer.complete_state is None:
        do.editing.indent()
    else:
        do.editing.choosing.choose()


def _complete_back(do: KeyActions) -> None:
    buffer = do.editing.buffer
    if buffer.complete_state:
        buffer.complete_previous()
    elif do.editing.at_indentation:
        do.editing.dedent()


def _suggestion(do: KeyActions) -> str:
    suggestion = do.editing.buffer.suggestion
    return suggestion.text if suggestion is not None else ""


def _accept_suggestion(do: KeyActions) -> None:
    take_suggestion(do.editing.buffer, _suggestion(do))


def _accept_suggestion_word(do: KeyActions) -> None:
    text = _suggestion(do)
    rest = text.lstrip()
    words = rest.split(maxsplit=1)
    end = len(text) - len(rest) + (len(words[0]) if words else 0)
    do.editing.buffer.insert_text(text[: end or len(text)])


def _search_history(_: KeyActions) -> None:
    start_search(direction=SearchDirection.BACKWARD)


def _accept_search(do: KeyActions) -> None:
    accept_search()
    buffer = do.editing.buffer
    buffer.cursor_position = len(buffer.text)  # so that the next Enter sends what was found


def _toggle_vi(do: KeyActions) -> None:
    from repl_connect.settings import with_setting

    other = "emacs" if do.settings.prompt.keys == "vi" else "vi"
    do.apply(with_setting(do.settings, "prompt.keys", other))


def _move(way: str) -> Callable[[KeyActions], None]:
    return lambda do: do.editing.move(attrgetter(way))


def _change(way: str) -> Callable[[KeyActions], None]:
    return lambda do: do.editing.change(attrgetter(way))


def _on_buffer(method: Callable[[Buffer], None]) -> Callable[[KeyActions], None]:
    return lambda do: method(do.editing.buffer)


ACTIONS: Final[tuple[Action, ...]] = (
    Action(
        id="send",
        group="sending",
        doc="send what is typed if it is complete, else start a line",
        keys=("enter",),
        place="line",
        run=_send,
    ),
    Action(
        id="send-as-is",
        group="sending",
        doc="send what is typed, complete or not",
        keys=("escape enter",),
        place="line",
        everywhere=True,
        run=_send_as_is,
    ),
    Action(
        id="new-line",
        group="sending",
        doc="start a line, complete or not",
        keys=("c-j", "escape c-j"),
        place="line",
        run=_new_line,
    ),
    Action(
        id="interrupt",
        group="running",
        doc="stop what runs; else clear what is typed",
        keys=("c-c",),
        place="line",
        run=lambda do: do.stop(),
    ),
    Action(
        id="end-of-input",
        group="running",
        doc="on an empty line: leave; or end the input a program reads",
        keys=("c-d",),
        place="empty",
        run=lambda do: do.end_of_input(),
    ),
    Action(
        id="suspend",
        group="running",
        doc="stop the client, as a shell's job",
        keys=("c-z",),
        place="line",
        run=lambda _: get_app().suspend_to_background(),
    ),
    Action(
        id="complete",
        group="completion",
        doc="complete; at the start of a line, indent it",
        keys=("tab",),
        place="line",
        run=_complete,
    ),
    Action(
        id="complete-back",
        group="completion",
        doc="the completion before; at the start of a line, indent it less",
        keys=("s-tab",),
        place="line",
        run=_complete_back,
    ),
    Action(
        id="close-menu",
        group="completion",
        doc="close the completions; what was chosen of them is taken back",
        keys=("escape",),
        place="menu",
        run=_on_buffer(lambda buffer: buffer.cancel_completion()),
    ),
    Action(
        id="accept-suggestion",
        group="completion",
        doc="take the dimmed rest of an earlier entry",
        keys=("right", "c-e", "c-f"),
        place="suggestion",
        run=_accept_suggestion,
    ),
    Action(
        id="accept-suggestion-word",
        group="completion",
        doc="take a word of it",
        keys=("c-right", "escape f"),
        place="suggestion",
        run=_accept_suggestion_word,
    ),
    Action(
        id="previous-history",
        group="history",
        doc="the line above; on the first, the entry before that starts with what is typed",
        keys=("up",),
        place="line",
        run=_on_buffer(lambda buffer: buffer.auto_up()),
    ),
    Action(
        id="next-history",
        group="history",
        doc="the line below; on the last, the entry after",
        keys=("down",),
        place="line",
        run=_on_buffer(lambda buffer: buffer.auto_down()),
    ),
    Action(
        id="search-history",
        group="history",
        doc="search what was entered",
        keys=("c-r",),
        run=_search_history,
    ),
    Action(
        id="accept-search",
        group="history",
        doc="take what was found, not yet sent",
        keys=("enter",),
        place="search",
        run=_accept_search,
    ),
    Action(
        id="documentation",
        group="showing",
        doc="what is known about the name at the cursor",
        keys=("f1",),
        run=lambda do: do.assistance.documentation.documentation_at_cursor(),
    ),
    Action(
        id="source",
        group="showing",
        doc="the source of what is named at the cursor",
        keys=("f3", "escape ."),
        vi=("g d",),
        run=lambda do: do.assistance.documentation.source_at_cursor(),
    ),
    Action(
        id="show-traceback",
        group="showing",
        doc="the whole text of the last error",
        keys=("f8",),
        run=lambda do: do.show_traceback(),
    ),
    Action(
        id="more",
        group="showing",
        doc="the next part of the last value",
        keys=("f7",),
        run=lambda do: do.show_value(),
    ),
    Action(
        id="clear-screen",
        group="showing",
        doc="clear the screen",
        keys=("c-l",),
        place="line",
        run=lambda _: get_app().renderer.clear(),
    ),
    Action(
        id="toggle-vi",
        group="editing",
        doc="change between emacs and vi keys",
        keys=("f4",),
        place="line",
        run=_toggle_vi,
    ),
    Action(
        id="edit-in-editor",
        group="editing",
        doc="open what is typed in your editor",
        keys=("c-x c-e", "f2"),
        vi=("g o",),
        run=lambda do: do.edit(),
    ),
    Action(
        id="undo",
        group="editing",
        doc="undo",
        keys=("c-_", "c-x c-u"),
        place="line",
        run=_on_buffer(lambda buffer: buffer.undo()),
    ),
    Action(
        id="redo",
        group="editing",
        doc="undo the undoing",
        keys=("escape c-_", "c-x c-r"),
        place="line",
        run=_on_buffer(lambda buffer: buffer.redo()),
    ),
    Action(
        id="forward-form",
        group="forms",
        doc="to the end of the form",
        keys=("escape c-f",),
        vi=(")",),
        run=_move("forward"),
    ),
    Action(
        id="backward-form",
        group="forms",
        doc="to the start of the form",
        keys=("escape c-b",),
        vi=("(",),
        run=_move("backward"),
    ),
    Action(
        id="up-form",
        group="forms",
        doc="to the start of the form around",
        keys=("escape c-u",),
        vi=("g h",),
        run=_move("up"),
    ),
    Action(
        id="down-form",
        group="forms",
        doc="into the next form",
        keys=("escape c-d",),
        vi=("g l",),
        run=_move("down"),
    ),
    Action(
        id="select-form",
        group="forms",
        doc="select the form; again, the one around it",
        keys=("escape c-@",),
        vi=("g s",),
        run=lambda do: do.editing.select_form(),
    ),
    Action(
        id="kill-form",
        group="forms",
        doc="delete the form after the cursor (Ctrl-Y brings it back)",
        keys=("escape c-k",),
        vi=("g x",),
        run=lambda do: do.editing.kill_form(get_app().clipboard),
    ),
    Action(
        id="backward-kill-form",
        group="forms",
        doc="delete the form before the cursor",
        keys=("c-x backspace",),
        vi=("g X",),
        run=lambda do: do.editing.backward_kill_form(get_app().clipboard),
    ),
    Action(
        id="slurp-forward",
        group="forms",
        doc="take the next form into the list",
        keys=("escape )",),
        vi=("> )",),
        run=_change("slurp_forward"),
    ),
    Action(
        id="barf-forward",
        group="forms",
        doc="put the last form out of the list",
        keys=("escape }",),
        vi=("< )",),
        run=_change("barf_forward"),
    ),
    Action(
        id="slurp-backward",
        group="forms",
        doc="take the form before into the list",
        keys=("c-x {",),
        vi=("< (",),
        run=_change("slurp_backward"),
    ),
    Action(
        id="barf-backward",
        group="forms",
        doc="put the first form out of the list",
        keys=("escape {",),
        vi=("> (",),
        run=_change("barf_backward"),
    ),
    Action(
        id="wrap-form",
        group="forms",
        doc="put brackets around the form",
        keys=("escape (",),
        vi=("g w",),
        run=_change("wrap"),
    ),
    Action(
        id="raise-form",
        group="forms",
        doc="replace the form around by this one",
        keys=("escape r",),
        vi=("g r",),
        run=_change("raise_form"),
    ),
    Action(
        id="splice-form",
        group="forms",
        doc="take away the brackets around",
        keys=("escape s",),
        vi=("g S",),
        run=_change("splice"),
    ),
    Action(
        id="close-all",
        group="forms",
        doc="close every open bracket",
        keys=("escape ]",),
        vi=("g ]",),
        run=lambda do: do.editing.close_all(),
    ),
)
