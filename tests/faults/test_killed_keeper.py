"""The bridge in the background that keeps jobs is killed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from adapters.subject import Process
from jobs.collecting import Shell
from jobs.conftest import home, shell
from jobs.test_kept import console
from jobs.test_kept import test_the_keeper_is_gone as the_keeper_is_killed

__all__ = ["console", "home", "shell"]


def test_the_keeper_of_jobs_is_killed(
    console: Process, home: Path, shell: Shell, proof: Callable[..., None]
) -> None:
    the_keeper_is_killed(console, shell)
    proof(
        "kill -9 of the bridge that keeps jobs, before their results were fetched",
        "`submit`, `result`, `jobs`",
        "it is said that the results are lost with it; the next job is kept by a new one",
    )
