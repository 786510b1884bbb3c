"""A Dask cluster of two real worker processes, in a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

__all__ = ["SIMULATION", "Cluster", "dask_cluster", "late_worker", "until"]

LONG = 60.0

SIMULATION = '''
import time
speed = 1

def step(x):
    return x * speed

def wait_for(wanted, began):
    """A task that runs until somebody has set the speed."""
    open(began, "w").close()
    end = time.monotonic() + 60
    while speed != wanted and time.monotonic() < end:
        time.sleep(0.01)
    return speed
'''

_CLUSTER = """
import sys
from distributed import LocalCluster
if __name__ == "__main__":
    with LocalCluster(
        processes=True, n_workers=2, threads_per_worker=1, dashboard_address=None
    ) as cluster:
        print(cluster.scheduler_address, flush=True)
        sys.stdin.read()
"""


class Cluster(NamedTuple):
    """`url` is as we write it; `tcp`, as Dask does. `directory` has the module `simulation`."""

    url: str
    tcp: str
    directory: Path
    environment: dict[str, str]


@contextmanager
def dask_cluster(directory: Path) -> Iterator[Cluster]:
    (directory / "simulation.py").write_text(SIMULATION, encoding="utf-8")
    script = directory / "cluster.py"
    script.write_text(_CLUSTER, encoding="utf-8")
    environment = {
        **os.environ,
        "PYTHONPATH": str(directory),
        "XDG_RUNTIME_DIR": str(directory / "run"),
        "XDG_CONFIG_HOME": str(directory / "config"),
    }
    (directory / "run").mkdir(mode=0o700)
    with (directory / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, str(script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env=environment,
            cwd=directory,
        )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        tcp = process.stdout.readline().decode().strip()
        assert tcp, (directory / "log").read_text(encoding="utf-8")
        yield Cluster(tcp.replace("tcp://", "dask://"), tcp, directory, environment)
    finally:
        process.stdin.close()
        process.stdout.close()
        try:
            process.wait(LONG)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def late_worker(cluster: Cluster, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    """One more worker of the cluster, started as people do."""
    command = [sys.executable, "-m", "distributed.cli.dask_worker", cluster.tcp]
    process = subprocess.Popen(
        [*command, "--no-nanny", "--nthreads", "1", "--no-dashboard", *options],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=cluster.environment,
        cwd=cluster.directory,
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(LONG)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def until(holds: Callable[[], bool]) -> None:
    """Look again and again, as there is nothing that tells."""
    end = time.monotonic() + LONG
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)
