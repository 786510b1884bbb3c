"""`repl-connect editor nvim`: the path, the lines for package managers, the link."""

from __future__ import annotations

import os
import shutil
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import run

import pytest
from client.command import Finished, repl_connect
from nvim.editor import Editor
from nvim.isolated import PLUGIN

from repl_connect.editors import EDITORS
from repl_connect.editors.help_tags import help_tags, write_help_tags

SNIPPETS = ("lazy", "vim-plug", "packer", "native", "runtimepath")

MANAGERS = {
    "lazy": "local list = {\nSNIPPET\n}\ngiven = {list[1].dir, list[1].name}",
    "packer": "local function use(it) given = {it[1], it.as} end\nSNIPPET",
    "vim-plug": """vim.cmd([==[
        command! -nargs=+ Plug let g:given = [<args>]
        SNIPPET
    ]==])
    given = {vim.g.given[1], vim.g.given[2].as}""",
}
"""What stands for a package manager: Lua that leaves in `given` what it was given."""


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The data directory of the user who installs."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.delenv("NVIM_APPNAME", raising=False)
    return tmp_path / "data"


@pytest.fixture
def link(data: Path) -> Path:
    return data / "nvim/site/pack/repl-connect/start/repl-connect"


def editor_nvim(*arguments: str) -> Finished:
    return repl_connect("editor", "nvim", *arguments)


def missing(plugin: str) -> str | None:
    by_link = EDITORS["nvim"].by_link
    assert by_link is not None
    return by_link.missing(plugin)


def snippet(name: str) -> str:
    done = editor_nvim("--snippet", name)
    assert done.code == 0
    assert done.err.startswith("# ")
    return done.out


class TestThePath:
    def test_is_all_there_is_on_standard_output(self) -> None:
        done = editor_nvim()
        assert (done.code, done.out) == (0, f"{PLUGIN}\n")
        assert "repl-connect editor nvim --install" in done.err

    def test_costs_little_where_a_configuration_asks_for_it(self) -> None:
        code = (
            "import sys; from repl_connect.cli import main_exit; "
            "main_exit(['editor', 'nvim']); print(*sys.modules)"
        )
        done = run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        loaded = {module.partition(".")[0] for module in done.stdout.split()}
        assert not loaded & {"asyncio", "dataclasses", "prompt_toolkit", "pygments", "pynvim"}

    def test_an_editor_there_is_no_plugin_for(self) -> None:
        done = repl_connect("editor", "ed")
        assert done.code == 2
        assert "choose from" in done.err

    def test_only_one_thing_at_a_time(self) -> None:
        done = editor_nvim("--install", "--uninstall")
        assert done.code == 2
        assert "either --install or --uninstall" in done.err


class TestSnippets:
    def test_there_is_one_for_each_way_to_load_a_plugin(self) -> None:
        assert tuple(EDITORS["nvim"].snippets) == SNIPPETS

    def test_one_there_is_not(self) -> None:
        done = editor_nvim("--snippet", "pathogen")
        assert done.code == 2
        assert all(name in done.err for name in SNIPPETS)

    def test_runtimepath(self, start_editor: Callable[..., Editor]) -> None:
        editor = start_editor(plugin=False, config=snippet("runtimepath"))
        assert editor.eval("exists(':ReplConnect')") == 2

    def test_native(self, start_editor: Callable[..., Editor], data: Path) -> None:
        run(["sh", "-eu"], input=snippet("native"), text=True, check=True)
        editor = start_editor(plugin=False, environment={"XDG_DATA_HOME": str(data)})
        assert editor.eval("exists(':ReplConnect')") == 2

    @pytest.mark.parametrize("name", MANAGERS)
    @pytest.mark.parametrize("path", [str(PLUGIN), """/a "quoted" \\ it's/nvim"""])
    def test_a_manager_gets_the_path_and_a_name(
        self, start_editor: Callable[..., Editor], name: str, path: str
    ) -> None:
        """Without one the plugin would be called as its directory is, `nvim`."""
        assert EDITORS["nvim"].snippets[name].lines(str(PLUGIN)) + "\n" == snippet(name)
        lines = EDITORS["nvim"].snippets[name].lines(path)
        editor = start_editor(plugin=False, config=MANAGERS[name].replace("SNIPPET", lines))
        assert editor.lua("return given") == [path, "repl-connect"]


class TestInstalling:
    def test_makes_the_link_and_says_so(self, link: Path) -> None:
        done = editor_nvim("--install")
        assert (done.code, done.err) == (0, "")
        assert f"Installed: {link} leads to {PLUGIN}." in done.out
        assert ":ReplConnect" in done.out
        assert link.readlink() == PLUGIN

    def test_makes_the_help_tags(self, start_editor: Callable[..., Editor], data: Path) -> None:
        editor_nvim("--install")
        editor = start_editor(plugin=False, environment={"XDG_DATA_HOME": str(data)})
        editor.command("help :ReplConnect")
        assert editor.eval("expand('%:t')") == "repl-connect.txt"

    def test_twice_is_as_once(self, link: Path) -> None:
        editor_nvim("--install")
        done = editor_nvim("--install")
        assert done.code == 0
        assert "installed already" in done.out
        assert link.readlink() == PLUGIN

    @pytest.mark.parametrize("there", [True, False])
    def test_takes_the_place_of_another_installation(
        self, link: Path, tmp_path: Path, there: bool
    ) -> None:
        other = tmp_path / "gone/site-packages/repl_connect/editors/nvim"
        if there:
            other.mkdir(parents=True)
        link.parent.mkdir(parents=True)
        link.symlink_to(other)
        done = editor_nvim("--install")
        assert done.code == 0
        assert f"no longer to {other}" in done.out
        assert link.readlink() == PLUGIN
        assert list(link.parent.iterdir()) == [link]

    def test_of_another_configuration(self, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("NVIM_APPNAME", "small")
        editor_nvim("--install")
        assert (data / "small/site/pack/repl-connect/start/repl-connect").is_symlink()

    def test_without_a_data_directory_of_ones_own(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("XDG_DATA_HOME", "relative")  # which means nothing, so it does not count
        monkeypatch.setenv("HOME", str(tmp_path))
        editor_nvim("--install")
        link = tmp_path / ".local/share/nvim/site/pack/repl-connect/start/repl-connect"
        assert link.readlink() == PLUGIN

    @pytest.mark.parametrize("what", ["--install", "--uninstall"])
    @pytest.mark.parametrize("kind", ["directory", "file", "link"])
    def test_what_is_not_ours_is_left_alone(
        self, link: Path, tmp_path: Path, what: str, kind: str
    ) -> None:
        link.parent.mkdir(parents=True)
        if kind == "directory":
            (link / "plugin").mkdir(parents=True)
        elif kind == "file":
            link.write_text("mine")
        else:
            link.symlink_to(tmp_path)
        before = link.lstat()
        done = editor_nvim(what)
        assert (done.code, done.out) == (2, "")
        assert str(link) in done.err
        assert "Nothing was changed" in done.err
        after = link.lstat()
        assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)

    def test_where_nothing_can_be_made(self, data: Path) -> None:
        data.write_text("a file")
        done = editor_nvim("--install")
        assert done.code == 2
        assert str(data) in done.err
        assert "Traceback" not in done.err


class TestWhetherItFindsThisInstallation:
    @pytest.mark.parametrize(
        ("prefix", "plugin"),
        [
            ("/venv", "/venv/lib/python3.11/site-packages/repl_connect/editors/nvim"),
            ("/usr", "/usr/lib/python3/dist-packages/repl_connect/editors/nvim"),
            ("/usr", "/home/me/.local/lib/python3.11/site-packages/repl_connect/editors/nvim"),
            ("/venv", "/venv/src/repl-connect/editors/nvim"),
            ("/checkout/.venv", "/checkout/editors/nvim"),
        ],
    )
    def test_where_it_does(self, monkeypatch: pytest.MonkeyPatch, prefix: str, plugin: str) -> None:
        monkeypatch.setattr("sys.prefix", prefix)
        assert missing(plugin) is None

    def test_an_environment_elsewhere_with_an_editable_installation(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("sys.prefix", "/venv")
        said = missing("/checkout/editors/nvim")
        assert said is not None
        assert 'vim.g.repl_connect_cmd = { "/venv/bin/repl-connect" }' in said


class TestUninstalling:
    def test_removes_the_link_and_what_was_made_for_it(self, link: Path, data: Path) -> None:
        editor_nvim("--install")
        done = editor_nvim("--uninstall")
        assert (done.code, done.err) == (0, "")
        assert f"Removed: {link}, which led to {PLUGIN}." in done.out
        assert list((data / "nvim/site/pack").iterdir()) == []
        assert (PLUGIN / "plugin").is_dir()

    def test_leaves_what_else_is_there(self, link: Path) -> None:
        editor_nvim("--install")
        (link.parent / "another").mkdir()
        editor_nvim("--uninstall")
        assert [path.name for path in link.parent.iterdir()] == ["another"]

    def test_nothing_to_remove(self, link: Path) -> None:
        done = editor_nvim("--uninstall")
        assert (done.code, done.err) == (0, "")
        assert done.out == f"Nothing to remove: there is no {link}.\n"


class TestHelpTags:
    def test_are_those_that_neovim_makes(self, neovim: Path, tmp_path: Path) -> None:
        doc = tmp_path / "doc"
        doc.mkdir()
        shutil.copy(PLUGIN / "doc" / "repl-connect.txt", doc)
        (doc / "more.txt").write_text("*more* x *a/b\\c* *no good* `*x*` *bar|*\n\t*end*\t\n*é*\n")
        made = help_tags(str(doc))
        run([neovim, "--clean", "--headless", "-c", f"helptags {doc}", "-c", "qa!"], check=True)
        assert [each for each in (doc / "tags").read_bytes().splitlines() if each[:1] != b"!"] == (
            made.splitlines()
        )

    def test_are_written_when_they_are_not_there_or_old(self, tmp_path: Path) -> None:
        (tmp_path / "x.txt").write_text("*one*\n")
        assert write_help_tags(str(tmp_path))
        assert not write_help_tags(str(tmp_path))
        (tmp_path / "x.txt").write_text("*two*\n")
        assert write_help_tags(str(tmp_path))
        assert (tmp_path / "tags").read_text() == "two\tx.txt\t/*two*\n"

    def test_that_are_there_need_not_be_written(self, tmp_path: Path) -> None:
        """As in an installation that belongs to root."""
        (tmp_path / "x.txt").write_text("*one*\n")
        write_help_tags(str(tmp_path))
        (tmp_path / "tags").chmod(stat.S_IRUSR)
        written = os.stat(tmp_path / "tags").st_mtime_ns
        assert not write_help_tags(str(tmp_path))
        assert os.stat(tmp_path / "tags").st_mtime_ns == written
