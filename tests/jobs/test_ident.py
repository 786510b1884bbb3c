"""Ids of jobs: taken apart, put together."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repl_connect.errors import UsageError
from repl_connect.jobs.ident import JobId, job_id, place_of
from repl_connect.targets import target_of

PLACES = [
    "@sim",
    "/home/ada/app.sock",
    "/odd:name/app:sock",
    "localhost:7888",
    "[::1]:7888",
    "ssh://ada@far:2222/run/x.sock",
    "ssh://far#db:7888",
    "http://localhost:4242",
]


@pytest.mark.parametrize("place", PLACES)
def test_an_id_is_split_at_its_last_colon(place: str) -> None:
    ident = JobId(place, "3f2a1c-4")
    assert str(ident) == f"{place}:3f2a1c-4"
    assert job_id(str(ident)) == ident


@given(st.sampled_from(PLACES), st.text(min_size=1))
def test_a_foreign_id_may_hold_anything(place: str, job: str) -> None:
    text = str(JobId(place, job))
    assert text.isascii()
    assert text.isprintable()
    assert job_id(text) == JobId(place, job)


@pytest.mark.parametrize(
    "text", ["", "3f2a1c-4", ":4", "@sim:", "./app.sock", "http://far/telephone", "ssh://far/x"]
)
def test_what_is_no_id(text: str) -> None:
    with pytest.raises(UsageError, match="one looks like @sim:3f2a1c-4"):
        job_id(text)


def test_a_place_is_the_same_from_every_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert place_of(target_of("./app.sock")) == str(tmp_path / "app.sock")
    assert place_of(target_of("7888")) == "localhost:7888"
