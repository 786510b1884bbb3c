"""Each file of ERT tests, in an Emacs of its own; once for each of the programs it is about."""

from __future__ import annotations

from pathlib import Path

import pytest
from emacs.batch import ERT_FILES, about_program, programs_of, run_ert

RUNS = [(file, kind) for file in ERT_FILES for kind in programs_of(file) or [""]]


def name(value: object) -> str:
    return value.stem.removesuffix("-tests") if isinstance(value, Path) else str(value)


@pytest.mark.parametrize(("file", "kind"), RUNS, ids=name)
def test_ert(file: Path, kind: str, request: pytest.FixtureRequest) -> None:
    run_ert(file, environment=about_program(request.getfixturevalue(kind)) if kind else {})
