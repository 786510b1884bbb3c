"""The history's file: shared, cut off, damaged, shortened."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from prompt.history_writer import entry
from prompt_toolkit.history import FileHistory

from repl_connect.prompt.history.entries import EntryHistory
from repl_connect.prompt.history.file import Entry, HistoryFile

WRITER = str(Path(__file__).parent / "history_writer.py")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "kept" / "guile"


@pytest.fixture
def problems() -> list[str]:
    return []


Open = Callable[..., EntryHistory]


@pytest.fixture
def opened(path: Path, problems: list[str]) -> Open:
    """Open the history as a client does that works in `/here`."""

    def start(**options: object) -> EntryHistory:
        chosen: dict[str, object] = {"project": "/here", **options}
        history = EntryHistory(str(path), problems.append, **chosen)  # type: ignore[arg-type]
        list(history.load_history_strings())
        return history

    return start


def start_writer(path: Path, name: str, count: int, size: int = 10_000) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, WRITER, str(path), name, str(count), str(size)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": ":".join(each for each in sys.path if each)},
    )


def texts(path: Path) -> list[str]:
    return [each.text for each in HistoryFile(str(path)).read().entries]


@given(text=st.text(alphabet=st.characters(), min_size=1), project=st.text())
@example(text="+a\n# in x\n\n+", project="/a\\n\nb\\")
@example(text="\n", project="")
@example(text="0", project="\n\x00")
@example(text="\ud800\x00\r\x85\u2028", project="\udcff")
def test_any_text_comes_back(
    text: str, project: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = HistoryFile(str(tmp_path_factory.mktemp("any") / "file"))
    file.append(Entry("first", "/p"))
    file.append(Entry(text, project))
    file.append(Entry("last", "/p"))
    reading = file.read()
    assert reading.damaged == 0
    assert reading.entries == [
        Entry("first", "/p"),
        Entry(text, project or None),
        Entry("last", "/p"),
    ]


def test_two_processes_at_once_lose_nothing(path: Path) -> None:
    writers = [start_writer(path, name, 500) for name in "ab"]
    for writer in writers:
        assert writer.communicate(timeout=60)[0].strip() == "ready"
    reading = HistoryFile(str(path)).read()
    assert reading.damaged == 0
    for name in "ab":
        written = [each.text for each in reading.entries if each.project == f"/{name}"]
        assert written == [entry(name, number) for number in range(500)]
    assert len(reading.entries) == 1000


def test_two_processes_lose_nothing_new_while_the_file_is_shortened(path: Path) -> None:
    writers = [start_writer(path, name, 300, size=40) for name in "ab"]
    for writer in writers:
        assert writer.communicate(timeout=60)[0].strip() == "ready"
    reading = HistoryFile(str(path)).read()
    assert reading.damaged == 0
    assert 40 <= len(reading.entries) <= 110  # each shortens at fifty of its own counting
    for name in "ab":
        numbers = [
            int(each.text.split()[1]) for each in reading.entries if each.project == f"/{name}"
        ]
        assert numbers == list(range(300 - len(numbers), 300))
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_a_client_that_is_killed_leaves_whole_entries(path: Path, opened: Open) -> None:
    writer = start_writer(path, "k", 100_000)
    assert writer.stdout is not None
    assert writer.stdout.readline() == "ready\n"
    while not path.exists() or path.stat().st_size < 300_000:
        assert writer.poll() is None
    writer.kill()
    writer.wait()
    writer.stdout.close()
    opened().append_string("after")
    found = texts(path)
    assert found.pop() == "after"
    assert found == [entry("k", number) for number in range(len(found))]
    assert len(found) > 50


@pytest.mark.parametrize("lost", range(1, 40))
def test_an_entry_that_was_cut_off_is_left_out(
    path: Path, opened: Open, problems: list[str], lost: int
) -> None:
    history = opened()
    history.append_string("whole")
    start = path.stat().st_size
    history.append_string("cut\noff\nhere")
    os.truncate(path, max(start, path.stat().st_size - lost))
    again = opened()
    assert again.get_strings() == ["whole"]
    assert len(problems) <= 1
    again.append_string("after")
    assert texts(path) == ["whole", "after"]


@pytest.mark.parametrize("seed", range(5))
def test_random_bytes_cost_one_warning(
    path: Path, opened: Open, problems: list[str], seed: int
) -> None:
    import random

    path.parent.mkdir()
    path.write_bytes(random.Random(seed).randbytes(100_000))
    history = opened()
    assert len(problems) == 1
    assert problems[0].startswith("The history in ")
    history.append_string("(add 1 2)")
    history.append_string("(add\n3)")
    again = opened()
    assert again.get_strings()[-2:] == ["(add 1 2)", "(add\n3)"]


def test_a_damaged_entry_costs_itself_only(path: Path, opened: Open, problems: list[str]) -> None:
    history = opened()
    history.append_string("first")
    with path.open("ab") as file:
        file.write(b"\0\xff\xfe garbage\n+\xff\n\n")
    history.append_string("last")
    assert opened().get_strings() == ["first", "last"]
    assert problems == [f"The history in {path} is damaged in 2 places; the rest is used."]


def test_a_huge_file_costs_one_warning_and_is_made_shorter(
    path: Path, opened: Open, problems: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("repl_connect.prompt.history.file.LARGEST", 1024 * 1024)
    monkeypatch.setattr("repl_connect.prompt.history.entries.LARGEST", 1024 * 1024)
    history = opened()
    history.append_string("old")
    with path.open("ab") as file:
        file.write(b"# junk\n" * 500_000 + b"\n")
    path.chmod(0o640)
    history = EntryHistory(str(path), problems.append, project="/here")
    file_ = HistoryFile(str(path))
    file_.append(Entry("new", "/here"))
    list(history.load_history_strings())
    assert history.get_strings() == ["new"]
    assert problems == [f"The history in {path} had 3 MiB: the last 1 are kept."]
    assert path.stat().st_size < 1024 * 1024
    assert path.stat().st_mode & 0o777 == 0o640
    history.append_string("newer")
    assert texts(path) == ["new", "newer"]


def test_entries_after_much_that_is_none_are_kept(
    path: Path, problems: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("repl_connect.prompt.history.file.LARGEST", 100_000)
    monkeypatch.setattr("repl_connect.prompt.history.entries.LARGEST", 100_000)
    path.parent.mkdir()
    path.write_bytes(b"x" * 300_000)
    history = EntryHistory(str(path), problems.append, project="/here")
    list(history.load_history_strings())
    assert len(problems) == 1
    for text in ("one", "two\nthree"):
        history.append_string(text)
        history.refresh()
    assert history.get_strings() == texts(path) == ["one", "two\nthree"]
    assert path.stat().st_size < 1_000


def test_a_client_stopped_in_the_lock_holds_up_nobody(
    path: Path, opened: Open, problems: list[str]
) -> None:
    history = opened()
    history.append_string("before")
    other = opened()
    with path.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        history.append_string("meanwhile")
        assert other.refresh()
        assert other.get_strings() == ["before", "meanwhile"]
    history.append_string("after")
    assert texts(path) == ["before", "meanwhile", "after"]
    assert problems == []


def test_a_link_stays_a_link(path: Path, tmp_path: Path, problems: list[str]) -> None:
    path.parent.mkdir()
    path.symlink_to(tmp_path / "real")
    history = EntryHistory(str(path), problems.append, size=4)
    list(history.load_history_strings())
    for number in range(30):
        history.append_string(f"entry {number}")
    assert path.is_symlink()
    assert texts(path)[-1] == "entry 29"
    assert len(texts(path)) <= 6


def test_what_is_no_file_is_a_problem_once(path: Path, problems: list[str]) -> None:
    path.mkdir(parents=True)
    history = EntryHistory(str(path), problems.append)
    list(history.load_history_strings())
    history.append_string("a")
    history.append_string("b")
    assert history.get_strings() == ["a", "b"]
    assert len(problems) == 2
    assert "it starts empty" in problems[0]
    assert "it lasts until you leave" in problems[1]


def test_files_of_prompt_toolkit_can_be_read_and_it_reads_ours(
    path: Path, opened: Open, problems: list[str]
) -> None:
    path.parent.mkdir()
    theirs = FileHistory(str(path))
    theirs.store_string("one\ntwo")
    theirs.store_string("three")
    history = opened()
    assert history.get_strings() == ["one\ntwo", "three"]
    history.append_string("four\nfive")
    assert opened().get_strings() == ["one\ntwo", "three", "four\nfive"]
    assert list(FileHistory(str(path)).load_history_strings()) == [
        "four\nfive",
        "three",
        "one\ntwo",
    ]
    assert problems == []
