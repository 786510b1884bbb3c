"""Who may import what."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from laws.sources import CLIENT, ROOT, SERVER, imports, modules

import repl_server

WITHOUT_IO = [
    *modules(SERVER / "wire"),
    *modules(SERVER / "dispatch"),
    SERVER / "network" / "gate.py",
    SERVER / "network" / "refusal.py",
    *modules(CLIENT / "adapters"),
    CLIENT / "channel.py",
    CLIENT / "session.py",
    CLIENT / "events.py",
    CLIENT / "detect.py",
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
        "textual",
        "pynvim",
        "wcwidth",
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
