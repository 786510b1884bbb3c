"""Workers of a real Dask cluster as partners: a REPL in each, which reaches what tasks see."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from client.command import Finished, repl_connect
from cluster.programs import Cluster, late_worker, until

from repl_connect.cluster.importing import import_partners
from repl_connect.cluster.repl import machine
from repl_connect.cluster.scheduler import connected, workers
from repl_connect.settings import Partner, load_settings

CODE = """
import simulation
print("got", item)
1000 // (int(item) - 3)
simulation.step(int(item)), item
"""
ITEMS = [*"12345678", "x", '") (exit) ("', "\\", "'''", "naïve ☃"]


@pytest.fixture(autouse=True)
def same_places(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("XDG_RUNTIME_DIR", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, cluster.environment[name])


def partners_of(cluster: Cluster) -> dict[str, Partner]:
    return {
        name: partner
        for name, partner in load_settings().settings.partners.items()
        if partner.source == cluster.url
    }


def imported(cluster: Cluster, *options: str) -> Finished:
    return repl_connect("partners", "import", cluster.url, *options)


def value(partner: str, code: str) -> str:
    finished = repl_connect("eval", partner, code)
    assert finished.code == 0, finished
    return finished.out.strip()


def test_workers_become_partners_when_they_have_a_repl(
    cluster: Cluster, capsys: pytest.CaptureFixture[str]
) -> None:
    finished = imported(cluster)
    assert finished.code == 3
    assert "2 of 2 workers have no REPL: 0, 1." in finished.err
    assert f"repl-connect partners import {cluster.url} --start" in finished.err
    finished = imported(cluster, "--start", "--tag", "lab")
    assert (finished.code, finished.err) == (0, "")
    lines = [line.split() for line in finished.out.splitlines()]
    assert [line[:2] for line in lines] == [["added", "@dask-0"], ["added", "@dask-1"]]
    assert partners_of(cluster).keys() == {"dask-0", "dask-1"}
    assert partners_of(cluster)["dask-0"].tags == ("dask", "lab")
    assert import_partners(cluster.url, tag="lab") == 0
    assert capsys.readouterr().out == "2 as before\n"
    assert value("@dask-1", "worker.name") == "1"


def test_a_repl_changes_what_a_running_task_sees(cluster: Cluster) -> None:
    began = cluster.directory / "began"

    def wait(path: str) -> Any:
        import simulation  # type: ignore[import-not-found]

        return simulation.wait_for(7, path)

    import_partners(cluster.url, start=True)
    with connected(cluster.url, 30) as client:
        worker = next(each for each in workers(cluster.url, 30) if each.name == "0")
        running = client.submit(wait, str(began), workers=[worker.address], pure=False)
        until(began.exists)
        assert value("@dask-0", "import simulation; simulation.speed = 7; simulation.step(6)")
        assert running.result(timeout=60) == 7
    assert value("@dask-1", "import simulation; simulation.speed") == "1"
    value("@dask-0", "simulation.speed = 1; 0")


def test_map_on_dask_gives_the_same_results_as_without(cluster: Cluster) -> None:
    import_partners(cluster.url, start=True)
    with_dask = mapped(cluster.url, "--engine", "dask")
    without = mapped("@dask/*")
    assert with_dask[1] == without[1]
    assert with_dask[0] == without[0] == 6
    states = [outcome["state"] for outcome in with_dask[1]]
    assert states == [*("ok", "ok", "raised"), *["ok"] * 5, *["raised"] * 5]
    assert with_dask[1][4]["values"] == ["500", "(5, '5')"]
    assert with_dask[1][4]["out"] == "got 5\n"


def mapped(*arguments: str) -> tuple[int, list[dict[str, Any]]]:
    """The exit status, and the outcomes by number, without what may differ."""
    finished = repl_connect(
        "map", *arguments, CODE, "--over", "-", "--json", stdin="\n".join(ITEMS)
    )
    found = sorted(map(json.loads, finished.out.splitlines()), key=lambda each: each["number"])
    for outcome in found:
        assert outcome.pop("partner").removeprefix("@") in ("dask-0", "dask-1")
        assert outcome.pop("seconds") < 60
        outcome["err"] = re.sub(r"<repl-\d+>", "<repl>", outcome["err"])
    return finished.code, found


def test_a_preloaded_worker_comes_and_goes(
    cluster: Cluster, capsys: pytest.CaptureFixture[str]
) -> None:
    # The plugin would give it one anyway; it keeps the one that it has from its start.
    options = ("--preload", "repl_connect.cluster.preload", "--name", "late/one:2")
    with late_worker(cluster, *options) as process:
        until(lambda: len(workers(cluster.url, 30)) == 3)
        assert import_partners(cluster.url, start=True) == 0
        partner = partners_of(cluster)["dask-late-one-2"]
        assert partner.address.endswith(f"/{process.pid}.sock")
        assert value("@dask-late-one-2", "worker.name") == "'late/one:2'"
    until(lambda: len(workers(cluster.url, 30)) == 2)
    import_partners(cluster.url)
    assert "removed  @dask-late-one-2\n" in capsys.readouterr().out
    assert not list((cluster.directory / "run").glob(f"*/{process.pid}*"))


def test_another_machines_workers_are_reached_by_ssh(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """And a name that is taken by a partner from elsewhere is left to it."""
    import_partners(cluster.url, start=True)
    path = tmp_path / "repl-connect" / "config.toml"
    path.parent.mkdir()
    path.write_text('[partners.dask-0]\naddress = "./mine"\n', encoding="utf-8")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    own_name = machine().partition(" ")[0]
    monkeypatch.setattr("repl_connect.cluster.scheduler.machine", lambda: "elsewhere 1")
    import_partners(cluster.url)
    found = tomllib.loads(path.read_text(encoding="utf-8"))["partners"]
    assert found.keys() == {"dask-0", "dask-0-2", "dask-1"}
    assert found["dask-0"] == {"address": "./mine"}
    assert re.fullmatch(rf"ssh://{own_name}/\S+/\d+\.sock", found["dask-0-2"]["address"])
