"""Rows and samples of what a server says, which can be anything."""

from __future__ import annotations

import pytest

from repl_connect.dashboard.observing.rows import client_rows, held_rows, job_row, job_rows
from repl_connect.dashboard.observing.watched import LONGEST_SAMPLE, SAMPLES, Watched, number_of


@pytest.mark.parametrize(
    ("text", "number"),
    [
        *[("42", 42.0), ("-1.5", -1.5), ("+3", 3.0), ("1e3", 1000.0), ("1_000", 1000.0)],
        *[("2/4", 0.5), ("5N", 5.0), ("1.5M", 1.5), (".5", 0.5), (" 7\n", 7.0), ("2.", 2.0)],
        *[("nan", None), ("1e999", None), ("1/0", None), ("x1", None), ("", None)],
        *[("'42'", None), ("1 2", None), ("0x10", None)],
    ],
)
def test_numbers_as_languages_print_them(text: str, number: float | None) -> None:
    assert number_of(text) == number


def test_a_watch_keeps_the_last_values_and_the_beginning_of_long_ones() -> None:
    watched = Watched("x", 1.0)
    assert watched.last is None
    for value in range(SAMPLES + 10):
        watched.add(float(value), str(value))
    assert [watched.samples[0].text, len(watched.samples)] == ["10", SAMPLES]
    watched.problem = "NameError"
    watched.add(0.0, "1" * 10_000)
    assert [watched.problem, watched.cut] == [None, True]
    assert [(len(each.text), each.number) for each in watched.samples][-1] == (LONGEST_SAMPLE, None)


def test_rows_of_what_a_server_tells() -> None:
    (client,) = client_rows(
        {
            "clients": [{"client": "c1", "name": "vim", "since": 5000, "sessions": ["a", "b"]}],
            "client": "c1",
        }
    )
    assert client == ("c1", "vim", "", "", 5.0, 2, True)
    job = job_row({"job": "9-1", "state": "queued", "code": "f()\ng()", "position": 2})
    assert (job.id, job.code, job.position, job.started) == ("9-1", "f()\ng()", 2, None)
    frame = {"name": "step", "file": "sim.py", "line": 12}
    (held,) = held_rows(
        {
            "held": [
                {
                    "id": "h1",
                    "name": "step",
                    "ex": "KeyError",
                    "message": "'x'",
                    "restarts": ["retry", "abort"],
                    "frames": [frame, {}],
                    "err": "Trace\x1b[",
                }
            ]
        }
    )
    assert (held.error, held.restarts) == ("KeyError: 'x'", ("retry", "abort"))
    assert (held.frames, held.traceback) == (("step (sim.py:12)", "?"), "Trace^[[")


@pytest.mark.parametrize("junk", [None, 5, "text", {"a": 1}, [5, None, ["x"]], [{}], [{"id": []}]])
def test_rows_of_junk(junk: object) -> None:
    clients = client_rows({"clients": junk, "client": junk})
    jobs, held = job_rows({"jobs": junk}), held_rows({"held": junk})
    for ident in (
        *(row.id for row in clients),
        *(row.id for row in jobs),
        *(row.id for row in held),
    ):
        assert isinstance(ident, str)
    field = dict.fromkeys(("job", "state", "code", "position", "since", "submitted"), junk)
    assert job_row(field).submitted in (None, 0.005)
    assert len(client_rows({"clients": [field | {"sessions": junk}]})) == 1
    field = dict.fromkeys(("id", "ex", "restarts", "frames", "err", "since"), junk)
    assert len(held_rows({"held": [field]})) == 1
