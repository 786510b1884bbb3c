"""The command line: help that is right, errors that lead on, partners."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from client.command import COMMAND, repl_connect
from client.programs import PythonProgram

from repl_connect import __version__
from repl_connect.cli import COMMANDS, command_named
from repl_connect.cli.command import Command, parser_of
from repl_connect.exit_codes import ExitCode

NAMES = ["", *COMMANDS]
PARSED_HERE = [name for name in NAMES if name != "config"]


@pytest.fixture(autouse=True)
def own_configuration(directory: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = directory / "config.toml"
    path.touch()
    monkeypatch.setenv("REPL_CONNECT_CONFIG", str(path))
    return path


def words(name: str) -> list[str]:
    return [name] if name else []


@pytest.fixture(params=NAMES)
def command(request: pytest.FixtureRequest) -> Command:
    return command_named(request.param)


class TestHelp:
    @pytest.mark.parametrize("name", NAMES)
    def test_every_command_has_help_one_can_learn_from(self, name: str) -> None:
        done = repl_connect(*words(name), "--help")
        assert (done.code, done.err) == (0, "")
        assert "examples:" in done.out
        assert "exit status:" in done.out
        assert max(len(line) for line in done.out.splitlines()) <= 80

    @pytest.mark.parametrize("name", NAMES)
    def test_help_is_a_command_too(self, name: str) -> None:
        assert repl_connect("help", *words(name)) == repl_connect(*words(name), "--help")

    def test_the_prompts_help_lists_the_commands(self) -> None:
        said = repl_connect("--help").out
        for name, what in COMMANDS.items():
            assert f"  {name} " in said
            assert what in said

    def test_what_is_listed_is_what_the_command_says_of_itself(self, command: Command) -> None:
        if command.words:
            assert COMMANDS[command.words] == command.summary

    def test_exit_statuses_are_the_ones_there_are(self, command: Command) -> None:
        assert set(command.exit_codes) <= set(ExitCode)

    @pytest.mark.parametrize("name", PARSED_HERE)
    def test_examples_can_be_typed(self, name: str) -> None:
        parser = parser_of(command_named(name))
        for line, _ in command_named(name).examples:
            for part in _commands_in(line):
                if part[: len(words(name))] == words(name):
                    parser.parse_intermixed_args(part[len(words(name)) :])

    def test_the_version(self) -> None:
        assert repl_connect("--version").out == f"repl-connect {__version__}\n"


def _commands_in(line: str) -> list[list[str]]:
    """The arguments of each `repl-connect` in a shell's line."""
    line = line.replace('"$(', "").replace(')"', "")
    pipeline = [shlex.split(part) for part in line.replace(">", "|").split(" | ")]
    return [part[part.index("repl-connect") + 1 :] for part in pipeline if "repl-connect" in part]


class TestErrors:
    @pytest.mark.parametrize(
        ("typed", "meant"), [("evla", "eval"), ("lst", "list"), ("Doctor", "doctor")]
    )
    def test_a_command_with_a_slip(self, typed: str, meant: str) -> None:
        done = repl_connect(typed, "./x.sock", "1")
        assert done.code == 2
        assert f"Did you mean `repl-connect {meant}`?" in done.err
        assert f"./{typed}" in done.err

    def test_no_command_of_that_name_to_help_with(self) -> None:
        done = repl_connect("help", "doktor")
        assert done.code == 2
        assert "Did you mean doctor?" in done.err

    def test_a_socket_with_a_name_like_a_command(self, directory: Path) -> None:
        """A file that is there is an address, however it is called."""
        with PythonProgram(str(directory / "evals")):
            done = repl_connect("evals", directory=directory, stdin="6*7\n")
        assert (done.code, "42" in done.out) == (0, True)

    def test_what_is_no_address_says_what_one_is(self) -> None:
        done = repl_connect("something:else")
        assert done.code == 2
        assert "host:port" in done.err

    def test_addresses_that_are_not_known_yet(self) -> None:
        done = repl_connect("eval", "gopher://somewhere/x.sock", "1")
        assert done.code == 2
        assert "not known" in done.err

    def test_an_address_and_a_python_of_ones_own(self) -> None:
        done = repl_connect("./x.sock", "--python")
        assert done.code == 2
        assert "not both" in done.err

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
    def test_what_can_not_be_written_is_said(self) -> None:
        with open("/dev/full", "w") as full:
            done = subprocess.run(
                [*COMMAND, "config", "show"],
                stdout=full,
                stderr=subprocess.PIPE,
                text=True,
                timeout=60,
                check=False,
            )
        assert done.stderr == (
            "repl-connect: what came could not be written: No space left on device.\n"
        )
        assert done.returncode == ExitCode.USAGE


class TestPartners:
    def test_an_address_by_name(self, python: PythonProgram, own_configuration: Path) -> None:
        own_configuration.write_text(f'[partners.game]\naddress = "{python.address}"\n')
        assert repl_connect("eval", "@game", "6*7") == (0, "42\n", "")
        assert repl_connect("doctor", "@game").code == 0

    def test_one_there_is_not(self, own_configuration: Path) -> None:
        own_configuration.write_text(
            '[partners.game]\naddress = "./g.sock"\n[partners.shop]\naddress = "7888"\n'
        )
        done = repl_connect("eval", "@gane", "1")
        assert done.code == 2
        assert "Did you mean @game?" in done.err
        assert "@game, @shop" in done.err

    def test_none_at_all_says_how_to_add_one(self) -> None:
        done = repl_connect("eval", "@game", "1")
        assert done.code == 2
        assert "repl-connect partners add game ADDRESS" in done.err

    def test_the_dialect_that_the_configuration_gives(
        self, python: PythonProgram, own_configuration: Path
    ) -> None:
        own_configuration.write_text(
            f'[partners.game]\naddress = "{python.address}"\ndialect = "guile"\n'
        )
        assert repl_connect("eval", "@game", "1", "--timeout", "1").code == 3
        assert repl_connect("eval", "@game", "1", "--dialect", "nrepl").out == "1\n"


class TestConfiguration:
    def test_its_path(self, own_configuration: Path) -> None:
        assert repl_connect("config", "path").out == f"{own_configuration}\n"

    def test_it_takes_what_its_help_says(self, own_configuration: Path) -> None:
        own_configuration.write_text('[prompt]\ntheme = "dark"\n')
        assert repl_connect("config", "show", "prompt.theme").out == "dark\n"
        assert repl_connect("config", "show", "--json").code == 0
        assert repl_connect("config", "check").code == 0

    @pytest.mark.parametrize(
        "wrong", ['[prompt]\nthem = "dark"\n', '[keys]\nentr = "f5"\n', '[colors]\nvalu = "bold"\n']
    )
    def test_it_knows_options_actions_and_colours(
        self, own_configuration: Path, wrong: str
    ) -> None:
        own_configuration.write_text(wrong)
        done = repl_connect("config", "check")
        assert done.code == 2
        assert "config.toml:2" in done.err


class TestManual:
    def test_it_has_everything(self) -> None:
        page = repl_connect("man").out
        for section in ("NAME", "SYNOPSIS", "OPTIONS", "COMMANDS", "EXIT STATUS", "EXAMPLES"):
            assert f"\n.SH {section}\n" in page
        for name in NAMES:
            for argument in command_named(name).arguments:
                if argument.is_option:
                    assert argument.names[0].replace("-", "\\-") in page

    def test_no_line_is_taken_for_a_request(self) -> None:
        requests = {".TH", ".SH", ".SS", ".TP", ".PP", ".br"}
        for line in repl_connect("man").out.splitlines():
            assert not line.startswith("'")
            assert not line.startswith(".") or line.split()[0] in requests, line

    @pytest.mark.skipif(shutil.which("groff") is None, reason="groff is not installed")
    def test_it_is_right_and_reads_well(self) -> None:
        done = subprocess.run(
            ["groff", "-man", "-Tutf8", "-ww", "-P-cbou"],
            input=repl_connect("man").out,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        assert done.stderr == ""
        text = " ".join(done.stdout.split())
        assert "repl-connect - a prompt in a running program" in text
        assert "echo '(tick)' | repl-connect eval ./guile-socket --json" in text
