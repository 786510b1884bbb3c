"""Items that a Dask scheduler deals out: each has one outcome, whatever happens to the workers."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from cluster.programs import Cluster, until
from mapping.command import begin_map

from repl_connect.cli import command_named
from repl_connect.cluster import engine
from repl_connect.cluster.engine import map_on_dask
from repl_connect.cluster.items import BLOCK, Terms, run_item
from repl_connect.cluster.scheduler import connected
from repl_connect.errors import ConnectError, UsageError
from repl_connect.mapping.outcome import Item, Outcome


class Told:
    """What was told, in order."""

    def __init__(self) -> None:
        self.outcomes: list[Outcome] = []
        self.notes: list[str] = []

    def run(
        self,
        cluster: Cluster,
        codes: Sequence[str],
        *,
        timeout: float = 30.0,
        again: bool = False,
        on_outcome: Callable[[Outcome], None] | None = None,
    ) -> list[Outcome]:
        """The outcomes by number."""

        def tell(outcome: Outcome) -> None:
            self.outcomes.append(outcome)
            if on_outcome is not None:
                on_outcome(outcome)

        tasks = [(Item(number, f"item {number}"), code) for number, code in enumerate(codes)]
        map_on_dask(
            cluster.url, tasks, tell, timeout=timeout, on_note=self.notes.append, again=again
        )
        return self.by_number(len(codes))

    def by_number(self, wanted: int) -> list[Outcome]:
        """Each item once."""
        found = {outcome.item.number: outcome for outcome in self.outcomes if outcome.item}
        assert len(found) == len(self.outcomes) == wanted
        return [found[number] for number in range(wanted)]


def test_what_code_can_do(cluster: Cluster) -> None:
    codes = [
        "print('é'); 1\n'two'",
        "input()",
        "import time; time.sleep(60)",
        "print('x' * 1_500_000); 'y' * 5",
        "from distributed import get_worker; get_worker() is worker",
        "import threading; lock = threading.Lock(); lock.acquire(); lock.acquire()",
        "1 +",
    ]
    plain, reads, sleeps, floods, in_worker, hangs, wrong = Told().run(cluster, codes, timeout=2)
    assert (plain.state, plain.values, plain.out) == ("ok", ("1", "'two'"), "é\n")
    assert plain.item == Item(0, "item 0")
    assert plain.partner in ("dask-0", "dask-1")
    assert (reads.state, reads.problem) == ("raised", "EOFError: EOF when reading a line")
    assert (sleeps.state, sleeps.seconds > 2) == ("timeout", True)
    assert floods.values == ("'yyyyy'",)
    assert len(floods.out) <= 1_048_576
    assert "1,500,001 characters" in floods.problem
    assert in_worker.values == ("True",)
    assert hangs.state == "timeout"
    assert (wrong.state, wrong.problem[:11]) == ("raised", "SyntaxError")


@pytest.mark.parametrize("again", [False, True])
def test_an_item_whose_worker_dies_is_not_run_again_unasked(
    cluster: Cluster, tmp_path: Path, again: bool
) -> None:
    ran, killed = tmp_path / "ran", tmp_path / "killed"
    note = f"with open({str(ran)!r}, 'a') as file: file.write('{{}}\\n')\n"
    codes = [note.format(number) + str(number) for number in range(40)]
    codes[7] = note.format(7) + (
        f"import os\nif not os.path.exists({str(killed)!r}):\n"
        f"    open({str(killed)!r}, 'w').close()\n    os.kill(os.getpid(), 9)\n7"
    )
    told = Told()
    outcomes = told.run(cluster, codes, again=again)
    times = [ran.read_text(encoding="utf-8").splitlines().count(str(n)) for n in range(40)]
    if again:
        assert [outcome.state for outcome in outcomes] == ["ok"] * 40
        assert (outcomes[7].values, outcomes[7].attempt, times[7]) == (("7",), 2, 2)
        assert any(text.startswith("Item 7 was begun by") for text in told.notes)
        # What had ended there, and was not collected, has run twice too, and that is said.
        assert [outcome.attempt for outcome in outcomes] == times
        assert len(told.notes) == sum(each > 1 for each in times)
    else:
        assert times == [1] * 40
        assert outcomes[7].state == "lost"
        assert "had begun it and was lost: it may have run." in outcomes[7].problem
        assert {outcome.state for outcome in outcomes} == {"ok", "lost"}
        assert told.notes == []


def test_ctrl_c_interrupts_what_runs_and_tells_of_all(cluster: Cluster, tmp_path: Path) -> None:
    began = tmp_path / "began"
    sleeps = f"open({str(began)!r}, 'w').close()\nimport time; time.sleep(60)"

    def press() -> None:
        until(began.exists)
        signal.raise_signal(signal.SIGINT)

    told = Told()
    with pytest.raises(KeyboardInterrupt):
        told.run(cluster, ["1", *[sleeps] * 9], on_outcome=first(press))
    states = [outcome.state for outcome in told.by_number(10)]
    assert states[0] == "ok"
    assert set(states[1:]) == {"interrupted", "unreachable"}
    assert 1 <= states.count("interrupted") <= 2
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def first(act: Callable[[], None]) -> Callable[[Outcome], None]:
    """Act when there is a first outcome."""
    acts = [act]

    def on_outcome(_: Outcome) -> None:
        if acts:
            acts.pop()()

    return on_outcome


def test_ctrl_c_while_standard_input_is_waited_for(cluster: Cluster) -> None:
    mapping = begin_map(cluster.url, "--engine", "dask", "--over", "-", "--json", "item")
    assert mapping.stdin is not None
    assert mapping.stdout is not None
    mapping.stdin.write("a\nb")
    mapping.stdin.flush()
    first = json.loads(mapping.stdout.readline())  # though there may be more
    assert (first["values"], first["number"]) == (["'a'"], 0)
    mapping.send_signal(signal.SIGINT)
    with mapping:
        assert mapping.stderr is not None
        assert "What else comes on standard input was not read." in mapping.stderr.read()
        assert mapping.wait() == 130


def test_what_was_read_before_an_error_is_evaluated(
    cluster: Cluster, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    items = tmp_path / "items"
    items.write_text("a\n" + "x" * 1_200_000)
    arguments = (cluster.url, "--engine", "dask", "--over", str(items), "item")
    with pytest.raises(UsageError, match="line 2 is longer"):
        command_named("map").run(arguments)
    told = capsys.readouterr()
    assert told.out.endswith("#0  'a'\n")
    assert told.err.endswith("1 item: 1 ok.\n")


def test_a_worker_without_repl_connect_does_not_eat_the_items(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(_number: int, _code: str, *, terms: list[Any]) -> None:
        raise ImportError("Worker 0 can't import repl_connect")

    monkeypatch.setattr(engine, "_task", lambda: missing)
    told = Told()
    with pytest.raises(ConnectError, match="Worker 0 can't import repl_connect"):
        told.run(cluster, ["1"] * 500)
    assert {outcome.state for outcome in told.outcomes} == {"refused"}
    assert len(told.outcomes) < 100


def test_who_is_told_may_have_enough(cluster: Cluster) -> None:
    def refuse(_: Outcome) -> None:
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        Told().run(cluster, ["1"], on_outcome=refuse)


def test_the_scheduler_keeps_marks_only_for_as_long_as_they_are_needed(cluster: Cluster) -> None:
    told = Told()
    kept: list[dict[str, Any]] = []
    with connected(cluster.url, 30) as client:

        def look(_: Outcome) -> None:
            if len(told.outcomes) == BLOCK + 1:
                *_, run = (marks := client.get_metadata(["repl-connect"]))
                kept.append(marks[run])

        told.run(cluster, ["1"] * (BLOCK + 1), on_outcome=look)
        assert set(client.get_metadata(["repl-connect"]).values()) == {"over"}
    assert (kept[0]["0"], list(kept[0]["1"])) == ("over", [str(BLOCK)])


def test_a_worker_that_comes_to_an_item_when_all_is_over_leaves_it(cluster: Cluster) -> None:
    Told().run(cluster, ["1"])
    with connected(cluster.url, 30) as client:
        *_, run = client.get_metadata(["repl-connect"])
        late = client.submit(run_item, 1, "2", Terms(run, 30.0, again=True), pure=False)
        assert late.result(timeout=60)["state"] == "unreachable"
