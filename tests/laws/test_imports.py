"""Who may import what."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from laws.sources import CLIENT, ROOT, SERVER, imports, modules
from terminal import Terminal

import repl_server

WITHOUT_IO = [
    *modules(SERVER / "wire"),
    *modules(SERVER / "dispatch"),
    SERVER / "network" / "gate.py",
    SERVER / "network" / "refusal.py",
    # What is in `bootstrap` runs over there.
    *(path for path in modules(CLIENT / "adapters") if "bootstrap" not in path.parts),
    CLIENT / "channel.py",
    CLIENT / "session.py",
    CLIENT / "events.py",
    CLIENT / "detection" / "detector.py",
]
IO = {"socket", "threading", "_thread", "time", "asyncio", "select", "selectors", "subprocess"}
HEAVY = {"prompt_toolkit", "textual", "pygments", "asyncio", "dataclasses", "inspect"}


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def roots(path: Path) -> set[str]:
    return {module.partition(".")[0] for module in imports(path)}


@pytest.mark.parametrize("path", modules(SERVER), ids=name)
def test_the_server_imports_only_the_standard_library(path: Path) -> None:
    assert roots(path) <= {*sys.stdlib_module_names, "repl_server"}


@pytest.mark.parametrize("path", WITHOUT_IO, ids=name)
def test_rules_are_without_io(path: Path) -> None:
    assert not roots(path) & IO


@pytest.mark.parametrize("path", modules(SERVER / "wire"), ids=name)
def test_the_wire_imports_nothing_of_the_server(path: Path) -> None:
    ours = {module for module in imports(path) if module.startswith("repl_server")}
    assert all(module.startswith("repl_server.wire") for module in ours)


@pytest.mark.parametrize("path", modules(CLIENT), ids=name)
def test_the_client_imports_its_dependencies_and_the_server_no_more(path: Path) -> None:
    assert roots(path) <= {
        *sys.stdlib_module_names,
        "repl_connect",
        "repl_server",
        "prompt_toolkit",
        "pygments",
        "wcwidth",
        "tomlkit",
        # Of the extras:
        "dask",
        "distributed",
        "ifaddr",  # zeroconf's
        "pynvim",
        "rich",  # textual's
        "textual",
        "zeroconf",
    }


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    with repl_server.serve(tmp_path / "s", namespace={"__name__": "app"}) as server:
        yield server.address


def test_eval_loads_nothing_heavy(address: str) -> None:
    command = [sys.executable, "-X", "importtime", "-m", "repl_connect", "eval", address, "40 + 2"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "42\n"
    loaded = re.findall(r"^import time:.*\| +([\w.]+)$", done.stderr, re.MULTILINE)
    assert "repl_connect.link" in loaded
    assert not {module.partition(".")[0] for module in loaded} & HEAVY


def test_eval_loads_nothing_that_only_other_commands_need(address: str) -> None:
    code = (
        "import sys; from repl_connect.cli import main_exit; "
        f"main_exit(['eval', {address!r}, '40 + 2']); print(*sys.modules)"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    loaded = set(done.stdout.removeprefix("42\n").split())
    others = {"prompt", "listing", "places", "listeners", "doctor", "settings", "waiting"}
    others |= {"partners", "jobs", "mapping", "dashboard", "cluster", "lan"}
    assert not loaded & {f"repl_connect.{name}" for name in others}
    commands = {each for each in loaded if each.startswith("repl_connect.cli.")}
    assert commands == {f"repl_connect.cli.{name}" for name in ("command", "eval")}


NOT_BEFORE_THE_PROMPT = {
    "argparse",
    "ctypes",
    "inspect",
    "locale",
    "pygments",
    "shutil",
    "ssl",
    "tempfile",
    "tokenize",
    "tomllib",
    "wcwidth",
    "xml.dom.minidom",
    "prompt_toolkit",  # only modules in it
    "prompt_toolkit.key_binding.bindings.vi",
    "prompt_toolkit.shortcuts",
    "prompt_toolkit.widgets",
    "repl_connect.doctor",
    "repl_connect.cli.man",
    "repl_connect.embedded",
    "repl_connect.listing",
    "repl_connect.oneshot",
    "repl_connect.prompt.names.command_completion",
    "repl_connect.prompt.commands.command",
    "repl_connect.prompt.commands.table",
    "repl_connect.prompt.editing.editor",
    "repl_connect.prompt.names.lookup",
    "repl_connect.prompt.showing.pager",
    "repl_connect.prompt.plain",
    "repl_connect.prompt.names.signature",
    "repl_connect.settings.file",
}

STARTING = """
import os, sys
write, out, address = os.write, *sys.argv[1:]

def note(out):
    if not os.path.exists(out):
        executed = [each for each in sys.modules if type(sys.modules[each]).__name__ != "_Deferred"]
        with open(out + ".new", "w") as file:
            file.write(" ".join(executed))
        os.rename(out + ".new", out)

def seen(descriptor, data):
    if b"app> " in bytes(data):
        note(out)
    return write(descriptor, data)

class Seen:
    def __init__(self, file):
        self.file = file
    def __getattr__(self, name):
        return getattr(self.file, name)
    def write(self, text):
        if "app> " in text:
            note(out + ".first")
        return self.file.write(text)

os.write = seen
sys.stdout = Seen(sys.stdout)
from repl_connect.cli import main_exit
import repl_connect.prompt
repl_connect.prompt._NEAR = 10.0
sys.exit(main_exit([address]))
"""


def test_the_prompt_is_there_before_what_it_may_need_later(address: str, tmp_path: Path) -> None:
    out = tmp_path / "modules"
    with Terminal(
        [sys.executable, "-c", STARTING, str(out), address],
        environment={"XDG_STATE_HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)},
    ) as terminal:
        terminal.wait_until(out.exists, "drawn")
        shown_first = (tmp_path / "modules.first").read_text(encoding="utf-8").split()
    loaded = set(out.read_text(encoding="utf-8").split())
    assert "prompt_toolkit.application" in loaded
    assert not loaded & NOT_BEFORE_THE_PROMPT
    assert not [name for name in shown_first if name.startswith(("prompt_toolkit.", "asyncio"))]
    assert not set(shown_first) & {*NOT_BEFORE_THE_PROMPT, "inspect", "argparse", "tomllib"}


def test_serving_loads_nothing_heavy(tmp_path: Path) -> None:
    code = (
        "import sys, repl_server; repl_server.serve('./s'); "
        f"print(*sorted(set(sys.modules) & {HEAVY}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.strip() == ""


@pytest.mark.parametrize("name", ["serve", "CoopServer"])
def test_starting_a_server_loads_little(name: str) -> None:
    code = f"import repl_server, sys; repl_server.{name}; print(*sys.modules)"
    # -S: what is installed beside us may load what it likes
    command = [
        sys.executable,
        "-S",
        "-c",
        f"import sys; sys.path[:0] = {[str(SERVER.parent)]}; {code}",
    ]
    loaded = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert not {"asyncio", "typing", "re", "inspect", "dataclasses"} & set(loaded.stdout.split())
