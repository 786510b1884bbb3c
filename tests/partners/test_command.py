"""`repl-connect partners`, as a user has it; and what partners want done in each front end."""

from __future__ import annotations

import json
import os
import pty
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from client.command import COMMAND, repl_connect
from client.programs import PythonProgram

import repl_server
from repl_connect.connect import connect
from repl_connect.partners.checking import UP, check_all
from repl_connect.partners.forms import evaluate_forms
from repl_connect.settings import Partner
from repl_connect.targets import Target, target_of, targets_of


@pytest.fixture
def python(directory: Path) -> Iterator[PythonProgram]:
    with PythonProgram(str(directory / "app.sock")) as program:
        yield program


def partner(config: Path, address: str, *forms: str, more: str = "") -> None:
    """Make `sim` a partner with these forms."""
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text(
        f"[partners.sim]\naddress = {json.dumps(address)}\nforms = {json.dumps(forms)}\n{more}"
    )


class TestCommand:
    def test_from_adding_one_to_removing_it(self, python: PythonProgram, config: Path) -> None:
        here = Path(python.address).parent
        assert "There are no partners" in repl_connect("partners").err
        add = ("partners", "add", "sim", "./app.sock", "--tag", "lab", "--tag", "web")
        done = repl_connect(*add, "--form", "x = 41", "--form", "x += 1", directory=here)
        assert done == (0, "added: @sim\n", "")
        assert repl_connect("eval", "@sim", "x") == (0, "42\n", "")
        shown = json.loads(repl_connect("partners", "list", "--json", "@lab/*").out)
        assert shown == {
            "name": "sim",
            "address": python.address,
            "dialect": None,
            "language": None,
            "tags": ["lab", "web"],
            "forms": ["x = 41", "x += 1"],
            "source": None,
        }
        table = repl_connect("partners").out
        assert table.splitlines()[1].split() == (
            f"@sim {python.address} - - lab, web x = 41; x += 1".split()
        )
        assert repl_connect("partners", "list", "--names").out == "@sim\n@*\n@lab/*\n@web/*\n"
        again = repl_connect(*add[:3], "7888")
        assert (again.code, again.out) == (2, "")
        assert "--replace" in again.err
        assert repl_connect(*add[:3], "7888", "--replace").out == "changed: @sim\n"
        assert repl_connect("partners", "remove", "@*").out == "removed: @sim\n"
        assert repl_connect("partners", "remove", "sim").code == 2
        assert config.read_text().strip() == ""

    @pytest.mark.parametrize(
        ("words", "said"),
        [
            ("add sim", "Give a NAME and an ADDRESS"),
            ("add a/b 7888", "can't be the name of a partner: it has / in it"),
            ("add sim @other", "@other is a name already"),
            ("add sim nowhere", "is no address"),
            ("add sim 7888 --json", "--json is for list, check, not for add"),
            ("add sim 7888 --language pyton", "invalid choice: 'pyton'"),
            ("remove", "Say which"),
            ("check @web/*", "nobody is in this group"),
            ("import gopher://x", "from dask://"),
        ],
    )
    def test_what_makes_no_sense_says_why(self, words: str, said: str) -> None:
        done = repl_connect("partners", *words.split())
        assert (done.code, done.out) == (2, "")
        assert said in done.err
        assert "Traceback" not in done.err

    def test_check(self, python: PythonProgram, directory: Path, config: Path) -> None:
        with (
            socket.create_server(("localhost", 0)) as mute,
            repl_server.serve(0, token="x" * 20, namespace={}) as wary,
        ):
            partner(
                config,
                python.address,
                "nosuch()",
                "import time; time.sleep(60)",
                more=f"[partners.gone]\naddress = '{directory}/gone.sock'\n"
                f"[partners.mute]\naddress = '{mute.getsockname()[1]}'\ndialect = 'nrepl'\n"
                f"[partners.wary]\naddress = '{wary.address}'\n",
            )
            done = repl_connect("partners", "check", "--timeout", "1.5", "--json")
            assert repl_connect("partners", "check", "gone").code == 3
        assert done.code == 6
        checks = {each["name"]: each for each in map(json.loads, done.out.splitlines())}
        states = {name: check["state"] for name, check in checks.items()}
        assert states == {
            "@sim": "up",
            "@gone": "nobody there",
            "@mute": "took too long",
            "@wary": "wants a token",
        }
        sim = checks["@sim"]
        assert sim["language"] == "python"
        assert sim["latency"] > 0
        assert sim["problems"] == [
            "@sim: the form `nosuch()` failed: NameError: name 'nosuch' is not defined.",
            "@sim: its forms have not ended in time and were interrupted.",
        ]

    def test_a_file_that_can_not_all_be_read_is_said(
        self, python: PythonProgram, config: Path
    ) -> None:
        partner(config, python.address, more="[partners.bad]\nadress = '1'\n")
        done = repl_connect("partners", "check", "*")
        assert done.code == 0
        assert "config.toml:5: a partner has no `adress`" in done.err
        config.write_text("[partners.sim\n")
        for words in (("eval", "@sim", "1"), ("partners", "check")):
            done = repl_connect(*words)
            assert (done.code, done.out) == (2, "")
            assert "config.toml:1: " in done.err

    def test_many_at_once(self, python: PythonProgram) -> None:
        target = target_of(python.address)
        seen: list[str] = []
        checks = check_all([target] * 40, on_check=lambda check: seen.append(check.state))
        assert [check.state for check in checks] == [UP] * 40 == seen


class TestForms:
    FORMS = ("x = 41", "print('told')", "nosuch()", "import sys; sys.stderr.write('warned\\n')")
    FAILED = "@sim: the form `nosuch()` failed: NameError: name 'nosuch' is not defined.\n"

    def test_eval(self, python: PythonProgram, config: Path) -> None:
        partner(config, python.address, *self.FORMS)
        done = repl_connect("eval", "@sim", "x + 1")
        assert done == (0, "42\n", f"told\n{self.FAILED}warned\n")
        done = repl_connect("eval", "@sim", "x + 1", "--json")
        assert [json.loads(line) for line in done.out.splitlines()][:3] == [
            {"type": "err", "text": "told\n"},
            {"type": "note", "text": self.FAILED.strip()},
            {"type": "err", "text": "warned\n"},
        ]
        assert done.err == ""
        assert repl_connect("eval", python.address, "1") == (0, "1\n", "")  # only by its name

    def test_lines_from_a_pipe(self, python: PythonProgram, config: Path) -> None:
        partner(config, python.address, *self.FORMS)
        done = repl_connect("@sim", stdin="x + 1\n")
        assert done == (0, "42\n", f"told\n{self.FAILED}warned\n")

    def test_one_that_does_not_end(self, python: PythonProgram, config: Path) -> None:
        partner(config, python.address, "input()", "import time; time.sleep(60)")
        done = repl_connect("eval", "@sim", "6 * 7", "--timeout", "1")
        assert (done.code, done.out) == (4, "")
        assert "EOFError" in done.err  # nobody answers a form
        assert "The time is up" in done.err
        assert repl_connect("eval", python.address, "6 * 7").out == "42\n"

    def test_not_again_in_a_session_that_goes_on(self, python: PythonProgram) -> None:
        target = Target(target_of(python.address).address, None, Partner("sim", "", forms=("1",)))
        link = connect(target.address, keep=60)
        sent = evaluate_forms(link.session, target, lambda _: None)
        assert link.run_until(lambda: all(each.done for each in sent), 10)
        assert len(sent) == 1
        link.session.resumed = True
        assert evaluate_forms(link.session, target, lambda _: None) == []
        link.close()

    def test_the_language_of_one_that_does_not_tell(self, config: Path) -> None:
        with socket.create_server(("localhost", 0)) as listener:
            port = listener.getsockname()[1]
            partner(config, str(port), more='dialect = "line"\nlanguage = "python"\n')
            (target,) = targets_of(["@sim"])
            link = connect(target.address, dialect=target.dialect, language=target.language)
            assert link.session.description is not None
            assert link.session.description.language == "python"
            link.close()
            report = json.loads(repl_connect("doctor", "@sim", "--json").out)
            assert ("language", "python") in [
                (each["topic"], each["fact"]) for each in report["findings"]
            ]


def test_the_progress_of_a_check_is_shown_on_a_terminal(config: Path) -> None:
    with (
        socket.create_server(("localhost", 0)) as mute,
        socket.create_server(("localhost", 0)) as other,
    ):
        partner(
            config,
            str(mute.getsockname()[1]),
            more=f"dialect = 'nrepl'\n[partners.b]\naddress = '{other.getsockname()[1]}'\n"
            "dialect = 'nrepl'\n",
        )
        ours, theirs = pty.openpty()
        process = subprocess.run(
            [*COMMAND, "partners", "check", "--timeout", "1.3"],
            stdout=subprocess.PIPE,
            stderr=theirs,
            timeout=60,
            check=False,
        )
        os.close(theirs)
    shown = os.read(ours, 65536).decode()
    os.close(ours)
    assert process.returncode == 3
    assert "] 0 of " in shown
    assert "\r\x1b[K@b: " in shown  # the line has made way for the rest
    assert process.stdout.decode().count("took too long") == 2
