"""Installed from the wheel, with no configuration; and `:checkhealth`, when something is wrong."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from subprocess import run

import pytest
from editors.environments import HOST_NEEDS, Environment, built_wheel
from editors.programs import Program
from nvim.editor import Editor
from nvim.isolated import PLUGIN

from repl_connect import __version__


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built_wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def without_pynvim(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Environment:
    """What `pip install repl-connect` makes."""
    return Environment(tmp_path_factory.mktemp("bare") / "venv", wheel)


@pytest.fixture(scope="module")
def complete(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Environment:
    """What `pip install 'repl-connect[nvim]'` makes."""
    environment = Environment(tmp_path_factory.mktemp("complete") / "my venv", wheel)
    environment.add(HOST_NEEDS)
    return environment


class Installed:
    """A user who runs `--install` of an environment, then Neovim with no configuration."""

    def __init__(self, start: Callable[..., Editor], data: Path) -> None:
        self._start = start
        self._variables = {"XDG_DATA_HOME": str(data)}

    def install(self, environment: Environment) -> tuple[str, str]:
        """What it said, on standard output and on standard error."""
        done = run(
            [environment.command, "editor", "nvim", "--install"],
            env={**os.environ, **self._variables},
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        return done.stdout, done.stderr

    def editor(self) -> Editor:
        return self._start(
            arguments=("-u", "NORC"),
            columns=400,  # what does not fit waits for Enter
            command=None,
            plugin=False,
            environment=self._variables,
        )


@pytest.fixture
def installed(start_editor: Callable[..., Editor], tmp_path: Path) -> Installed:
    return Installed(start_editor, tmp_path / "data")


def health(editor: Editor) -> str:
    """What `:checkhealth repl_connect` reports."""
    editor.command("checkhealth repl_connect")
    lines = editor.until(
        lambda: [line.strip() for line in editor.lines() if line.strip()], "a report"
    )
    return "\n".join(lines)


def is_green(report: str) -> bool:
    return "OK" in report and not re.search(r"\b(WARNING|ERROR)\b", report)


class TestFromTheWheel:
    def test_it_works_at_once(
        self, installed: Installed, complete: Environment, python_server: Program
    ) -> None:
        out, err = installed.install(complete)
        assert "site-packages/repl_connect/editors/nvim" in out
        assert err == ""
        editor = installed.editor()
        editor.command(f"ReplConnect {python_server.address}")
        editor.until_said("Python")
        editor.open("x.py", "6 * 7\n")
        editor.command("ReplEvalBuffer")
        editor.until_shown(0, "42")
        (host,) = editor.isolated.processes().values()
        assert str(complete.path) in host

    def test_health_is_green(self, installed: Installed, complete: Environment) -> None:
        installed.install(complete)
        report = health(installed.editor())
        assert is_green(report), report
        assert complete.command in report
        assert __version__ in report

    def test_the_help_is_there(self, installed: Installed, complete: Environment) -> None:
        """Without `:helptags`: the wheel has them, since an installation may be read-only."""
        installed.install(complete)
        assert (_plugin(complete) / "doc" / "tags").is_file()
        editor = installed.editor()
        editor.command("help repl-connect-python")
        assert editor.eval("expand('%:t')") == "repl-connect.txt"

    def test_it_is_the_plugin_of_the_checkout(self, complete: Environment) -> None:
        def files(root: Path) -> set[Path]:
            return {path.relative_to(root) for path in root.rglob("*") if path.is_file()}

        assert files(_plugin(complete)) == files(PLUGIN) | {Path("doc/tags")}


class TestWithoutPynvim:
    def test_installing_says_so(self, installed: Installed, without_pynvim: Environment) -> None:
        out, err = installed.install(without_pynvim)
        assert "Installed: " in out
        assert err == f"{_lacking(without_pynvim)}\n"

    def test_the_first_command_says_so(
        self, installed: Installed, without_pynvim: Environment
    ) -> None:
        installed.install(without_pynvim)
        editor = installed.editor()
        editor.command("ReplConnect ./x.sock")
        editor.until_said("needs pynvim")
        assert _lacking(without_pynvim).rpartition(": ")[2] in editor.messages()

    def test_health_says_so(self, installed: Installed, without_pynvim: Environment) -> None:
        installed.install(without_pynvim)
        report = health(installed.editor())
        assert "needs pynvim" in report
        assert report.count("ERROR") == 1
        assert _lacking(without_pynvim).rpartition(": ")[2] in report

    @pytest.mark.parametrize(
        ("note", "remedy"),
        [
            ("bin/pip", "{path}/bin/pip install pynvim"),
            ("pipx_metadata.json", "pipx inject venv pynvim"),
            ("uv-receipt.toml", "uv tool install --with pynvim repl-connect"),
        ],
    )
    def test_the_remedy_is_that_of_who_made_the_environment(
        self, without_pynvim: Environment, note: str, remedy: str
    ) -> None:
        path = without_pynvim.path / note
        path.touch()
        try:
            done = run(
                [without_pynvim.command, "nvim-host"],
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
        finally:
            path.unlink()
        assert done.returncode == 2
        assert done.stderr.endswith(f": {remedy.format(path=without_pynvim.path)}\n")
        assert done.stderr.count("\n") == 1


class TestHealth:
    def test_of_a_checkout_is_green(self, start_editor: Callable[..., Editor]) -> None:
        report = health(start_editor(command=None))
        assert is_green(report), report
        assert 'begin with your <LocalLeader>, ",".' in report

    def test_shows_the_connections(self, editor: Editor, python_server: Program) -> None:
        editor.command(f"ReplConnect {python_server.address}")
        editor.until_said("Python")
        report = health(editor)
        assert f"{python_server.address}: connected" in report

    def test_a_project_with_modules_that_have_our_names(
        self, start_editor: Callable[..., Editor], tmp_path: Path, python_server: Program
    ) -> None:
        """With PYTHONPATH they would be the host's."""
        for name in ("argparse", "asyncio", "pynvim", "repl_connect"):
            (tmp_path / f"{name}.py").write_text("raise SystemExit('the wrong one')\n")
        editor = start_editor(environment={"PYTHONPATH": str(tmp_path), "PYTHONHOME": "/none"})
        assert is_green(health(editor))
        editor.command(f"ReplConnect {python_server.address}")
        editor.until_said("Python")

    def test_a_plugin_that_was_not_run(self, start_editor: Callable[..., Editor]) -> None:
        """As lazy.nvim has it for a plugin in a subdirectory."""
        report = health(start_editor(config="vim.g.loaded_repl_connect = 1"))
        assert "commands are missing" in report
        assert "repl-connect editor nvim --snippet" in report

    def test_two_of_it(self, start_editor: Callable[..., Editor], tmp_path: Path) -> None:
        other = tmp_path / "other" / "lua" / "repl_connect"
        other.mkdir(parents=True)
        (other / "finding.lua").touch()
        editor = start_editor(config=f"vim.opt.runtimepath:append('{tmp_path}/other')")
        report = health(editor)
        assert "more than one" in report
        assert f"{tmp_path}/other" in report

    def test_a_command_that_is_not_there(self, start_editor: Callable[..., Editor]) -> None:
        report = health(start_editor(command=["/no/such/repl-connect"]))
        assert "g:repl_connect_cmd is" in report
        assert "Set it to" in report

    def test_a_command_that_is_something_else(self, start_editor: Callable[..., Editor]) -> None:
        report = health(start_editor(command=["/bin/echo", "hello"]))
        assert "hello --version" in report
        assert "Set g:repl_connect_cmd to another" in report

    def test_a_command_of_another_version(
        self, start_editor: Callable[..., Editor], tmp_path: Path
    ) -> None:
        other = tmp_path / "repl-connect"
        other.write_text("#!/bin/sh\necho repl-connect 9.9\n")
        other.chmod(0o755)
        report = health(start_editor(command=[str(other)]))
        assert f"of version {__version__}" in report
        assert "of 9.9" in report

    def test_without_the_default_maps(self, start_editor: Callable[..., Editor]) -> None:
        report = health(start_editor(config="vim.g.repl_connect_no_mappings = true"))
        assert is_green(report), report
        assert "maps are off" in report

    def test_the_version_is_the_clients(self, editor: Editor) -> None:
        assert editor.lua("return require('repl_connect.version')") == __version__


def _plugin(environment: Environment) -> Path:
    (found,) = environment.path.glob("lib/python*/site-packages/repl_connect/editors/nvim")
    return found


def _lacking(environment: Environment) -> str:
    return (
        f"The Neovim plugin needs pynvim, which is missing in {environment.path}. "
        f"Install it there: uv pip install --python {environment.python} pynvim"
    )
