"""`map`, `submit` and `result`, and the lines to a Python server fail."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from faults.between import AS_IS, Between, Drops, Split, Stalls
from faults.watched import Watched
from jobs.collecting import Shell
from mapping.command import run_map
from proofs import Prove

Line = Callable[..., Between]


def test_map_over_lines_of_which_some_fail(app: Watched, between: Line, proof: Prove) -> None:
    lines = {
        "ok": between(app.address, Split(), Split()),
        "lost": between(app.address, AS_IS, AS_IS),
        "unreachable": between(app.address, Stalls()),
        "timeout": between(app.address, Stalls(1860)),
    }
    lines["lost"].fail(Drops(1890))
    done = run_map(
        *(line.address for line in lines.values()),
        *("--json", "--timeout", "1.5", "--connect-timeout", "2"),
        app.code("mapped"),
    )
    outcomes = {each["partner"]: each for each in map(json.loads, done.out.splitlines())}
    states = {name: outcomes[line.address]["state"] for name, line in lines.items()}
    assert states == {name: name for name in lines}, done
    assert done.code == 6
    assert all(outcomes[lines[name].address]["problem"] for name in lines if name != "ok")
    assert "Traceback" not in done.err
    assert app.times("mapped") == 3
    proof(
        "one line in pieces, one dropped in an answer, one that stalls before it is connected, "
        "one that stalls after",
        "`map`, Python server",
        "states ok, lost, unreachable, timeout, each with why; exit 6; ran once where it was sent",
    )


def test_items_dealt_over_a_line_that_is_cut(
    app: Watched, between: Line, proof: Prove, tmp_path: Path
) -> None:
    good, bad = between(app.address, Split(50)), between(app.address)
    bad.fail(Drops(4000))
    words = [f"item {number}" for number in range(200)]
    (tmp_path / "items").write_text("".join(f"{word}\n" for word in words))
    done = run_map(
        *(good.address, bad.address, "--over", str(tmp_path / "items"), "--json"),
        "ran.update([item]); item",
    )
    outcomes = [json.loads(each) for each in done.out.splitlines()]
    assert sorted(each["item"] for each in outcomes) == sorted(words)
    states = Counter(each["state"] for each in outcomes)
    assert states["lost"] <= 1
    assert states["ok"] >= 199
    assert done.code == (6 if states["lost"] else 0)
    for each in outcomes:
        assert app.times(each["item"]) == 1, each
    proof(
        "200 items dealt over two lines, of which one is dropped in an answer",
        "`map --over`, Python server",
        "each item has one outcome and ran once; the lost one is said; the other line does the "
        "rest",
    )


def test_jobs(
    app: Watched, between: Line, shell: Shell, proof: Prove, monkeypatch: pytest.MonkeyPatch
) -> None:
    on = "`submit`, `result`, Python server"
    line = between(app.address, Split(), Split())
    ident = shell.submit(line.address, app.code("in pieces"))
    assert shell.result(ident) == (0, "printed ✓\n'in pieces'\n", "")
    proof("every byte alone, both ways", on, "the job's output and value are printed; exit 0")
    line.fail(Drops(1860))  # in the answer that has the job's id
    done = shell("submit", line.address, app.code("left"))
    assert (done.code, done.out) == (3, "")
    assert "Whether the job was taken is not known: repl-connect jobs shows it then." in done.err
    app.wait_begun("left")
    line.fail()
    listed = shell("jobs", line.address)
    assert listed.code == 0
    assert listed.out.count("\n") >= 2
    line.fail(Drops(1860))
    done = shell("result", ident, "--wait", "5")
    assert (done.code, done.out) == (3, "")
    assert len(done.err.splitlines()) == 1
    line.fail()
    assert shell.result(ident).out == "printed ✓\n'in pieces'\n"
    assert app.times("left") == app.times("in pieces") == 1
    proof(
        "the connection is dropped in an answer",
        on,
        "it says that the job may have been taken; exit 3; `jobs` and `result` have it later",
        2,
    )
    monkeypatch.setattr("repl_connect.jobs.desk._ANSWER", 0.5)
    line.fail(Stalls(1860))
    done = shell("result", ident)
    assert done.code == 4, done
    assert "no answer in" in done.err
    proof("an answer does not come", "`result`, Python server", "exit 4 after its limit, said")
