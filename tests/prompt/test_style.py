"""Themes: legible on the backgrounds they are made for, chosen by the terminal or the user."""

from __future__ import annotations

import re

import pytest
from prompt.conftest import StartPrompt
from prompt_toolkit.output import ColorDepth

from repl_connect.prompt.look.style import STYLE_CLASSES, color_depth, style_for
from repl_connect.prompt.look.themes import THEMES, rules
from repl_connect.terminal_theme import theme_of_terminal

BACKGROUNDS = {
    "dark": ("#000000", "#1e1e1e", "#282c34"),
    "light": ("#ffffff", "#fdf6e3", "#f0f0f0"),
}
"""Those that the themes are made for."""


def luminance(colour: str) -> float:
    parts = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """As WCAG defines it: 1 to 21."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def colours(style: str) -> tuple[str, str]:
    """The foreground and the background of a style string; empty where it has none."""
    words = style.split()
    background = next((word[3:] for word in words if word.startswith("bg:#")), "")
    foreground = next((word for word in words if word.removeprefix("fg:").startswith("#")), "")
    return foreground.removeprefix("fg:"), background


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_has_enough_contrast(theme: str) -> None:
    for name, style in rules(THEMES[theme]):
        foreground, background = colours(style)
        if foreground:
            for behind in [background] if background else BACKGROUNDS[theme]:
                assert contrast(foreground, behind) >= 4.5, (name, style, behind)


def test_the_native_theme_has_the_terminal_s_own_colours_only() -> None:
    assert "#" not in "".join(style for _, style in rules(THEMES["native"]))


@pytest.mark.parametrize("theme", ["light", "dark", "native", "auto"])
def test_overrides_win_and_wrong_ones_are_left_out(theme: str) -> None:
    style = style_for(theme, {"prompt": "#ff0000 nobold", "err": "no such colour"})
    attributes = style.get_attrs_for_style_str("class:prompt")
    assert (attributes.color, attributes.bold) == ("ff0000", False)
    assert style.get_attrs_for_style_str("class:err") == style_for(theme).get_attrs_for_style_str(
        "class:err"
    )


@pytest.mark.parametrize(
    ("said", "theme"),
    [
        ("15;0", "dark"),
        ("0;15", "light"),
        ("0;default;15", "light"),
        ("7;8", "dark"),
        ("", "native"),
    ],
)
def test_the_terminal_says_its_background(
    monkeypatch: pytest.MonkeyPatch, said: str, theme: str
) -> None:
    monkeypatch.setenv("COLORFGBG", said)
    assert theme_of_terminal() == theme


@pytest.mark.parametrize(
    ("environment", "depth"),
    [
        ({"NO_COLOR": "1", "COLORTERM": "truecolor"}, ColorDepth.MONOCHROME),
        ({"COLORTERM": "truecolor"}, ColorDepth.TRUE_COLOR),
        ({}, None),
    ],
)
def test_the_depth_of_colours(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], depth: ColorDepth | None
) -> None:
    for name in ("NO_COLOR", "COLORTERM", "PROMPT_TOOLKIT_COLOR_DEPTH"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert color_depth() == depth


def test_every_class_that_can_be_set_has_a_look_in_every_theme() -> None:
    for palette in THEMES.values():
        assert {name for name, _ in rules(palette)} == STYLE_CLASSES


def test_the_theme_changes_while_one_works(start_prompt: StartPrompt) -> None:
    terminal = start_prompt(environment={"COLORTERM": "truecolor"})
    assert terminal.colour_of("(guile-user)>") == "green"
    terminal.enter(",set prompt.theme dark")
    terminal.wait_until(lambda: terminal.colour_of("(guile-user)>") == "7ee787")
    terminal.enter(",set prompt.theme light")
    terminal.wait_until(lambda: terminal.colour_of("(guile-user)>") == "116329")


def test_without_colours_the_chosen_completion_is_seen(start_prompt: StartPrompt) -> None:
    terminal = start_prompt(environment={"NO_COLOR": "1"})
    terminal.send("(ad\t")
    terminal.wait_for_current("(guile-user)> (add")
    terminal.press("tab")
    terminal.wait_until(
        lambda: any(
            terminal.screen.buffer[row][column].reverse
            for row in range(24)
            for column in range(80)
            if terminal.screen.buffer[row][column].data == "d"
        )
    )
    assert not re.search(rb"\x1b\[(?:\d+;)*[349]\d(?:;\d+)*m", terminal.raw)


def test_a_terminal_of_eight_colours(start_prompt: StartPrompt) -> None:
    terminal = start_prompt(environment={"TERM": "linux"})
    terminal.enter("(boom)")
    terminal.wait_for_line("ZeroDivisionError: boom!")
    assert terminal.colour_of("ZeroDivisionError") == "red"
    assert b"\x1b[38;" not in terminal.raw
