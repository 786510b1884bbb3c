"""The table of actions, and the keys that are made of it."""

from __future__ import annotations

import re

import pytest
from prompt.typist import typed
from prompt_toolkit.key_binding import KeyBindings
from prompt_toolkit.key_binding.vi_state import InputMode

from repl_connect.prompt.editing.actions import ACTIONS, is_key, key_table
from repl_connect.settings import with_setting

ESCAPE = "\x1b"


def test_each_action_has_an_id_a_line_of_help_and_keys() -> None:
    ids = [action.id for action in ACTIONS]
    assert len(set(ids)) == len(ids)
    for action in ACTIONS:
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", action.id)
        assert action.keys
        assert action.doc
        assert len(action.doc) < 80
        for keys in (*action.keys, *action.vi):
            KeyBindings().add(*keys.split())(lambda _: None)


@pytest.mark.parametrize("mode", ["keys", "vi"])
def test_no_two_actions_share_a_key_in_one_place(mode: str) -> None:
    taken: dict[tuple[str, str], str] = {}
    for action in ACTIONS:
        if action.place in ("suggestion", "search"):
            continue  # they come before others on purpose
        for keys in getattr(action, mode):
            assert taken.setdefault((action.place, keys), action.id) == action.id


def test_groups_stand_together() -> None:
    groups = [action.group for action in ACTIONS]
    assert sorted(groups, key=groups.index) == groups


def test_the_key_table_is_written_for_people() -> None:
    rows = {row.id: row for row in key_table({})}
    assert rows["send-as-is"].keys == ("Alt-Enter",)
    assert rows["edit-in-editor"].keys == ("Ctrl-X Ctrl-E", "F2")
    assert rows["edit-in-editor"].vi == ("g o",)
    assert rows["complete-back"].keys == ("Shift-Tab",)
    assert rows["slurp-forward"].keys == ("Alt-)",)
    assert rows["forward-form"].keys == ("Alt-Ctrl-F",)
    assert rows["select-form"].keys == ("Alt-Ctrl-Space",)


def test_the_key_table_has_the_keys_of_the_settings() -> None:
    chosen = {"new-line": (("c-x", "n"), ("f9",)), "kill-form": ()}
    rows = {row.id: row for row in key_table(chosen)}
    assert rows["new-line"].keys == ("Ctrl-X n", "F9")
    assert rows["kill-form"].keys == rows["kill-form"].vi == ()


def test_an_action_gets_other_keys() -> None:
    keymap = {"splice-form": (("f9",),), "raise-form": (("c-x", "u"), ("f10",))}
    other = typed(["\x1b[20~"], language="guile", text="(a (|b))", keymap=keymap)
    assert other.marked == "(a |b)"
    default = typed([ESCAPE + "s"], language="guile", text="(a (|b))", keymap=keymap)
    assert default.marked == "(a (s|b))"  # as any key that Alt has no meaning for
    sequence = typed(["\x18", "u"], language="guile", text="(a (|b))", keymap=keymap)
    assert sequence.marked == "(a |b)"


def test_what_is_no_key_is_left_out() -> None:
    assert is_key("c-x c-e")
    assert is_key("escape enter")
    assert not is_key("ctrl-x")
    assert not is_key("")
    keymap = {"splice-form": (("ctrl-nine",), ("f9",))}
    typist = typed(["\x1b[20~"], language="guile", text="(a (|b))", keymap=keymap)
    assert typist.marked == "(a |b)"


def test_an_action_may_have_no_keys() -> None:
    typist = typed([ESCAPE + "s"], language="guile", text="(a (|b))", keymap={"splice-form": ()})
    assert typist.marked == "(a (s|b))"


@pytest.mark.parametrize("keys", ["emacs", "vi"])
@pytest.mark.parametrize(
    ("pressed", "done"),
    [
        ("\x03", "stop"),
        ("\x04", "end_of_input"),
        ("\x1bOQ", "edit"),
        ("\x1b[18~", "show_value"),
        ("\x1b[19~", "show_traceback"),
    ],
)
def test_keys_of_the_prompt(keys: str, pressed: str, done: str) -> None:
    assert typed([pressed], keys=keys).done == [done]


def test_ctrl_d_in_a_text_deletes() -> None:
    typist = typed(["\x04"], text="a|b")
    assert typist.marked == "a|"
    assert typist.done == []


def test_up_and_down_move_in_the_text() -> None:
    assert typed(["\x1b[A", "x"], text="ab\ncd|").marked == "abx|\ncd"
    assert typed(["\x1b[B", "x"], text="a|b\ncd").marked == "ab\ncx|d"


def test_f4_changes_between_emacs_and_vi_keys() -> None:
    to_vi = typed(["\x1bOS", ESCAPE, "x"], text="ab|")
    assert to_vi.settings.prompt.keys == "vi"
    assert to_vi.marked == "|a"
    back = typed(["\x1bOS", "\x1bOS", "\x01", "x"], text="ab|")
    assert back.settings.prompt.keys == "emacs"
    assert back.marked == "x|ab"


@pytest.mark.parametrize(
    ("before", "pressed", "text"),
    [
        ("|(a) (b)", [ESCAPE, ")"], "(a)| (b)"),
        ("(a) (b) |", [ESCAPE, "("], "(a) |(b) "),
        ("(a (b|))", [ESCAPE, "g", "h"], "(a |(b))"),
        ("(a| b) c", [ESCAPE, ">", ")"], "(|a b c)"),
        ("(a| b c)", [ESCAPE, "<", ")"], "(|a b) c"),
        ("(a (b|))", [ESCAPE, "g", "r"], "(a |b)"),
        ("(a (b|))", [ESCAPE, "g", "S"], "(a |b)"),
        ("(a (b|))", [ESCAPE, "g", "w"], "(a ((|b)))"),
        ("(a |(b) c)", [ESCAPE, "l", "g", "x"], "(a | c)"),
        ("(a (b|) c)", [ESCAPE, "g", "s", "d"], "(a (|) c)"),
    ],
)
def test_forms_in_vi_navigation_mode(before: str, pressed: list[str], text: str) -> None:
    assert typed(pressed, language="guile", text=before, keys="vi").marked == text


def test_vi_insert_mode_leaves_at_escape_and_alt_enter_sends() -> None:
    typist = typed(["a", ESCAPE], keys="vi")
    assert typist.application.vi_state.input_mode == InputMode.NAVIGATION
    assert typed([ESCAPE + "\r"], text="f(|", keys="vi").done == ["send f("]
    assert typed(["f(", ESCAPE + ")"], language="guile", text="|b", keys="vi").done == []


def test_a_suggestion_waits_no_key_of_its_own() -> None:
    assert typed(["\x1b[C", "x"], text="a|b").marked == "abx|"


def test_settings_change_keys_while_typing() -> None:
    typist = typed([])
    other = with_setting(typist.settings, "prompt.keys", "vi")
    typist.apply(other)
    assert typist.application.editing_mode.value == "VI"
    assert typist.application.ttimeoutlen == other.prompt.escape_wait
