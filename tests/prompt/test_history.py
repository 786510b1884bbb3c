"""The history: what is kept of what was entered, and how it is found again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prompt_toolkit.application import create_app_session
from prompt_toolkit.auto_suggest import Suggestion
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.document import Document
from prompt_toolkit.search import SearchState

from repl_connect.prompt.history.buffer import EntryBuffer
from repl_connect.prompt.history.entries import EntryHistory, history_path
from repl_connect.prompt.history.file import Entry, HistoryFile
from repl_connect.prompt.history.project import project_directory
from repl_connect.prompt.history.suggestion import SuggestEntry

Open = Callable[..., EntryHistory]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "guile"


@pytest.fixture
def opened(path: Path) -> Open:
    """Open the history as a client does, by default one that works in `/here`."""

    def start(project: str = "/here", scope: str = "project", size: int = 100) -> EntryHistory:
        problems: list[str] = []
        history = EntryHistory(str(path), problems.append, project=project, scope=scope, size=size)
        list(history.load_history_strings())
        assert problems == []
        return history

    return start


def filled(history: EntryHistory, text: str = "") -> EntryBuffer:
    """A buffer with the history above the text being typed."""
    buffer = EntryBuffer(history=history, enable_history_search=True)
    buffer.load_history_if_not_yet_loaded()
    buffer.insert_text(text)
    return buffer


class TestWhatIsKept:
    def test_entries_come_back_each_once_where_it_was_last(self, opened: Open) -> None:
        history = opened()
        for text in ("a", "b", "b", "a\nb", "a"):
            history.append_string(text)
        assert history.get_strings() == ["b", "a\nb", "a"]
        assert opened().get_strings() == ["b", "a\nb", "a"]

    def test_repetitions_are_written_once(self, opened: Open, path: Path) -> None:
        history = opened()
        for text in ("a", "b", "b"):
            history.append_string(text)
        assert [each.text for each in HistoryFile(str(path)).read().entries] == ["a", "b"]

    @pytest.mark.parametrize("text", [" secret", "  ", "", "\n"])
    def test_what_begins_with_a_blank_is_not_kept(
        self, opened: Open, path: Path, text: str
    ) -> None:
        history = opened()
        history.append_string(text)
        assert history.get_strings() == []
        assert not path.exists()

    def test_projects_see_their_own_and_all_on_demand(self, opened: Open) -> None:
        opened("/here").append_string("mine")
        opened("/there").append_string("theirs")
        history = opened("/here")
        assert history.get_strings() == ["mine"]
        history.scope = "all"
        assert list(history.load_history_strings()) == ["theirs", "mine"]
        assert opened("/elsewhere").get_strings() == []
        assert opened("/elsewhere", "all").get_strings() == ["mine", "theirs"]

    def test_size_bounds_the_file_and_the_memory(self, opened: Open, path: Path) -> None:
        history = opened(size=8)
        for number in range(100):
            history.append_string(f"entry {number}")
            kept = [each.text for each in HistoryFile(str(path)).read().entries]
            assert kept[-8:] == history.get_strings()
            assert len(kept) <= 10
        assert len(history.get_strings()) == 8

    def test_a_smaller_size_takes_effect_at_the_next_start(self, opened: Open, path: Path) -> None:
        history = opened()
        for number in range(20):
            history.append_string(f"entry {number}")
        assert opened(size=5).get_strings() == [f"entry {number}" for number in range(15, 20)]
        assert len(HistoryFile(str(path)).read().entries) == 5

    def test_with_size_0_no_file_is_made(self, opened: Open, path: Path) -> None:
        history = opened(size=0)
        history.append_string("a")
        assert history.get_strings() == ["a"]
        assert not path.exists()

    def test_only_the_user_may_read_it(self, opened: Open, path: Path) -> None:
        opened().append_string("a")
        assert path.stat().st_mode & 0o777 == 0o600


class TestOtherClients:
    def test_their_entries_are_there_when_asked_for(self, opened: Open) -> None:
        first, second = opened(), opened()
        first.append_string("one")
        second.append_string("two")
        first.append_string("three")
        opened("/there").append_string("not here")
        assert second.get_strings() == ["two"]
        assert second.refresh()
        assert second.get_strings() == ["one", "two", "three"]
        assert not second.refresh()
        first.refresh()
        assert first.get_strings() == ["one", "two", "three"]

    def test_a_file_that_was_made_shorter_is_read_anew(self, opened: Open) -> None:
        first, second = opened(size=4), opened()
        for number in range(10):
            first.append_string(f"entry {number}")
            second.refresh()
        second.append_string("mine")
        first.refresh()
        assert first.get_strings() == ["entry 7", "entry 8", "entry 9", "mine"]
        assert second.get_strings()[-2:] == ["entry 9", "mine"]

    def test_going_up_from_the_empty_line_finds_them(self, opened: Open) -> None:
        buffer = filled(opened())
        other = opened()
        other.append_string("from elsewhere\nin two lines")
        buffer.history_backward()
        assert buffer.text == "from elsewhere\nin two lines"
        other.append_string("later")
        buffer.history_forward()
        assert buffer.text == ""
        buffer.history_backward()
        assert buffer.text == "later"

    def test_what_is_being_typed_stays(self, opened: Open) -> None:
        history = opened()
        history.append_string("(older)")
        buffer = filled(history, "(add 1)")
        buffer.cursor_position = 4
        opened().append_string("(add 5)")
        buffer.history_backward()
        assert buffer.text == "(add 5)"
        buffer.history_forward()
        assert buffer.text == "(add 1)"

    def test_a_search_finds_them(self, opened: Open) -> None:
        buffer = filled(opened())
        opened().append_string("(define x\n  needle)")
        search = SearchState("needle")
        search = ~search
        assert buffer.document_for_search(search).text == "(define x\n  needle)"
        buffer.apply_search(search)
        assert buffer.text == "(define x\n  needle)"


class TestSearching:
    @given(
        entries=st.lists(st.text(alphabet="aAb\n", min_size=1, max_size=6), max_size=6),
        typed=st.text(alphabet="aAb\n", max_size=4),
        text=st.text(alphabet="aAb\n", min_size=1, max_size=2),
        at=st.tuples(st.integers(0, 6), st.integers(0, 6)),
        how=st.tuples(st.booleans(), st.booleans(), st.booleans()),
    )
    def test_a_search_goes_where_prompt_toolkits_goes(
        self,
        entries: list[str],
        typed: str,
        text: str,
        at: tuple[int, int],
        how: tuple[bool, bool, bool],
    ) -> None:
        forward, ignore_case, include = how
        history = EntryHistory("/nowhere", pytest.fail, project="/", size=0)
        for entry in entries:
            history.append_string(entry)
        list(history.load_history_strings())
        found = []
        for search in (EntryBuffer._search, Buffer._search):
            buffer = filled(history, typed)
            buffer.go_to_history(at[0])
            buffer.cursor_position = min(at[1], len(buffer.text))
            state = SearchState(text, ignore_case=ignore_case)
            found.append(search(buffer, state if forward else ~state, include))
        assert found[0] == found[1]


class TestLoading:
    def test_the_file_is_read_beside_the_loop(self, path: Path) -> None:
        file = HistoryFile(str(path))
        file.append(Entry("old", "/here"))

        async def use() -> None:
            history = EntryHistory(str(path), pytest.fail, project="/here")
            with create_app_session():
                buffer = EntryBuffer(history=history)
                tasks: list[asyncio.Task[None]] = []
                reading = asyncio.create_task(history.read())
                tasks.append(reading)
                history.append_string("typed before it was there")
                buffer.insert_text("half")
                await reading
                buffer.load_history_if_not_yet_loaded()
            assert history.get_strings() == ["old", "typed before it was there"]
            assert buffer.text == "half"
            assert buffer.cursor_position == 4
            buffer.history_backward()
            assert buffer.text == "typed before it was there"

        asyncio.run(asyncio.wait_for(use(), 10))

    def test_who_stops_waiting_can_ask_again(self, path: Path) -> None:
        HistoryFile(str(path)).append(Entry("old", "/here"))

        async def use() -> list[str]:
            history = EntryHistory(str(path), pytest.fail, project="/here")
            first = asyncio.create_task(history.read())
            await asyncio.sleep(0)
            first.cancel()
            return [entry async for entry in history.load()]

        assert asyncio.run(asyncio.wait_for(use(), 10)) == ["old"]

    def test_going_up_before_it_was_read_reads_it(self, path: Path) -> None:
        HistoryFile(str(path)).append(Entry("old", "/here"))
        buffer = EntryBuffer(history=EntryHistory(str(path), pytest.fail, project="/here"))
        buffer.history_backward()
        assert buffer.text == "old"

    def test_a_buffer_that_was_emptied_has_the_history_again(self, opened: Open) -> None:
        history = opened()
        history.append_string("old")
        buffer = filled(history, "typed")
        buffer.reset()
        assert buffer.text == ""
        buffer.history_backward()
        assert buffer.text == "old"


class TestSuggestions:
    def suggested(self, history: EntryHistory, *texts: str) -> list[str | None]:
        """What one suggester answers as these texts are typed, one after another."""
        suggester = SuggestEntry(history)
        found: list[Suggestion | None] = [
            suggester.get_suggestion(Buffer(), Document(text)) for text in texts
        ]
        return [None if each is None else each.text for each in found]

    def test_the_newest_entry_that_goes_on(self, opened: Open) -> None:
        history = opened()
        for text in ("(add 1 2)", "(add 3 4)", "(say 1)"):
            history.append_string(text)
        assert self.suggested(history, "(", "(a", "(add ", "(add 1", "(add 1 2)") == [
            "say 1)",
            "dd 3 4)",
            "3 4)",
            " 2)",
            None,
        ]

    def test_going_back_starts_anew(self, opened: Open) -> None:
        history = opened()
        for text in ("(add 1)", "(say 1)"):
            history.append_string(text)
        assert self.suggested(history, "(a", "(ax", "(a", "(") == ["dd 1)", None, "dd 1)", "say 1)"]

    def test_an_entry_of_several_lines_goes_on_as_a_whole(self, opened: Open) -> None:
        history = opened()
        history.append_string("(define (f)\n  1)")
        assert self.suggested(history, "(define", "(define (f)\n ", "  1") == [
            " (f)\n  1)",
            " 1)",
            None,
        ]

    def test_new_entries_are_suggested_at_once(self, opened: Open) -> None:
        history = opened()
        suggester = SuggestEntry(history)
        assert suggester.get_suggestion(Buffer(), Document("(a")) is None
        history.append_string("(add 1)")
        found = suggester.get_suggestion(Buffer(), Document("(a"))
        assert found is not None
        assert found.text == "dd 1)"

    def test_nothing_for_nothing_or_in_the_middle(self, opened: Open) -> None:
        history = opened()
        history.append_string("(add 1)")
        assert self.suggested(history, "", "  ") == [None, None]
        assert SuggestEntry(history).get_suggestion(Buffer(), Document("(add", 2)) is None


class TestPlaces:
    def test_a_language_has_its_file(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("XDG_STATE_HOME", "/state")
        assert history_path("guile") == "/state/repl-connect/history/guile"
        assert history_path("../x/y") == "/state/repl-connect/history/.._x_y"
        assert history_path("..") == "/state/repl-connect/history/text"
        assert history_path("") == "/state/repl-connect/history/text"
        monkeypatch.setenv("XDG_STATE_HOME", "relative")
        monkeypatch.setenv("HOME", "/home/ann")
        assert history_path("guile") == "/home/ann/.local/state/repl-connect/history/guile"
        assert history_path("guile", "~/kept") == "/home/ann/kept/guile"

    @pytest.mark.parametrize("mark", [".git", "deps.edn", "guix.scm", "pyproject.toml"])
    def test_a_project_is_the_nearest_directory_with_a_mark(
        self, tmp_path: Path, mark: str
    ) -> None:
        below = tmp_path / "project/src/deep"
        below.mkdir(parents=True)
        (tmp_path / ".git").mkdir()
        (tmp_path / "project" / mark).touch()
        assert project_directory(str(below)) == str(tmp_path / "project")
        assert project_directory(str(tmp_path / "project")) == str(tmp_path / "project")

    def test_without_a_mark_a_directory_stands_for_itself(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        below = tmp_path / "src"
        below.mkdir()
        (tmp_path / ".git").mkdir()
        monkeypatch.setenv("HOME", str(tmp_path))
        assert project_directory(str(below)) == str(below)
        monkeypatch.chdir(below)
        assert project_directory() == str(below)
