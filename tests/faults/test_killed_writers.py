"""Whoever writes a file is killed: the file is one of those that were ever whole."""

from __future__ import annotations

import random
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from proofs import Prove

from repl_connect.prompt.history.file import HistoryFile

KILLS = 15
CLIP = "x" * 60_000


class Writer(NamedTuple):
    """`code` writes file number `n` of several, in `place`; `whole` is asked of what is there."""

    on: str
    code: str
    whole: Callable[[Path], bool]


def _partners(place: Path) -> bool:
    found = tomllib.loads((place / "config.toml").read_text("utf-8"))["partners"]
    return all(len(each["forms"][0]) == 3001 for each in found.values())


def _history(place: Path) -> bool:
    reading = HistoryFile(str(place / "history")).read()
    texts = [entry.text for entry in reading.entries]
    # What has no end yet is left out, and what is written next is read all the same.
    return bool(texts) and all(text in (f"{CLIP}{n}" for n in range(10)) for text in texts)


def _dialects(place: Path) -> bool:
    lines = (place / "state/repl-connect/dialects").read_text("utf-8").splitlines()
    return all(len(line.split(" ")) == 3 and line.endswith(".sock") for line in lines)


def _record(place: Path) -> bool:
    return all(
        "address: unix:/" in text and text.endswith("\n")
        for file in place.glob("run/repl-server/*.nrepl")
        if (text := file.read_text("utf-8"))
    )


def _port_file(place: Path) -> bool:
    return len((place / ".nrepl-port").read_text("ascii")) == 5


WRITERS = [
    Writer(
        "the configuration, partners added",
        "from repl_connect.partners.file import add\n"
        "from repl_connect.settings.settings import Partner\n"
        "def write(n): add([Partner(f'p{n}', './s', forms=(CLIP[:3000] + str(n),))], replace=True)",
        _partners,
    ),
    Writer(
        "the history, added to",
        "from repl_connect.prompt.history.file import Entry, HistoryFile\n"
        "file = HistoryFile(PLACE + '/history')\n"
        "def write(n): file.append(Entry(f'{CLIP}{n}', '/p'))",
        _history,
    ),
    Writer(
        "the history, made shorter",
        "from repl_connect.prompt.history.file import Entry, HistoryFile\n"
        "file = HistoryFile(PLACE + '/history')\n"
        "def write(n): file.append(Entry(f'{CLIP}{n}', '/p')); file.shorten(5)",
        _history,
    ),
    Writer(
        "what was found at addresses",
        "from repl_connect.address import parse_address\n"
        "from repl_connect.detection.remembered import forget, remember\n"
        "def write(n): forget(at(n)); remember(at(n), 'nrepl')\n"
        "def at(n): return parse_address(f'/tmp/{n}' + 'y' * 80 + '.sock')",
        _dialects,
    ),
    Writer(
        "a server's record",
        "from repl_server.network.records import add_record, remove_record\n"
        "def write(n): add_record(f'unix:/{n}'); add_record(f'unix:/x{n}'); "
        "remove_record(f'unix:/x{n}'); remove_record(f'unix:/{n}') if n else None",
        _record,
    ),
    Writer(
        "`.nrepl-port`",
        "from repl_server.network.port_file import PortFile\n"
        "def write(n): PortFile(10000 + n, PLACE + '/.nrepl-port')",
        _port_file,
    ),
]
LOOP = """
import itertools, os, sys
PLACE, CLIP = sys.argv[1:]
{code}
for n in itertools.cycle(range(10)):
    write(n)
    os.write(1, b".")
"""


@pytest.mark.parametrize("writer", WRITERS, ids=lambda writer: writer.on)
def test_killed_while_it_writes(writer: Writer, tmp_path: Path, proof: Prove) -> None:
    chance = random.Random(KILLS)
    environment = {
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": ":".join(path for path in sys.path if path),
        "REPL_CONNECT_CONFIG": str(tmp_path / "config.toml"),
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "XDG_RUNTIME_DIR": str(tmp_path / "run"),
    }
    (tmp_path / "run").mkdir()
    command = [sys.executable, "-c", LOOP.format(code=writer.code), str(tmp_path), CLIP]
    for _ in range(KILLS):
        with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as process:
            assert process.stdout is not None
            assert len(process.stdout.read(chance.randint(1, 40))) > 0
            process.kill()
        assert writer.whole(tmp_path)
    proof(
        "kill -9 while it is written",
        writer.on,
        "it is as it was before or after; the next one writes on",
        KILLS,
    )
