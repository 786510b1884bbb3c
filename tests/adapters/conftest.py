"""One program of each kind for the whole suite; what ends it starts its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import NamedTuple

import pytest
from adapters.subject import Program, Subject
from adapters.subjects import SUBJECTS
from driver import Client


class Running(NamedTuple):
    """A subject and its program."""

    subject: Subject
    program: Program


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What is about adapters only is not run over what is none."""
    kept = []
    for item in items:
        callspec = getattr(item, "callspec", None)
        subject = callspec.params.get("subject") if callspec is not None else None
        adapted = not isinstance(subject, Subject) or subject.dialect != "nrepl"
        if adapted or item.get_closest_marker("adapted") is None:
            kept.append(item)
    items[:] = kept


@pytest.fixture(autouse=True)
def own_state(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was found at an address is remembered from one test to the next, as users have it.

    The first test that connects to a program finds it out; what is silent is waited for then only.
    """
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path_factory.getbasetemp() / "adapters-state"))


@pytest.fixture(scope="session", params=SUBJECTS, ids=lambda subject: subject.name)
def subject(request: pytest.FixtureRequest) -> Subject:
    """What is tested."""
    chosen: Subject = request.param
    missing = chosen.missing()
    if missing:
        pytest.skip(f"needs {missing}")
    return chosen


@pytest.fixture(scope="session")
def running(subject: Subject, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Its program, the same for all tests; it has to be there at the end."""
    program = subject.start(tmp_path_factory.mktemp("program"))
    yield Running(subject, program)
    assert program.alive
    program.stop()


@pytest.fixture
def open_client(running: Running) -> Iterator[Callable[[], Client]]:
    """Connects to the program, with nothing said of what it is."""
    with ExitStack() as stack:

        def opened() -> Client:
            return stack.enter_context(Client(running.program.address))

        yield opened


@pytest.fixture
def client(open_client: Callable[[], Client]) -> Client:
    """One client of the program."""
    return open_client()
