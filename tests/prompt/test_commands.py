"""The commands as text: how they are read, their help, tables, settings, without a server."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from prompt.recording import RecordingFrontEnd

from repl_connect.languages import language_named
from repl_connect.prompt.commands import commands, typed_command
from repl_connect.prompt.commands.asking import chosen
from repl_connect.prompt.commands.held import held_notice
from repl_connect.prompt.commands.paths import complete_path
from repl_connect.prompt.commands.rows import MOST_ROWS, cut, facts, table
from repl_connect.prompt.commands.table import COMMANDS
from repl_connect.prompt.commands.times import ago
from repl_connect.prompt.wire_log import WireLog
from repl_connect.session import Output, Value
from repl_connect.settings import with_setting

PYTHON = language_named("python")
GUILE = language_named("guile")


def text_of(fragments: list[tuple[str, str]]) -> str:
    return "".join(text for _, text in fragments)


# How they are read.


def test_a_command_is_found_by_each_of_its_names_with_its_argument() -> None:
    typed = typed_command(",save  report one.txt ", PYTHON)
    assert typed is not None
    assert typed.command is not None
    assert (typed.command.names[0], typed.argument) == ("save", "report one.txt")
    quits = [typed_command(text, PYTHON) for text in (",quit", ",q", ",exit")]
    assert len({typed.command for typed in quits if typed is not None}) == 1


@pytest.mark.parametrize("text", ["1, 2", "", "(list ,x)", ",(a b)", ",@args", ", help"])
def test_what_is_no_command_is_for_the_repl(text: str) -> None:
    assert typed_command(text, PYTHON) is None


def test_an_unknown_command_is_told_with_the_nearest() -> None:
    typed = typed_command(",sesion", PYTHON)
    assert typed is not None
    assert typed.problem.startswith("There is no command ,sesion; did you mean ,session?")
    far = typed_command(",xyzzy", PYTHON)
    assert far is not None
    assert far.problem == "There is no command ,xyzzy. ,help shows those there are."


def test_an_argument_that_is_missing_or_not_taken_is_said() -> None:
    missing, extra = typed_command(",save", PYTHON), typed_command(",who me", PYTHON)
    assert missing is not None
    assert extra is not None
    assert missing.problem == ",save FILE: write the whole last value to a file."
    assert extra.problem == ",who takes nothing behind it."


@pytest.mark.parametrize(
    "text", [",bt", ",time (f)", ",apropos map", ",in (guile) (f)", ",continue", ",frame 1"]
)
def test_guiles_own_commands_go_to_guile(text: str) -> None:
    assert typed_command(text, GUILE) is None


@pytest.mark.parametrize("text", [",load a.scm", ",doc map", ",sessions", ",log on", ",tour"])
def test_ours_are_ours_beside_guiles_too(text: str) -> None:
    typed = typed_command(text, GUILE)
    assert typed is not None
    assert typed.command is not None


def test_code_in_a_command_may_have_several_lines() -> None:
    open_form = typed_command(",time def f():", PYTHON)
    whole = typed_command(",time 1 + 1", PYTHON)
    in_watch = typed_command(",watch 2 (1,", PYTHON)
    assert open_form is not None
    assert not open_form.is_complete(PYTHON)
    assert whole is not None
    assert whole.is_complete(PYTHON)
    assert in_watch is not None
    assert not in_watch.is_complete(PYTHON)
    ended = typed_command(",time def f():\n    return 1\n", PYTHON)
    assert ended is not None
    assert ended.is_complete(PYTHON)


def test_the_table_is_loaded_with_the_first_comma_only() -> None:
    code = (
        "import sys, repl_connect.prompt.app\n"
        "from repl_connect.languages import TEXT\n"
        "from repl_connect.prompt.commands import typed_command\n"
        "name = 'repl_connect.prompt.commands.table'\n"
        "typed_command('1 + 1', TEXT); print(name in sys.modules)\n"
        "typed_command(',help', TEXT); print(name in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]


def test_no_two_commands_share_a_name() -> None:
    names = [name for command in COMMANDS for name in command.all_names]
    assert len(names) == len(set(names))


# Help.


def test_help_has_a_line_for_each_command_and_fits() -> None:
    front_end = RecordingFrontEnd(language=PYTHON)
    front_end.type(",help")
    for command in COMMANDS:
        assert f"  ,{command.all_names[0]}" in front_end.shown
    assert max(map(len, front_end.shown.splitlines())) < 80
    assert "…" not in front_end.shown


def test_help_fits_a_narrow_terminal() -> None:
    front_end = RecordingFrontEnd(language=PYTHON)
    front_end.columns = 30
    front_end.type(",help")
    assert max(map(len, front_end.shown.splitlines())) < 34  # usages are not broken


def test_help_of_one_command_has_an_example() -> None:
    front_end = RecordingFrontEnd(language=PYTHON)
    front_end.type(",help ,watch")
    assert ",watch [SECONDS CODE]" in front_end.shown
    assert "For example: ,watch 1 len(queue)" in front_end.shown


def test_help_for_what_there_is_not_names_the_nearest() -> None:
    front_end = RecordingFrontEnd(language=PYTHON)
    front_end.type(",help wach")
    assert front_end.problems == ["There is no help for wach; did you mean `watch`?"]


def test_help_for_what_is_guiles_is_guiles() -> None:
    front_end = RecordingFrontEnd(language=GUILE)
    front_end.type(",help all")
    assert [code for code, _ in front_end.evaluated] == [",help all"]


def test_help_settings_names_every_option() -> None:
    front_end = RecordingFrontEnd()
    front_end.type(",help settings")
    assert "complete_while_typing" in front_end.shown
    assert "reconnect_longest" in front_end.shown


def test_help_keys_shows_the_users_own() -> None:
    front_end = RecordingFrontEnd()
    front_end.type(",help keys")
    assert "Alt-Enter" in front_end.shown


def test_guiles_help_leaves_out_what_guile_has_itself() -> None:
    front_end = RecordingFrontEnd(language=GUILE)
    front_end.type(",help")
    assert "  ,apropos WORD " not in front_end.shown
    assert "Guile's own commands" in front_end.shown
    assert "apropos" not in commands(GUILE)


# Without a connection.


@pytest.mark.parametrize(
    "command",
    [
        *(",sessions", ",session", ",jobs", ",submit 1", ",result 1", ",cancel 1", ",who"),
        *(",watch 1 x", ",events on", ",held", ",retry", ",frame h1 0 x", ",connection", ",ns"),
        *(",load x", ",doc x", ",source x", ",apropos x", ",pending", ",edit x"),
    ],
)
def test_without_a_connection_it_is_said_in_a_line(command: str) -> None:
    front_end = RecordingFrontEnd(language=PYTHON)
    front_end.type(command)
    assert front_end.problems == ["Not connected. ,reconnect connects again."]


# Tables and times.


def test_a_table_is_as_wide_as_the_terminal_and_no_wider() -> None:
    rows = [("a" * 20, "b"), ("c", "long " * 40), ("日本語", "e\x1b[31mvil\nline")]
    shown = text_of(table(40, ("one", "two"), rows))
    assert all(len(line) < 40 for line in shown.splitlines())
    assert "\x1b" not in shown
    assert "e^[[31mvil line" in shown
    narrow = text_of(table(20, ("one", "two", "three"), [("a" * 90, "b" * 90, "c")]))
    assert all(len(line) < 20 for line in narrow.splitlines())


def test_a_long_table_says_how_much_is_left_out() -> None:
    shown = text_of(table(80, ("n",), [(number,) for number in range(MOST_ROWS + 5)]))
    assert shown.endswith("… 5 more\n")


def test_wide_characters_are_cut_by_cells() -> None:
    assert cut("日本語", 6) == "日本語"
    assert cut("日本語", 5) == "日本…"


def test_facts_are_wrapped_and_empty_ones_left_out() -> None:
    shown = text_of(facts(30, [("ops", "eval " * 10), ("none", ""), ("x", 1)]))
    assert all(len(line) < 30 for line in shown.splitlines())
    assert "none" not in shown
    narrow = text_of(facts(12, [("round trip", "1 ms")]))
    assert narrow == "round trip\n  1 ms\n"


def test_a_time_of_the_other_side_is_so_long_ago() -> None:
    assert ago(1_000_000, now=1_200) == "3 min 20 s ago"
    assert ago(1_000_000, now=1_003.2) == "3 s ago"
    assert ago(1_000_000, now=1_000) == "now"
    assert ago(None) == ago("soon") == ""


# The log of the wire.


def test_the_log_keeps_the_last_messages_each_shortened() -> None:
    log = WireLog(3, 100)
    for number in range(5):
        log.record(number % 2 == 0, {"op": "eval", "n": number, "code": "x" * 10_000})
    assert len(log) == 3
    assert log.forgotten == 2
    lines = [logged.line for logged in log.last(10)]
    assert ['"n": 2' in lines[0], '"n": 4' in lines[2]] == [True, True]
    assert "-->" in lines[0]
    assert "<--" in lines[1]
    assert all(len(line) < 130 and line.endswith("…") for line in lines)


def test_the_log_holds_no_token_and_no_escapes() -> None:
    log = WireLog(3, 1000)
    log.record(True, {"op": "describe", "repl-server/token": "hunter2-hunter2-hunter2"})
    log.record(False, {"out": "\x1b[2J", "deep": [[[[[[[[[[1]]]]]]]]]]})
    text = "".join(logged.line for logged in log.last(2))
    assert "hunter2" not in text
    assert "\x1b" not in text


# What is meant by a part of an id.


@pytest.mark.parametrize(
    ("typed", "found"),
    [("10e4-1", "10e4-1"), ("1", "10e4-1"), ("12", "10e4-12"), ("ab", "ab77"), ("10e", None)],
)
def test_a_part_of_an_id_will_do(typed: str, found: str | None) -> None:
    front_end = RecordingFrontEnd()
    known = ["10e4-1", "10e4-12", "ab77", "ab77"]
    assert chosen(front_end, typed, known, "job") == found
    if found is None:
        assert front_end.problems == ["10e is the beginning of 2 jobs: 10e4-1, 10e4-12."]


def test_files_complete_with_directories_marked(tmp_path: Path) -> None:
    (tmp_path / "setup.py").touch()
    (tmp_path / "settings").mkdir()
    (tmp_path / ".secret").touch()
    start = f"{tmp_path}/"
    assert list(complete_path(f"{start}se")) == [f"{start}settings/", f"{start}setup.py"]
    assert list(complete_path(f"save {start}")) == [f"{start}settings/", f"{start}setup.py"]
    assert list(complete_path(f"{start}.s")) == [f"{start}.secret"]
    assert list(complete_path(f"{start}no/such")) == []


# Held errors.


def test_the_notice_of_a_held_error_says_what_to_type() -> None:
    text = (
        "update failed, and is held here as h1: ValueError: \x1b[1mbad\n"
        'Mend it, then evaluate: import repl_server; repl_server.restart("retry") '
        '(or "continue", "abort").\n'
    )
    shown = text_of(held_notice(Output("err", text, late=True, held="h1")))
    assert "ValueError: ^[[1mbad\n" in shown
    assert "Mend it, then ,retry (or ,continue, ,abort). ,held h1 shows where" in shown
    assert "import repl_server" not in shown
    assert ",retry" not in text_of(
        held_notice(Output("err", text.replace('"retry"', '"continue"'), held="h1"))
    )


# Values.


def test_the_last_value_is_saved_paged_and_piped(tmp_path: Path) -> None:
    front_end = RecordingFrontEnd(language=PYTHON)
    front_end.type(f",save {tmp_path}/value")
    front_end.type(",page")
    front_end.type(",pipe wc -l")
    assert front_end.problems == ["There is no value yet."] * 3
    front_end.values.show(Value("[1,\n 2]"), rows=1, columns=80)
    front_end.type(f",save {tmp_path}/value")
    front_end.type(f",save {tmp_path}/no/such")
    front_end.type(",page")
    front_end.type(",pipe wc -l")
    front_end.type(",more")
    front_end.type(",traceback")
    assert (tmp_path / "value").read_text() == "[1,\n 2]\n"
    assert front_end.problems[3] == f"{tmp_path}/no/such: No such file or directory."
    assert front_end.paged == ["[1,\n 2]\n"]
    assert front_end.did == ["pipe wc -l [1,\n 2]", "more", "traceback"]


# Settings.


def test_set_lists_shows_and_changes() -> None:
    front_end = RecordingFrontEnd()
    front_end.type(",set")
    assert "prompt.theme" in front_end.shown
    front_end.type(",set theme")
    assert "takes" in front_end.shown
    assert "one of auto, light, dark, native" in front_end.shown
    front_end.type(",set theme dark")
    assert front_end.settings.prompt.theme == "dark"
    assert 'prompt.theme = "dark" until you leave.' in front_end.shown
    front_end.type(',set prompt.editor "vim -f"')
    assert front_end.settings.prompt.editor == "vim -f"
    front_end.type(",set log.messages = 7")
    assert front_end.settings.log.messages == 7


def test_set_does_not_claim_to_change_what_only_the_start_uses() -> None:
    front_end = RecordingFrontEnd()
    for change in ("history.size 0", "history.path /tmp", "connection.wait 3", "timeout 3"):
        front_end.type(f",set {change}")
        assert "is used when the client starts: set it in the file" in front_end.problems[-1]
    assert front_end.settings.history.size == 10_000


def test_set_names_the_nearest_of_what_is_wrong() -> None:
    front_end = RecordingFrontEnd()
    front_end.type(",set prompt.them dark")
    front_end.type(",set prompt.theme drak")
    assert "did you mean `prompt.theme`?" in front_end.problems[0]
    assert "did you mean `dark`?" in front_end.problems[1]
    assert front_end.settings.prompt.theme == "auto"


def test_set_shows_where_a_value_comes_from() -> None:
    front_end = RecordingFrontEnd()
    front_end.settings = with_setting(front_end.settings, "prompt.theme", "light")
    front_end.type(",set prompt.theme")
    assert ["from", "set"] in [line.split() for line in front_end.shown.splitlines()]


@pytest.mark.parametrize(
    ("typed", "candidates"),
    [
        (",set prompt.th", ["prompt.theme"]),
        (",set prompt.theme d", ["dark"]),
        (",set prompt.mouse ", ["true", "false"]),
        (",session cl", ["clone", "close"]),
        (",log s", ["save"]),
        (",help sess", ["sessions", "session"]),
        (",events cl", ["clients"]),
        (",reconnect s", ["stop"]),
    ],
)
def test_arguments_complete(typed: str, candidates: list[str]) -> None:
    name, _, argument = typed[1:].partition(" ")
    complete = commands(PYTHON)[name].complete
    assert complete is not None
    assert list(complete(argument)) == candidates
