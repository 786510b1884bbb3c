from __future__ import annotations

import itertools
import os
from collections.abc import Generator

import pytest
from proofs import Proof, Prove, record


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport() -> Generator[None, object, None]:
    """On CI everything is installed: there a skipped test is a failed one."""
    outcome = yield
    assert hasattr(outcome, "get_result")
    report: pytest.TestReport = outcome.get_result()
    if os.environ.get("CI") and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped on CI: {report.longrepr}"


_NUMBERS = itertools.count()


@pytest.fixture(autouse=True)
def own_state(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is remembered of addresses from one test to the next, or for the user who tests."""
    state = tmp_path_factory.getbasetemp() / f"state-{next(_NUMBERS)}"
    monkeypatch.setenv("XDG_STATE_HOME", str(state))


@pytest.fixture
def proof(request: pytest.FixtureRequest) -> Prove:
    """Say what the test tried, on what, what happened, and how often: a row of the documents.

    It is said at the end of a test that has shown it: proof(tried, on, happened, times=1).
    """

    def prove(tried: str, on: str, happened: str, times: int = 1) -> None:
        test = str(getattr(request.node, "originalname", request.node.name))
        record(request.path.parent.name, Proof(tried, on, times, happened, test))

    return prove
