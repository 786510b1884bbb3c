"""Files that the client reads: any bytes may stand in them."""

from __future__ import annotations

import os
import tempfile
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from abuse.target import FuzzTarget

from repl_connect.address import TcpAddress, parse_address
from repl_connect.detection.recorded import _port_file
from repl_connect.detection.remembered import path as remembered_path
from repl_connect.detection.remembered import recall, remember
from repl_connect.errors import UsageError
from repl_connect.jobs.keepers import keepers
from repl_connect.partners.file import add
from repl_connect.prompt.history.entries import EntryHistory
from repl_connect.prompt.history.file import HistoryFile
from repl_connect.settings.load import load_settings
from repl_connect.settings.settings import Partner
from repl_server.network.records import records, runtime_directory

__all__ = ["TARGETS"]


@cache
def _directory() -> tempfile.TemporaryDirectory[str]:
    """One for the whole run; removed at its end."""
    return tempfile.TemporaryDirectory(prefix="repl-connect-abuse-")


@contextmanager
def _variable(name: str, value: str) -> Iterator[None]:
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


@contextmanager
def _written(name: str, data: bytes) -> Iterator[Path]:
    path = Path(_directory().name, name)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.write_bytes(data)
    yield path
    path.unlink(missing_ok=True)


_ACTIONS = ("complete", "exit", "open-in-editor")
_STYLES = ("prompt", "out", "err")


def _config(data: bytes) -> None:
    """Settings, and a line that can be shown, with the file's name, for what is wrong."""
    with _written("config.toml", data) as path, _variable("REPL_CONNECT_CONFIG", str(path)):
        for names in ((None, None), (_ACTIONS, _STYLES)):
            loaded = load_settings(*names)
            for problem in loaded.problems:
                assert problem.startswith(str(path)), problem
                assert problem.isprintable(), problem
            for partner in loaded.settings.partners.values():
                parse_address(partner.address)


def _partners(data: bytes) -> None:
    """A partner is added and all else stays, or it is said why not and nothing is changed."""
    partner = Partner("fuzzed", "localhost:7888", tags=("one",))
    with _written("partners.toml", data) as path, _variable("REPL_CONNECT_CONFIG", str(path)):
        problem = ""
        try:
            add([partner])
        except UsageError as error:
            problem = str(error)
        if problem:
            assert str(path) in problem or "@fuzzed" in problem
            assert path.read_bytes() == data
        else:
            before = tomllib.loads(data.decode("utf-8-sig"))
            after = tomllib.loads(path.read_bytes().decode("utf-8-sig"))
            added = after["partners"].pop("fuzzed")
            assert added == {"address": "localhost:7888", "tags": ["one"]}
            assert after["partners"] == before.pop("partners", {})
            after.pop("partners")
            # As text: what is not a number is not even equal to itself.
            assert repr(after) == repr(before)


def _history(data: bytes) -> None:
    """The prompt has the entries that are whole; new ones are kept; the file loses nothing."""
    problems: list[str] = []
    with _written("history", data) as path:
        history = EntryHistory(str(path), problems.append, project="/here", scope="all")
        before = list(history.load_history_strings())
        history.append_string("(fuzzed 1)")
        history.append_string("(fuzzed\n2)")
        assert path.read_bytes().startswith(data)
        texts = [entry.text for entry in HistoryFile(str(path)).read().entries]
        assert texts[-2:] == ["(fuzzed 1)", "(fuzzed\n2)"]
        # One that was cut off, without an end, may be none any more.
        assert len(set(before) - set(texts)) <= (not data.endswith(b"\n"))
        assert len(problems) <= 1
        assert all(problem.isprintable() for problem in problems)


def _remembered(data: bytes) -> None:
    """What is understood is used, and one more can be kept."""
    with _variable("XDG_STATE_HOME", _directory().name):
        name = os.path.relpath(remembered_path(), _directory().name)
        with _written(name, data):
            address = TcpAddress("fuzzed.example", 7888)
            recall(address)
            remember(address, "guile")
            assert recall(address) == "guile"


def _records(data: bytes) -> None:
    """Records of servers: those that can be understood are told."""
    with _variable("XDG_RUNTIME_DIR", _directory().name):
        os.chmod(_directory().name, 0o700)
        name = os.path.relpath(runtime_directory(), _directory().name)
        with _written(f"{name}/{os.getpid()}.nrepl", data):
            for record in records():
                assert isinstance(record.started, int)


def _keepers(data: bytes) -> None:
    """Notes of bridges that keep jobs: those that are there, and here none is."""
    with _variable("XDG_RUNTIME_DIR", _directory().name):
        os.chmod(_directory().name, 0o700)
        name = os.path.relpath(runtime_directory(), _directory().name)
        with _written(f"{name}/jobs-0123.target", data):
            assert keepers() == []


def _port(data: bytes) -> None:
    with _written("project/.nrepl-port", data) as path:
        port = _port_file(str(path.parent))
        assert port is None or len(port) <= 20


_CONFIG = b"""# all there is
[prompt]
theme = "dark"
toolbar = true
[history]
size = 100
scope = "all"
[printing]
quota = 1000
[connection]
timeout = 3.5
[log]
file = "x"
[dashboard]
theme = "x"
[keys]
complete = ["tab", "c-x c-e"]
exit = "f4"
[colors]
out = "ansired bold"
[partners.one]
address = "localhost:7888"
dialect = "guile"
language = "python"
tags = ["a", "b"]
forms = ["(f)", '''(g
1)''']
source = "dask://x"
[partners]
two = { address = "./x.sock", tags = "a" }
"""
_ENTRIES = (
    b"# 2026-02-03 14:15:16\n# in /here\n+(define (price item)\n+  (* 2 item))\n\n"
    b"\n# 2026-02-03 14:15:17\n+of prompt_toolkit\n\n"
    b"# 2026-02-03 14:15:18\n# in /a\\nb\n+x\n\n"
)
_RECORD = (
    b"process: \nprogram: x.py\ncwd: /a\\\\b\nlanguage: python\n"
    b"address: unix:/x.sock\nmode: threaded\nstarted: 17\naddress: 127.0.0.1:1\n"
)

TARGETS = (
    FuzzTarget(
        "config",
        "config.toml",
        "settings, and a line with the file's name for what is wrong",
        _config,
        (_CONFIG, b"\xef\xbb\xbf" + _CONFIG, b"a=" + b"[" * 400, b"[keys]\nexit=1979-05-27"),
    ),
    FuzzTarget(
        "partners",
        "config.toml, to add a partner",
        "it is added and all else stays, or nothing is changed and it is said why",
        _partners,
        (_CONFIG, b"partners = 3", b"[[partners]]\nx=1", b"[partners.fuzzed]\n", b"partners.a.b=1"),
    ),
    FuzzTarget(
        "history",
        "the history's file",
        "the good entries are there, new ones are kept, nothing in the file is lost",
        _history,
        (_ENTRIES, _ENTRIES[:-4], b"\0" * 100 + _ENTRIES, b"+" + b"x" * 50_000, b"+\xff\n\n"),
    ),
    FuzzTarget(
        "remembered",
        "the file of dialects that were found",
        "what is understood is used, new ones are kept",
        _remembered,
        (b"guile 17 localhost:1\nsbcl 18 /x.sock\n", b"guile 17 fuzzed.example:7888\n", b"a\0 1 b"),
    ),
    FuzzTarget(
        "records",
        "the records of live servers",
        "what is understood is told; nothing is raised",
        _records,
        (_RECORD, _RECORD.replace(b"17", b"9" * 5_000), b"address: x\n" * 300),
    ),
    FuzzTarget(
        "keepers",
        "the notes of bridges that keep jobs",
        "none is there, and none is told; nothing is raised",
        _keepers,
        (b"localhost:1\nguile\n", b"/x.sock\n\n", b"ssh://a/b\n", b"~/\0", b"http://x:99999\n"),
    ),
    FuzzTarget(
        "port-file",
        ".nrepl-port",
        "a port or none; nothing is raised",
        _port,
        (b"7888\n", b"\xff", b" 1 " * 100),
    ),
)
