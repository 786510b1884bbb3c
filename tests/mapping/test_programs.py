"""One form in five programs of different kinds, and items whose text means harm."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from adapters.subjects import node, racket
from dashboard.stage import play, staged
from mapping.command import begin_map, configuration, ended, run_map
from server.running import Running

from repl_connect.mapping.code import Code
from repl_connect.mapping.engine import Engine, Observer
from repl_connect.mapping.lines import Lines
from repl_connect.mapping.outcome import Outcome
from repl_connect.targets import target_of, targets_of

SUM = ("--for", "python=40 + 2", "(+ 40 2)")

HOSTILE = (
    b'") (exit) ("',
    b"') or exit() or ('",
    b"\\",
    b'\\"',
    b"#{} ${x} ~a %s #.(exit) #,x `",
    b"tab\tbell\a nul\0 return\rescape\x1b[2J",
    "sch\xf6n \u2713 \U0001f40d \u2028 \x85".encode(),
    b"",
    b"not \xff UTF-8",
)
CODES = {
    "python": "[ord(each) for each in item]",
    "guile": "(map char->integer (string->list item))",
    "clojure": "(mapv int item)",
    "common-lisp": "(map 'list #'char-code item)",
    "racket": "(map char->integer (string->list item))",
    "node": "JSON.stringify(Array.from(item, each => each.codePointAt(0)))",
}


def objects(out: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.splitlines()]


def test_one_form_is_answered_by_all(
    five: dict[str, str], configure: Callable[[str], None]
) -> None:
    configure(configuration(five))
    done = run_map("@five/*", *SUM)
    assert (done.code, done.err) == (0, "")
    assert sorted(done.out.splitlines()) == sorted(f"{f'@{name}':<9}  42" for name in five)
    told = objects(run_map("@five/*", "--json", *SUM).out)
    assert {each["partner"] for each in told} == {f"@{name}" for name in five}
    assert {(each["state"], *each["values"]) for each in told} == {("ok", "42")}


def test_one_is_killed_in_the_middle_and_the_rest_answer(
    five: dict[str, str], configure: Callable[[str], None], tmp_path: Path
) -> None:
    with Running("threads", tmp_path / "app.sock") as killed:
        configure(configuration({**five, "threaded": killed.address}))
        fifo = tmp_path / "begun"
        os.mkfifo(fifo)
        linger = f"(open({str(fifo)!r}, 'w').close(), __import__('time').sleep(600))"
        chosen = f"__import__('os').getpid() == {killed.process.pid}"
        mapping = begin_map("@five/*", "--for", f"python={linger} if {chosen} else 42", "(+ 40 2)")
        fifo.read_text()  # it runs there
        os.kill(killed.process.pid, signal.SIGKILL)
        done = ended(mapping)
    assert done.code == 6
    rest = [name for name in five if name != "threaded"]
    assert sorted(done.out.splitlines()) == sorted(f"{f'@{name}':<9}  42" for name in rest)
    table = {line.split()[0]: line.split()[1] for line in done.err.splitlines() if line}
    assert table.items() >= {("@threaded", "lost"), *((f"@{name}", "ok") for name in rest)}
    assert "5 programs: 4 ok, 1 lost." in done.err
    assert "the other side closed the connection" in done.err
    assert "Traceback" not in done.err


def test_the_dashboard_has_the_answers_of_all_side_by_side(
    five: dict[str, str], configure: Callable[[str], None], tmp_path: Path
) -> None:
    async def story(killed: Running) -> None:
        targets = targets_of(["@five/*"])
        async with staged(*targets, size=(100, 30)) as stage:
            await stage.press("a")
            await stage.send("(+ 40 2) --for python=40 + 2")
            await stage.shows("5 ok · 40 + 2 | (+ 40 2)")
            assert stage.part("#cards").count("│42") == 5
            await stage.send("(+ 40 2) --for pyton=42", goes=False)
            await stage.shows("Did you mean python?")
            await stage.press("ctrl+c", "escape", "home")  # at the first, which is stopped
            os.kill(killed.process.pid, signal.SIGSTOP)
            answers = await stage.send("(* 6 7) --for python=6 * 7", ends=False)
            await stage.shows("its process is stopped", "4 ok")
            os.kill(killed.process.pid, signal.SIGKILL)
            await stage.shows("nobody there", "1 lost · 4 ok")
            await stage.until(lambda: all(each.ended for each in answers))
            assert [each.state for each in answers] == ["lost", *["ok"] * 4]

    with Running("threads", tmp_path / "app.sock") as killed:
        configure(configuration({**five, "threaded": killed.address}))
        play(story(killed))


def dealt(address: str, path: Path) -> list[Outcome]:
    """What comes of the lines of a file at one program."""
    outcomes: list[Outcome] = []
    notes: list[str] = []

    async def deal() -> None:
        observer = Observer(outcomes.append, notes.append)
        code = Code("", CODES, "item")
        await Engine([target_of(address)], code, observer).deal(Lines(str(path)))

    asyncio.run(deal())
    assert notes == []
    return sorted(outcomes, key=lambda each: each.item or (0, ""))


def check_hostile(address: str, path: Path, *, writes_bytes: bool, units: bool = False) -> None:
    """Each item came as it is, or was refused if it is no text and the language has only text."""
    path.write_bytes(b"\n".join(HOSTILE) + b"\n")
    outcomes = dealt(address, path)
    assert len(outcomes) == len(HOSTILE)
    for line, outcome in zip(HOSTILE, outcomes, strict=True):
        text = line.decode("utf-8", "surrogateescape")
        if not writes_bytes and "\udcff" in text:
            assert outcome.state == "refused"
            continue
        assert outcome.state == "ok", outcome
        data = text.encode("utf-16-be", "surrogatepass")
        codes = [data[at] * 256 + data[at + 1] for at in range(0, len(data), 2)]
        expected = codes if units else [ord(each) for each in text]
        assert [int(each) for each in re.findall(r"\d+", outcome.values[0])] == expected


@pytest.mark.parametrize("name", ["turning", "guile", "clojure", "sbcl"])
def test_items_are_data_in_each_language(name: str, five: dict[str, str], tmp_path: Path) -> None:
    python = name == "turning"
    check_hostile(five[name], tmp_path / "items", writes_bytes=python, units=name == "clojure")


@pytest.mark.parametrize("kind", [racket, node])
def test_items_are_data_in_racket_and_node(kind: Any, tmp_path: Path) -> None:
    subject = kind.SUBJECTS[0]
    if missing := subject.missing():
        pytest.skip(f"needs {missing}")
    program = subject.start(tmp_path)
    try:
        check_hostile(program.address, tmp_path / "items", writes_bytes=kind is node)
    finally:
        program.stop()
