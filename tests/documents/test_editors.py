"""What the documents say to type in Emacs and in Neovim, typed there."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from client.programs import PythonProgram
from documents.reading import Block
from documents.showing import shows, text_of
from documents.user import User
from emacs.isolated import EMACS, Isolated
from emacs.screen import Screen
from guile.programs import GUILE, free_port
from nvim.editor import Editor

_NVIM = shutil.which("nvim")
_KEYS = re.compile(r"M-x (\S+) RET(?: (\S+) RET)?")
_AT_ONCE = "(setq extended-command-suggest-shorter nil)"
"""Else Emacs 28 may drop what is typed after M-x, as the manual says."""

needs_emacs = pytest.mark.skipif(EMACS is None, reason="needs emacs")
needs_guile = pytest.mark.skipif(GUILE is None, reason="needs guile")
needs_nvim = pytest.mark.skipif(_NVIM is None, reason="needs nvim")


@needs_emacs
@shows(
    "client/README.md#emacs",
    "client/README.md#emacs (2)",
    "editors/emacs/README.md#installation",
    "editors/emacs/README.md#the-first-minute",
    "editors/emacs/README.md#the-first-minute (2)",
)
def test_emacs(shown: list[Block], user: User) -> None:
    """The lines it prints load the package; then the keys, in an Emacs in a program's directory."""
    assert _AT_ONCE in text_of("editors/emacs/README.md")
    printing, keys, all_printing, same_keys, hooks = shown
    (load_path,) = printing.steps
    assert load_path.command in [step.command for step in all_printing.steps]
    for step in all_printing.steps:
        assert "repl-connect" in "\n".join(user.succeed(step.command))
    lines = [line for line in user.run(load_path.command).lines if not line.startswith("#")]
    config = "\n".join([*lines, hooks.text, _AT_ONCE]).replace("/home/ada", str(user.home))
    home = Isolated(user.directory / "emacs", command=False)
    (home.project / "x.py").write_text("6 * 7\n", encoding="utf-8")
    with PythonProgram(str(home.project / "guile-socket")):
        screen = Screen(home, "x.py", config=config, packages=())
        try:
            file = screen.evaluate('(locate-library "repl-connect")')
            assert str(user.installed.path) in file
            screen.until_value('(buffer-local-value (quote repl-connect-mode) (get-buffer "x.py"))')
            for each in (keys, same_keys):
                found = _KEYS.fullmatch(each.text)
                assert found is not None, each.text
                screen.run(found[1], found[2])
                screen.until("repl-server")
            screen.enter("6 * 7")
            screen.until_line("42")
        finally:
            screen.close()


@pytest.fixture
def edit(complete_user: User) -> Iterator[Callable[[], Editor]]:
    """Start a Neovim that has nothing but what was installed by `repl-connect editor nvim`."""
    editors: list[Editor] = []

    def started() -> Editor:
        assert _NVIM is not None
        data = str(complete_user.home / ".local/share")
        editors.append(
            Editor(
                Path(_NVIM),
                arguments=("-u", "NORC"),
                columns=400,  # what does not fit waits for Enter
                command=None,
                plugin=False,
                environment={"XDG_DATA_HOME": data},
            )
        )
        return editors[-1]

    yield started
    for each in editors:
        each.close()


@needs_nvim
@needs_guile
@shows(
    "client/README.md#neovim",
    "client/README.md#neovim (2)",
    "editors/nvim/doc/repl-connect.txt#installation",
    "editors/nvim/doc/repl-connect.txt#installation (2)",
    "editors/nvim/doc/repl-connect.txt#first-use",
    "editors/nvim/doc/repl-connect.txt#first-use (2)",
    "editors/nvim/doc/repl-connect.txt#maps",
    "editors/nvim/doc/repl-connect.txt#maps (2)",
    "editors/nvim/doc/repl-connect.txt#maps (3)",
    "editors/nvim/doc/repl-connect.txt#events-statusline",
    "editors/nvim/doc/repl-connect.txt#events-statusline (2)",
    "editors/nvim/doc/repl-connect.txt#when-something-is-wrong",
)
def test_neovim(shown: list[Block], complete_user: User, edit: Callable[[], Editor]) -> None:
    """All of it in one Neovim. Port 7888 is one that is free."""
    install, first, same, snippets, connects, evaluates, maps, cmp, blink, told, line, health = (
        shown
    )
    assert [step.command for step in install.steps] == [step.command for step in same.steps]
    pipx, link = (step.command for step in install.steps)
    assert pipx == "pipx install '.[nvim]'"  # which the fixture did, with pip
    complete_user.succeed(link)
    for step in snippets.steps:
        assert complete_user.succeed(step.command)
    editor = edit()
    port = str(free_port())
    complete_user.guile(editor.project / "guile-socket")
    with PythonProgram(f"127.0.0.1:{port}"):
        editor.open("x.scm", "(* 6 7)\n")
        for command in (*told.lines, *line.lines):
            editor.command(command)
        for command in (*(step.command for step in connects.steps), first.lines[0]):
            editor.command(command.replace("7888", port).removeprefix(":"))
            editor.until(
                lambda: re.search(", upgraded|repl-server|it is connected", editor.messages()),
                command,
            )
            editor.command("messages clear")
        for command in (*(step.command for step in evaluates.steps), *first.lines[1:]):
            editor.command("ReplClear")
            editor.command(command.removeprefix(":"))
            if "%" in command:
                editor.until_shown(0, "42")
            else:
                editor.until_said("=> 3")
        assert editor.eval("&statusline") != ""
        assert "guile-socket" in editor.lua("return require('repl_connect').statusline()")
        editor.command("let mapleader = ' '")
        for step in maps.steps:
            editor.command(step.command)
        editor.command("ReplClear")
        editor.type(" x")
        editor.until_shown(0, "42")
        editor.lua(
            "package.loaded.cmp = {register_source = function(name, it) given = {name, it} end}"
        )
        editor.lua(cmp.text)
        assert editor.lua("return given[1] .. type(given[2].complete)") == "repl_connectfunction"
        editor.lua(f"local {blink.text}\nblink = require(sources.providers.repl_connect.module)")
        assert editor.lua("return type(blink.new)") == "function"
        editor.command(health.text.strip().removeprefix(":"))
        editor.until(lambda: "OK" in "\n".join(editor.lines()), "a report")
