"""What a run writes: targets held to the machine, what has failed, and the tables of both."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

import pytest
from bench import machine, run, tables
from bench.measures import PEERS
from bench.rows import BARE, Figure, Row, Skipped
from bench.targets import TARGETS, here, reached


def test_a_time_is_held_to_the_machine() -> None:
    target = TARGETS["prompt"]
    assert here(target, 40, 2.0) == 80
    assert reached(target, Figure("prompt", 79.0), 2.0) == "excellent"
    assert reached(target, Figure("prompt", 34.0), 2.0) == "world-class"
    assert reached(target, Figure("prompt", 81.0), 2.0) == "no"


def test_of_a_rate_more_is_better() -> None:
    target = TARGETS["pipelined"]
    assert here(target, 70_000, 2.0) == 35_000
    assert reached(target, Figure("pipelined", 36_000), 2.0) == "excellent"
    assert reached(target, Figure("pipelined", 34_000), 2.0) == "no"


def test_a_ratio_is_the_same_everywhere() -> None:
    assert reached(TARGETS["rtt"], Figure("rtt", 2.9), 9.0) == "excellent"
    assert reached(TARGETS["rtt"], Figure("rtt", 3.1), 9.0) == "no"


def test_what_is_not_there_reaches_nothing() -> None:
    assert reached(TARGETS["rtt"], Figure("rtt", None, note="failed"), 1.0) == "no"
    assert reached(TARGETS["answer"], Figure("answer", 1.0), 1.0) == ""


def _fails(_: Path, *, quick: bool) -> list[Row]:
    raise RuntimeError("it did not start\nand more")


def _skips(_: Path, *, quick: bool) -> list[Row]:
    raise Skipped("it is not installed")


def _works(_: Path, *, quick: bool) -> list[Row | Figure]:
    figures = (Figure("rtt", 2.5, note="30 µs"), Figure("rtt", 12.0, BARE))
    row = Row("a | b", 30.0, 12.0, "echo", 2.5, 2.0, p99=2500.0, figures=figures)
    return [row, Figure("pipelined", None, "Guile", "answers 1 of 10 sent at once")]


def _reference(_: Path, *, quick: bool) -> dict[str, float]:
    return {name: 2 * seconds for name, seconds in machine.REFERENCE.items()}


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The figures of a run in which one thing works, one fails, one is not installed."""
    for name in ("XDG_RUNTIME_DIR", "XDG_STATE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, "")  # they are as they were afterwards
    parts = {"works": _works, "fails": _fails, "skips": _skips}
    monkeypatch.setattr(run, "_ALL", parts)
    monkeypatch.setattr(machine, "measured", _reference)
    monkeypatch.setattr("sys.argv", ["run.py", "--json", str(tmp_path / "figures.json")])
    assert run.main() == 1
    monkeypatch.setattr(tables, "FIGURES", tmp_path / "figures.json")
    return tmp_path / "figures.json"


def test_a_measurement_that_fails_is_said_and_the_others_go_on(written: Path) -> None:
    parts = json.loads(written.read_text(encoding="utf-8"))["measures"]
    assert parts["fails"]["failed"] == "RuntimeError: it did not start"
    assert parts["skips"]["skipped"] == "it is not installed"
    assert [row["ours"] for row in parts["works"]["rows"]] == [30.0]
    text = tables.TABLES["measured"]()
    assert (
        "| `works` | a \\| b | 30.0 µs | 2.50 ms | echo | 12.0 µs |  | 2.50 | 2.00 | OVER |" in text
    )
    assert "failed: RuntimeError: it did not start" in text
    assert "skipped: it is not installed" in text


def test_the_targets_have_our_figures_beside_the_others(written: Path) -> None:
    table = tables.TABLES["targets"]()
    rtt, pipelined = (
        next(line for line in table.splitlines() if line.startswith(f"| {TARGETS[name].what} |"))
        for name in ("rtt", "pipelined")
    )
    assert "| x floor | 2.5 (30 µs) | ≤ 3 | ≤ 2 | excellent | 12 |" in rtt
    assert "| not measured | ≥ 70,000, here 35,000 |" in pipelined
    assert "| answers 1 of 10 sent at once |" in pipelined
    assert "| 2.5 (30 µs) | ≤ 3 ✓ | ≤ 2 |" in tables.TABLES["speed"]()
    assert "| `python -c pass` | 8.5 ms | 17 ms | 2 |" in tables.TABLES["machine"]()


def test_documents_are_written_from_all_measurements_only(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["run.py", "--write", "cold"])
    with pytest.raises(SystemExit):
        run.main()
    assert "name none" in capsys.readouterr().err


def test_another_server_is_measured_beside_ours() -> None:
    directory = Path(tempfile.mkdtemp(prefix="rb-", dir="/tmp"))  # a socket's path is short
    try:
        figures = {each.metric: each for each in PEERS["peer-manhole"](directory, quick=True)}
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    assert {each.who for each in figures.values()} == {"manhole"}
    without = {name for name, each in figures.items() if each.value is None}
    assert {figures[name].note for name in without} == {"one client at a time"}
    assert without == {"many-p99", "many-rate", "session-threads"}
    assert set(figures) <= set(TARGETS)
