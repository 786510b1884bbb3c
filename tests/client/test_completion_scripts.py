"""Shell completion: bash for real; for zsh and fish, what the scripts say."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from client.command import COMMAND, repl_connect
from terminal import Terminal

import repl_server
from repl_connect.cli import COMMANDS, command_named
from repl_connect.cli.completion import SHELLS

BASH = shutil.which("bash")
NAMES = ["", *COMMANDS]

# Runs the function as bash does, for a line with the cursor at its end.
ASK = r"""
eval "$SCRIPT"
COMP_LINE=$1 COMP_POINT=${#1}
_repl_connect
printf '%s\n' "${COMPREPLY[@]}"
"""


@pytest.fixture(scope="module")
def scripts() -> dict[str, str]:
    return {shell: repl_connect("completion", shell).out for shell in SHELLS}


@pytest.fixture(autouse=True)
def here(directory: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = directory / "project"
    path.mkdir()
    (directory / "config.toml").write_text(
        '[partners.game]\naddress = "./g.sock"\ntags = ["lab"]\n'
    )
    monkeypatch.setenv("REPL_CONNECT_CONFIG", str(directory / "config.toml"))
    monkeypatch.setenv("PATH", f"{Path(COMMAND[0]).parent}:/usr/bin:/bin")
    monkeypatch.chdir(path)
    return path


@pytest.fixture
def port(here: Path) -> Iterator[str]:
    """A server on TCP, and one on a socket file."""
    with (
        repl_server.serve(0, namespace={}) as server,
        repl_server.serve(here / "app.sock", namespace={}),
    ):
        yield server.address.rpartition(":")[2]


class TestBash:
    @pytest.fixture(autouse=True)
    def there(self) -> None:
        if BASH is None:
            pytest.skip("bash is not installed")

    @pytest.fixture
    def offered(self, scripts: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Offered:
        monkeypatch.setenv("SCRIPT", scripts["bash"])
        return Offered()

    def test_commands_and_addresses_first(self, offered: Offered, port: str) -> None:
        found = offered("repl-connect ")
        assert {*COMMANDS, "./app.sock", "@game"} <= set(found)
        assert len(found) == len(set(found))
        assert offered("repl-connect ev") == ["eval"]

    @pytest.mark.parametrize("name", NAMES)
    def test_every_option(self, offered: Offered, name: str) -> None:
        line = " ".join(["repl-connect", *([name] if name else []), "--"])
        options = [
            each
            for argument in command_named(name).arguments
            if argument.is_option
            for each in argument.names
        ]
        assert sorted(offered(line)) == sorted(["--help", *options])

    def test_addresses_where_one_is_wanted(self, offered: Offered, port: str) -> None:
        assert "./app.sock" in offered("repl-connect eval ")
        assert "./app.sock" in offered("repl-connect eval --ns main ./a")
        assert "./app.sock" in offered("repl-connect --plain ./")
        assert offered("repl-connect doctor @") == ["@game"]

    def test_no_file_that_is_no_socket_where_an_address_is_wanted(
        self, offered: Offered, here: Path, port: str
    ) -> None:
        (here / "app.py").touch()
        (here / "apps").mkdir()
        assert offered("repl-connect eval ./app") == ["./app.sock", "./apps"]
        assert offered("repl-connect eval app") == ["apps"]  # a name alone is no socket's address

    def test_an_address_with_a_colon(self, offered: Offered, port: str) -> None:
        """Bash takes a word apart at colons: only what follows is put in."""
        assert offered("repl-connect eval localhost:") == [port]

    def test_partners_and_groups(self, offered: Offered) -> None:
        assert offered("repl-connect @g") == ["@game"]
        assert offered("repl-connect eval @") == ["@game"]
        assert offered("repl-connect partners check @game @") == ["@game", "@\\*", "@lab/\\*"]
        assert offered("repl-connect eval ssh://me@") == [""]

    def test_no_address_where_code_is_wanted(self, offered: Offered, port: str) -> None:
        assert offered("repl-connect eval ./app.sock ") == [""]

    def test_files(self, offered: Offered, here: Path) -> None:
        (here / "fix.clj").touch()
        assert offered("repl-connect eval 7888 --file f") == ["fix.clj"]

    def test_what_an_argument_can_be(self, offered: Offered) -> None:
        assert offered("repl-connect completion ") == list(SHELLS)
        assert offered("repl-connect help do") == ["doctor"]
        assert offered("repl-connect config ") == ["path", "show", "check"]
        assert offered("repl-connect config show prompt.th") == ["prompt.theme"]

    def test_names_of_files_are_never_run(self, offered: Offered, here: Path) -> None:
        (here / "$(touch owned) `touch owned` *.clj").touch()
        (here / "$(touch owned) `touch owned` *.sock").mkdir()
        found = offered("repl-connect eval ./$")
        assert found == ["./$(touch owned) `touch owned` *.sock"]
        found = offered("repl-connect eval 7888 --file $")
        assert sorted(found)[0] == "$(touch owned) `touch owned` *.clj"
        assert not (here / "owned").exists()

    def test_with_the_tab_key(self, here: Path, port: str) -> None:
        with Terminal(
            ["bash", "--norc", "--noprofile", "-i"],
            environment={"PS1": "$ ", "INPUTRC": "/dev/null", "HISTFILE": None},
        ) as terminal:
            terminal.wait_for_current("$")
            terminal.enter('eval "$(repl-connect completion bash)"; echo rea""dy')
            terminal.wait_for_line("ready")
            terminal.wait_for_current("$")
            terminal.send("repl-connect ev\t./a\t")
            terminal.wait_for_current("$ repl-connect eval ./app.sock")
            terminal.press("ctrl-u")
            terminal.send("repl-connect localhost:\t")
            terminal.wait_for_current(f"$ repl-connect localhost:{port}")
            terminal.press("ctrl-u")
            terminal.send("repl-connect partners check @g\t@l\t")
            terminal.wait_for_current("$ repl-connect partners check @game @lab/\\*")


class Offered:
    """What bash would offer at the end of a line."""

    def __call__(self, line: str) -> list[str]:
        done = subprocess.run(
            ["bash", "--norc", "-c", ASK, "bash", line],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        assert done.stderr == ""
        return done.stdout.splitlines()


@pytest.mark.parametrize("shell", SHELLS)
def test_each_script_knows_every_command_and_option(scripts: dict[str, str], shell: str) -> None:
    for name in NAMES:
        assert name in scripts[shell]
        for argument in command_named(name).arguments:
            if argument.is_option:
                option = argument.names[0]
                assert (f"-l {option[2:]} " if shell == "fish" else option) in scripts[shell]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_that_is_there_accepts_its_script(
    scripts: dict[str, str], shell: str, tmp_path: Path
) -> None:
    program = shutil.which(shell)
    if program is None:  # then its quotes are at least in pairs
        for line in scripts[shell].replace("\\'", "").replace("'\\''", "").splitlines():
            assert line.lstrip().startswith("#") or line.count("'") % 2 == 0, line
        return
    script = tmp_path / "script"
    script.write_text(scripts[shell])
    done = subprocess.run(
        [program, "-n", str(script)], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_shell_there_is_no_script_for() -> None:
    done = repl_connect("completion", "tcsh")
    assert done.code == 2
    assert "bash" in done.err
