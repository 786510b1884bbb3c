"""`repl-connect config`, and the table for the documents."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from repl_connect.errors import UsageError
from repl_connect.exit_codes import ExitCode
from repl_connect.settings.command import config_command
from repl_connect.settings.document import option_table
from repl_connect.settings.options import OPTIONS

Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "own.toml"
    monkeypatch.setenv("REPL_CONNECT_CONFIG", str(path))
    return path


def test_path_is_printed_and_nothing_made(file: Path, capsys: Captured) -> None:
    assert config_command(["path"]) == ExitCode.OK
    assert capsys.readouterr().out == f"{file}\n"
    assert not file.exists()


def test_show_tells_values_and_their_origins(file: Path, capsys: Captured) -> None:
    file.write_text("[prompt]\ntheme = 'dark'\n")
    assert config_command(["show"]) == ExitCode.OK
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(OPTIONS)
    assert 'prompt.theme = "dark"' in " ".join(lines)
    by_name = {line.split()[0]: line.rsplit("# ", 1)[1] for line in lines}
    assert by_name["prompt.theme"] == "file"
    assert by_name["prompt.keys"] == "default"


@pytest.mark.parametrize(
    ("name", "printed"),
    [("prompt.theme", "dark"), ("theme", "dark"), ("mouse", "false"), ("history.size", "10000")],
)
def test_show_one(file: Path, capsys: Captured, name: str, printed: str) -> None:
    file.write_text("[prompt]\ntheme = 'dark'\n")
    assert config_command(["show", name]) == ExitCode.OK
    assert capsys.readouterr().out == f"{printed}\n"


def test_show_as_json(file: Path, capsys: Captured) -> None:
    file.write_text("[prompt]\ntheme = 'dark'\n")
    assert config_command(["show", "--json"]) == ExitCode.OK
    document = json.loads(capsys.readouterr().out)
    assert document["prompt.theme"] == {"value": "dark", "origin": "file"}
    assert document["history.size"] == {"value": 10_000, "origin": "default"}
    assert list(document) == list(OPTIONS)


def test_show_of_what_is_not_there(file: Path) -> None:
    file.write_text("")
    with pytest.raises(UsageError, match=r"did you mean `prompt\.theme`"):
        config_command(["show", "teme"])


def test_check_says_problems(file: Path, capsys: Captured) -> None:
    file.write_text("[keys]\nsent = 'f5'\n")
    assert config_command(["check"]) == ExitCode.OK
    assert capsys.readouterr() == ("", "")
    assert config_command(["check"], actions=["send"]) == ExitCode.USAGE
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == f"{file}:2: there is no action `sent`; did you mean `send`?\n"


def test_the_table_has_every_option() -> None:
    table = option_table()
    for name in OPTIONS:
        section, _, key = name.partition(".")
        assert f"### [{section}]" in table
        assert f"| `{key}` |" in table
