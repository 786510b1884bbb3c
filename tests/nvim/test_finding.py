"""Which `repl-connect` the plugin runs, wherever it was installed and whatever is edited."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from subprocess import run
from typing import NamedTuple

import pytest
from nvim.isolated import PLUGIN

_ASK = """lua
local found, problem = require('repl_connect.finding').found()
local command = require('repl_connect.finding').command()
io.stdout:write(vim.fn.json_encode({
  argv = found and found.argv or {}, command = command or {}, problem = problem or '',
}))
"""


class Found(NamedTuple):
    argv: list[str]
    command: list[str]
    problem: str


def program(path: Path) -> Path:
    """Something that can be run."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def environment(root: Path) -> Path:
    """A virtual environment that has repl-connect; the program."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "pyvenv.cfg").touch()
    return program(root / "bin" / "repl-connect")


def plugin(root: Path) -> Path:
    """A copy of the part of the plugin that finds."""
    lua = root / "lua" / "repl_connect"
    lua.mkdir(parents=True)
    shutil.copy(PLUGIN / "lua" / "repl_connect" / "finding.lua", lua)
    return root


Find = Callable[..., Found]


@pytest.fixture
def find(neovim: Path, tmp_path: Path) -> Find:
    """What is found by a plugin, from a directory, with these on PATH and in the environment."""

    def found(
        where: Path,
        *,
        path: tuple[Path | str, ...] = (),
        here: Path | None = None,
        setting: str = "",
        variables: Mapping[str, str] | None = None,
    ) -> Found:
        (tmp_path / "home").mkdir(exist_ok=True)
        done = run(
            [
                *(
                    neovim,
                    "--headless",
                    "--clean",
                    "--cmd",
                    f"lua vim.opt.runtimepath:append([==[{where}]==])",
                ),
                *("--cmd", f"lua {setting}" if setting else "", "-c", _ASK, "-c", "qa!"),
            ],
            cwd=here or tmp_path,
            env={
                "HOME": str(tmp_path / "home"),
                "PATH": os.pathsep.join(map(str, path)),
                **(variables or {}),
            },
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
        )
        return Found(**json.loads(done.stdout))

    return found


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A plugin that was copied somewhere by itself."""
    return plugin(tmp_path / "copied")


def test_the_environment_that_it_was_installed_in(find: Find, tmp_path: Path) -> None:
    ours = environment(tmp_path / "venv")
    where = plugin(tmp_path / "venv/lib/python3.11/site-packages/repl_connect/editors/nvim")
    other = program(tmp_path / "bin" / "repl-connect")
    found = find(where, path=(other.parent,))
    assert found == Found([str(ours)], [str(ours), "nvim-host"], "")


def test_through_the_link_that_install_makes(find: Find, tmp_path: Path) -> None:
    ours = environment(tmp_path / "venv")
    where = plugin(tmp_path / "venv/lib/python3.11/site-packages/repl_connect/editors/nvim")
    link = tmp_path / "home" / "repl-connect"
    link.parent.mkdir()
    link.symlink_to(where)
    assert find(link).argv == [str(ours)]


def test_a_python_that_is_no_virtual_environment(find: Find, tmp_path: Path) -> None:
    ours = program(tmp_path / "usr/bin/repl-connect")
    assert find(plugin(tmp_path / "usr/lib/python3/dist-packages/r/editors/nvim")).argv == [
        str(ours)
    ]


def test_the_environment_of_its_checkout(find: Find, tmp_path: Path) -> None:
    (tmp_path / "checkout/client/repl_connect").mkdir(parents=True)
    ours = environment(tmp_path / "checkout/.venv")
    assert find(plugin(tmp_path / "checkout/editors/nvim")).argv == [str(ours)]


def test_not_the_environment_of_any_other_directory_above(find: Find, tmp_path: Path) -> None:
    environment(tmp_path / "elsewhere/.venv")
    found = find(plugin(tmp_path / "elsewhere/editors/nvim"))
    assert found.argv == []
    assert "pipx install 'repl-connect[nvim]'" in found.problem


def test_a_checkout_without_one_says_how_to_make_it(find: Find, tmp_path: Path) -> None:
    root = tmp_path / "my checkout"
    (root / "client/repl_connect").mkdir(parents=True)
    found = find(plugin(root / "editors" / "nvim"))
    assert found.argv == []
    command = found.problem.partition("Make it: ")[2]
    there = run(
        ["sh", "-c", command.partition(" && ")[0] + " && pwd"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert there.stdout == f"{root}\n"
    assert ".venv/bin/pip install -e '.[nvim]'" in command


def test_the_one_on_path(find: Find, bare: Path, tmp_path: Path) -> None:
    """A link into an environment is as good as a program: so pipx does it."""
    into = environment(tmp_path / "pipx" / "venvs" / "repl-connect")
    link = tmp_path / "bin" / "repl-connect"
    link.parent.mkdir()
    link.symlink_to(into)
    assert find(bare, path=("relative", tmp_path / "none", link.parent)).argv == [str(link)]


def test_not_the_active_environment(find: Find, bare: Path, tmp_path: Path) -> None:
    theirs = environment(tmp_path / "envs" / "project")
    ours = program(tmp_path / "bin" / "repl-connect")
    active = {"VIRTUAL_ENV": f"{theirs.parents[1]}"}
    assert find(bare, path=(theirs.parent, ours.parent), variables=active).argv == [str(ours)]
    found = find(bare, path=(theirs.parent,), variables=active)
    assert found.argv == []
    assert str(theirs) in found.problem
    assert "pipx install 'repl-connect[nvim]'" in found.problem


@pytest.mark.parametrize("below", ["", "src/deep"])
def test_not_the_environment_of_the_project(
    find: Find, bare: Path, tmp_path: Path, below: str
) -> None:
    project = tmp_path / "project"
    theirs = environment(project / ".venv")
    (project / "pyproject.toml").touch()
    (project / below).mkdir(parents=True, exist_ok=True)
    assert find(bare, path=(theirs.parent,), here=project / below).argv == []
    assert find(bare, path=(theirs.parent,), here=tmp_path).argv == [str(theirs)]


def test_an_environment_at_home_is_of_no_project(find: Find, bare: Path, tmp_path: Path) -> None:
    ours = environment(tmp_path / "home" / "venv")
    assert find(bare, path=(ours.parent,), here=tmp_path / "home").argv == [str(ours)]


@pytest.mark.parametrize(
    ("given", "argv"),
    [
        ("'{bin}/client'", ["{bin}/client"]),
        ("'{bin}/client -m repl_connect'", ["{bin}/client", "-m", "repl_connect"]),
        ("{{'{bin}/client', '-m', 'x y'}}", ["{bin}/client", "-m", "x y"]),
        ("'~/client'", ["{home}/client"]),
        ("'client'", ["client"]),
    ],
)
def test_the_setting_goes_before_all(
    find: Find, tmp_path: Path, given: str, argv: list[str]
) -> None:
    environment(tmp_path / "venv")
    where = plugin(tmp_path / "venv/lib/python3.11/site-packages/repl_connect/editors/nvim")
    places = {"bin": str(tmp_path / "bin"), "home": str(tmp_path / "home")}
    for place in places.values():
        program(Path(place, "client"))
    setting = f"vim.g.repl_connect_cmd = {given.format(**places)}"
    found = find(where, setting=setting, path=(places["bin"],))
    expected = [word.format(**places) for word in argv]
    assert found == Found(expected, [*expected, "nvim-host"], "")


@pytest.mark.parametrize("given", ["'/no/such/program'", "{}", "7", "''"])
def test_a_setting_that_can_not_be_run_is_said(find: Find, tmp_path: Path, given: str) -> None:
    environment(tmp_path / "venv")
    where = plugin(tmp_path / "venv/lib/python3.11/site-packages/repl_connect/editors/nvim")
    found = find(where, setting=f"vim.g.repl_connect_cmd = {given}")
    assert found.argv == []
    assert "g:repl_connect_cmd is" in found.problem
    assert "Set it to" in found.problem
