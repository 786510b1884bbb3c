"""The settings: the file, the variables, and what is said about what is wrong in them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from repl_connect.errors import UsageError
from repl_connect.settings import (
    Loaded,
    Partner,
    Settings,
    config_path,
    load_settings,
    option_name,
    shown,
    with_setting,
)
from repl_connect.settings.options import OPTIONS

Write = Callable[[str | bytes], Loaded]

ACTIONS = ("send", "new-line", "history-search")
STYLES = ("prompt", "err", "pygments.keyword")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user without settings."""
    for name in os.environ:
        if name.startswith(("REPL_CONNECT_", "XDG_CONFIG_HOME")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def write(home: Path) -> Write:
    """Write the file and load it."""

    def load(text: str | bytes) -> Loaded:
        path = home / ".config/repl-connect/config.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return load_settings(ACTIONS, STYLES)

    return load


def problems(loaded: Loaded) -> list[str]:
    """The problems, each without the file's name."""
    name = "~/.config/repl-connect/config.toml:"
    assert all(each.startswith(name) for each in loaded.problems), loaded.problems
    return [each.removeprefix(name) for each in loaded.problems]


def test_without_a_file_all_is_default(home: Path) -> None:
    loaded = load_settings(ACTIONS, STYLES)
    assert loaded.problems == ()
    assert loaded.path == str(home / ".config/repl-connect/config.toml")
    assert loaded.settings.prompt.theme == "auto"
    assert loaded.settings.history.size == 10_000
    assert {row.origin for row in shown(loaded.settings)} == {"default"}
    assert list(home.iterdir()) == []


@pytest.mark.parametrize("name", OPTIONS)
def test_every_default_is_valid_and_can_be_typed_and_read(name: str, write: Write) -> None:
    option = OPTIONS[name]
    row = next(row for row in shown(Settings()) if row.name == name)
    section, _, key = name.partition(".")
    loaded = write(f"[{section}]\n{key} = {row.value}\n")
    assert loaded.problems == ()
    assert loaded.settings.given == {name: option.default}
    assert option.parsed(row.value.strip('"')) == option.default
    assert option.doc
    assert getattr(getattr(loaded.settings, section), key) == option.default


def test_what_the_file_says_is_used(write: Write) -> None:
    loaded = write(
        """
        [prompt]
        keys = "vi"
        bell_after = 5
        mouse = true

        [history]
        scope = "all"

        [keys]
        send = ["c-x c-e", "f5"]
        new-line = "escape enter"
        history-search = []

        [colors]
        err = "ansired bold"

        [partners.shop]
        address = "~/run/shop.sock"
        dialect = "nrepl"
        language = "python"
        tags = ["live"]
        forms = ["import shop", "shop.hello()"]

        [partners]
        desk = { address = "7888", source = "dask://host:8786" }
        """
    )
    assert loaded.problems == ()
    settings = loaded.settings
    assert settings.prompt.keys == "vi"
    assert settings.prompt.bell_after == 5.0
    assert settings.prompt.mouse is True
    assert settings.prompt.toolbar is True
    assert settings.history.scope == "all"
    assert settings.keys == {
        "send": (("c-x", "c-e"), ("f5",)),
        "new-line": (("escape", "enter"),),
        "history-search": (),
    }
    assert settings.colors == {"err": "ansired bold"}
    assert settings.partners == {
        "shop": Partner(
            name="shop",
            address="~/run/shop.sock",
            dialect="nrepl",
            language="python",
            tags=("live",),
            forms=("import shop", "shop.hello()"),
        ),
        "desk": Partner(name="desk", address="7888", source="dask://host:8786"),
    }
    assert {row.name: row.origin for row in shown(settings)}["prompt.keys"] == "file"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[prompt]\n\nthem = 'dark'", "3: there is no `prompt.them`; did you mean `prompt.theme`?"),
        ("[promt]\nmouse = true", "1: there is no `promt`; did you mean `prompt`?"),
        ("theme = 'dark'", "1: there is no `theme`; did you mean `prompt.theme`?"),
        ("zzz = 1", "1: there is no `zzz`."),
        ("prompt = 3", "1: `prompt` is a table, [prompt], not 3."),
        (
            "[prompt]\ntheme = 'drak'",
            "2: `prompt.theme` takes one of auto, light, dark, native, "
            'not "drak"; did you mean `dark`?',
        ),
        ("[prompt]\nmouse = 'yes'", '2: `prompt.mouse` takes true or false, not "yes".'),
        (
            "[history]\nsize = 1.5",
            "2: `history.size` takes a whole number from 0 to 1000000, not 1.5.",
        ),
        (
            "[history]\nsize = true",
            "2: `history.size` takes a whole number from 0 to 1000000, not true.",
        ),
        (
            "[prompt]\nescape_wait = inf",
            "2: `prompt.escape_wait` takes a number from 0 to 5, not inf.",
        ),
        ("[prompt]\npager = []", "2: `prompt.pager` takes a text, not a list."),
        ("[prompt]\npager = 1979-05-27", "2: `prompt.pager` takes a text, not 1979-05-27."),
        ("[keys]\nsent = 'f5'", "2: there is no action `sent`; did you mean `send`?"),
        (
            "[keys]\nsend = 'ctrl+enter'",
            '2: "ctrl+enter" is no key; keys are written like "f1", "c-x c-e", "escape enter".',
        ),
        ("[keys]\nsend = 5", "2: `send` takes a key or a list of keys, not 5."),
        ("[colors]\nerror = 'ansired'", "2: there is no style `error`; did you mean `err`?"),
        (
            "[colors]\nerr = 'redish'",
            '2: "redish" is no style; one is written like "ansired bold", "#ff8800 bg:#202020".',
        ),
        (
            "[colors]\nerr = 'bold bg:#gg8700'",
            '2: "bold bg:#gg8700" is no style; one is written like "ansired bold", '
            '"#ff8800 bg:#202020".',
        ),
        ("[partners.x]\ntags = []", "1: the partner `x` has no `address`."),
        ("[partners]\nx = '7888'", '2: `partners.x` is a table, [partners.x], not "7888".'),
        (
            "[partners.x]\naddress = '7888'\nadress = ''",
            "3: a partner has no `adress`; did you mean `address`?",
        ),
        (
            "[partners.x]\naddress = ':'",
            "2: ':' is no address. Give a socket's path (./:), host:port, or a port.",
        ),
        ("[partners.x]\naddress = 7888", "2: `address` takes a text, not 7888."),
        (
            "[partners.'a/b']\naddress = '7888'",
            "1: \"a/b\" can't be a partner's name: it has / in it.",
        ),
        (
            "[partners.x]\naddress = '7888'\ntags = ['a', 'b c']",
            '3: "b c" can\'t be a tag: it has a blank or a control character in it.',
        ),
        (
            "[partners.x]\naddress = '7888'\nlanguage = 'pyton'",
            "3: there is no language `pyton`; did you mean `python`?",
        ),
        (
            "[partners.x]\naddress = '7888'\ndialect = 'zzz'",
            "3: there is no dialect `zzz`.",
        ),
        (
            "[prompt\nmouse = true",
            "1: expected ']' at the end of a table declaration at column 8; the defaults are used.",
        ),
        ("mouse =", "1: invalid value; the defaults are used."),
        (b"[prompt]\nmouse = true\n\xff\xfe", "3: this is not UTF-8 text; the defaults are used."),
    ],
)
def test_what_is_wrong_is_said_with_its_line(write: Write, text: str | bytes, said: str) -> None:
    assert problems(write(text)) == [said]


def test_what_is_right_beside_what_is_wrong_is_used(write: Write) -> None:
    loaded = write("[prompt]\nthem = 'dark'\nmouse = true\ntheme = 3\n[log]\nmessages = 7")
    assert [each.partition(":")[0] for each in problems(loaded)] == ["2", "4"]
    assert loaded.settings.prompt.mouse
    assert loaded.settings.prompt.theme == "auto"
    assert loaded.settings.log.messages == 7


def test_without_the_names_keys_and_colours_are_taken_as_they_are(write: Write) -> None:
    write("[keys]\nelsewhere = 'x y'\n[colors]\nelsewhere = 'any'")
    loaded = load_settings()
    assert loaded.problems == ()
    assert loaded.settings.keys == {"elsewhere": (("x", "y"),)}
    assert loaded.settings.colors == {"elsewhere": "any"}


def test_names_are_asked_for_only_where_they_are_needed(write: Write) -> None:
    def actions() -> tuple[str, ...]:
        return ACTIONS

    def styles() -> tuple[str, ...]:
        raise AssertionError("nobody has set a colour")

    write("[keys]\nsent = 'f5'")
    assert load_settings(actions, styles).problems[0].endswith("did you mean `send`?")


def test_many_problems_are_counted(write: Write) -> None:
    loaded = write("[prompt]\n" + "".join(f"unknown{number} = 1\n" for number in range(50)))
    assert len(loaded.problems) == 21
    assert loaded.problems[-1].endswith("config.toml: 30 more like these.")


def test_a_message_holds_no_control_characters(write: Write) -> None:
    loaded = write('[prompt]\n"\\u001b[31m" = 1\ntheme = "\\u001b]0;x\\u0007"\n[keys]\n"\\n" = 3')
    assert len(loaded.problems) == 3
    assert all(each.isprintable() for each in loaded.problems)


def test_too_large_a_file_is_not_read(write: Write) -> None:
    loaded = write("[prompt]\nmouse = true\n" + "#" * 1024 * 1024)
    assert [each.partition(": ")[2] for each in loaded.problems] == [
        "more than 1048576 bytes; the defaults are used."
    ]
    assert not loaded.settings.prompt.mouse


def test_deep_nesting_is_a_problem_like_others(write: Write) -> None:
    loaded = write("x = " + "[" * 100_000)
    assert len(loaded.problems) == 1


def test_what_is_no_file_is_said(
    home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("REPL_CONNECT_CONFIG", str(home))
    assert load_settings().problems == (f"{home}: Is a directory; the defaults are used.",)
    monkeypatch.setenv("REPL_CONNECT_CONFIG", "~/none.toml")
    assert load_settings().problems == (
        "~/none.toml: there is no such file; REPL_CONNECT_CONFIG names it.",
    )
    monkeypatch.setenv("REPL_CONNECT_CONFIG", os.devnull)
    assert load_settings().problems == ()
    os.mkfifo(tmp_path / "pipe")
    monkeypatch.setenv("REPL_CONNECT_CONFIG", str(tmp_path / "pipe"))
    assert load_settings().problems == ()


def test_a_file_that_may_not_be_read_is_said(write: Write, home: Path) -> None:
    write("")
    (home / ".config/repl-connect/config.toml").chmod(0)
    me = os.geteuid()
    if me == 0:  # root may read everything
        os.seteuid(65534)
    try:
        problems = load_settings().problems
    finally:
        os.seteuid(me)
    assert problems[0].endswith("Permission denied; the defaults are used.")


def test_where_the_file_is(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", "/etc/x")
    assert config_path() == "/etc/x/repl-connect/config.toml"
    monkeypatch.setenv("XDG_CONFIG_HOME", "relative")
    assert config_path() == str(home / ".config/repl-connect/config.toml")
    monkeypatch.setenv("REPL_CONNECT_CONFIG", "/a/b.toml")
    assert config_path() == "/a/b.toml"


def test_variables_go_before_the_file(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REPL_CONNECT_PROMPT__THEME", "dark")
    monkeypatch.setenv("REPL_CONNECT_PROMPT__MOUSE", "off")
    monkeypatch.setenv("REPL_CONNECT_HISTORY__SIZE", "7")
    monkeypatch.setenv("REPL_CONNECT_TOKEN", "x")
    loaded = write("[prompt]\ntheme = 'light'\nmouse = true\nrainbow = false")
    assert loaded.problems == ()
    assert loaded.settings.prompt.theme == "dark"
    assert not loaded.settings.prompt.mouse
    assert not loaded.settings.prompt.rainbow
    assert loaded.settings.history.size == 7
    origins = {row.name: row.origin for row in shown(loaded.settings)}
    assert origins["prompt.theme"] == "environment"
    assert origins["prompt.rainbow"] == "file"


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        (
            "PROMPT__THEM",
            "x",
            "there is no option `prompt.them`; did you mean REPL_CONNECT_PROMPT__THEME?",
        ),
        ("X__Y", "x", "there is no option `x.y`."),
        ("HISTORY__SIZE", "ten", 'takes a whole number from 0 to 1000000, not "ten".'),
        ("PROMPT__KEYS", "emax", 'takes one of emacs, vi, not "emax"; did you mean `emacs`?'),
    ],
)
def test_a_wrong_variable_is_named(
    variable: str, value: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"REPL_CONNECT_{variable}", value)
    assert load_settings().problems == (f"REPL_CONNECT_{variable}: {said}",)
    assert load_settings().settings.given == {}


def test_an_option_can_be_set_by_its_name() -> None:
    settings = Settings({"prompt.mouse": True}, {"prompt.mouse": "file"})
    changed = with_setting(settings, "prompt.theme", "dark")
    changed = with_setting(changed, "timing", "-1")
    changed = with_setting(changed, "history.size", "12")
    assert changed.prompt.theme == "dark"
    assert changed.prompt.timing == -1.0
    assert changed.history.size == 12
    assert changed.prompt.mouse
    assert settings.prompt.theme == "auto"
    origins = {row.name: row.origin for row in shown(changed)}
    assert origins["prompt.theme"] == "set"
    assert origins["prompt.mouse"] == "file"


@pytest.mark.parametrize("text", ["on", "yes", "true", "1", "True"])
def test_words_for_yes(text: str) -> None:
    assert with_setting(Settings(), "mouse", text).prompt.mouse


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("them", "dark", "There is no option `them`; did you mean `prompt.theme`?"),
        ("theme", "blue", '`prompt.theme` takes one of auto, light, dark, native, not "blue".'),
        ("mouse", "maybe", '`prompt.mouse` takes true or false, not "maybe".'),
        ("size", "", '`history.size` takes a whole number from 0 to 1000000, not "".'),
        ("size", "9" * 5000, "`history.size` takes a whole number from 0 to 1000000, not"),
    ],
)
def test_what_can_not_be_set_is_said(name: str, text: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        with_setting(Settings(), name, text)
    assert str(caught.value).startswith(said)
    assert len(str(caught.value)) < 200


def test_settings_do_not_change() -> None:
    with pytest.raises(AttributeError):
        setattr(Settings().prompt, "theme", "dark")  # noqa: B010


def test_a_section_can_be_left_out_of_a_name() -> None:
    assert option_name("theme") == option_name("prompt.theme") == "prompt.theme"


def test_without_a_file_nothing_is_imported_to_read_one() -> None:
    code = (
        "import sys; from repl_connect.settings import load_settings; load_settings();"
        "print(*sorted({'tomllib', 'difflib', 'prompt_toolkit', 'dataclasses', 'json'}"
        " & set(sys.modules)))"
    )
    path = ":".join(each for each in sys.path if each)
    done = subprocess.run(
        [sys.executable, "-S", "-c", code],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        env={**os.environ, "PYTHONPATH": path},
    )
    assert done.stdout.strip() == ""
