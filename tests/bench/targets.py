"""What is aimed at, metric by metric, and what of it is reached.

The absolute numbers are from a machine on which `python -c pass` took 8.5 ms, a round trip of the C
echo 10.6 µs and a printed line 0.209 µs (`machine.REFERENCE`). Here a target is that many times
what the same thing takes here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from bench.rows import Figure

__all__ = ["TARGETS", "Target", "here", "reached"]


class Target(NamedTuple):
    """One metric. `excellent` and `world_class` are in `unit`; None where there is no such target.

    More is better if `more` says so. `scale` names which of `machine.REFERENCE` the numbers follow;
    what is a ratio or a size follows none. `bound`: what keeps it from being better, if that is
    known.
    """

    what: str
    unit: str
    excellent: float | None = None
    world_class: float | None = None
    more: bool = False
    scale: str = ""
    bound: str = ""


_FLOORS: Final = "x floor"

TARGETS: Final[Mapping[str, Target]] = {
    "rtt": Target(
        "round trip of `1+1`, median, Unix socket",
        _FLOORS,
        3.0,
        2.0,
        bound="waking the server and the client; then Python's own work",
    ),
    "rtt-p99": Target(
        "the same, 99th percentile",
        _FLOORS,
        3.0,
        2.2,
        bound="the same, and whatever else the machine does",
    ),
    "rtt-time": Target("the same, as a time", "µs"),
    "tcp-twice": Target(
        "our client on TCP, to a server that writes twice",
        "ms",
        1.0,
        scale="echo",
        bound="the server: what it sends is acknowledged at once",
    ),
    "tcp-own": Target("the same, against the server sending once", "x", None, 1.25),
    "pipelined": Target(
        "evaluations, 100 sent ahead",
        "/s",
        70_000,
        120_000,
        True,
        "line",
        bound="decoding a message and compiling its form, in Python",
    ),
    "stdout": Target(
        "printed lines of 80 bytes, 50 MB",
        "MB/s",
        150,
        300,
        True,
        "line",
        bound="`print` itself, then a copy into a message",
    ),
    "stdout-memory": Target("the server's memory grows meanwhile by", "MB", 1.0, 1.0),
    "value": Target(
        "a value of 10 MB",
        "ms",
        35,
        18,
        scale="line",
        bound="its `repr`, then its copies into UTF-8 and the message",
    ),
    "value-memory": Target("the server's memory grows by, in its size", "x", 3.0, 2.0),
    "cold": Target(
        "connect to first result",
        _FLOORS,
        3.5,
        2.2,
        bound="a session of its own: its thread, names and files",
    ),
    "cold-cooperative": Target("the same, `CoopServer`", _FLOORS, 3.5, 2.2),
    "cold-asyncio": Target("the same, asyncio", _FLOORS, 3.5, 2.2),
    "many-p99": Target(
        "20 busy connections beside 200, 99th percentile",
        _FLOORS,
        4.0,
        2.1,
        bound="one interpreter for all sessions' threads, which wake each other in turn",
    ),
    "many-rate": Target("the same, evaluations", "/s", None, 82_000, True, "echo"),
    "session-threads": Target(
        "memory of a connection that evaluated, `serve`",
        "KB",
        30,
        bound="its thread: two thirds of it",
    ),
    "connection-threads": Target("memory of a connection alone, `serve`", "KB", 30, 1),
    "connection-cooperative": Target("memory of a connection, `CoopServer`", "KB", 2, 1),
    "connection-asyncio": Target("memory of a connection, asyncio", "KB", 2, 1),
    "import": Target("import, over a bare interpreter", "ms", 15, 6, scale="start"),
    "start": Target(
        "start of the server to its first answer",
        "ms",
        31,
        17,
        scale="start",
        bound="the interpreter's own start, then the import",
    ),
    "poll": Target(
        "idle `poll()`, 200 connections",
        "µs",
        0.5,
        0.1,
        scale="line",
        bound="one call of a Python function; there is no system call",
    ),
    "poll-flat": Target("the same, against no connection", "x", None, 1.2),
    "prompt": Target(
        "client: exec to a prompt, which keeps what is typed",
        "ms",
        40,
        17,
        scale="start",
        bound="the interpreter's start and our imports; prompt_toolkit comes after it",
    ),
    "prompt-key": Target("client: exec to the first key that shows", "ms"),
    "answer": Target("client: exec to the first answer", "ms"),
    "key": Target(
        "client: key to redraw, in 50 highlighted lines",
        "ms",
        2,
        0.3,
        scale="line",
        bound="prompt_toolkit: half of it drawing, a quarter the handling of keys",
    ),
    "output": Target(
        "client: printed lines, 50 MB",
        "MB/s",
        30,
        48,
        True,
        "line",
        bound="decoding the text and making it safe for the terminal",
    ),
    "output-processor": Target("client: processor for them", "ms/MB", 10, 5, scale="line"),
    "output-memory": Target("client: memory grows meanwhile by", "MB", 2.0),
}
"""By name, in the order of the table."""


def here(target: Target, number: float, machine: float) -> float:
    """A target's number on a machine that is so much slower."""
    if not target.scale:
        return number
    return number / machine if target.more else number * machine


def reached(target: Target, figure: Figure, machine: float) -> str:
    """What of it a figure reaches: "world-class", "excellent", "no"; "" if nothing is aimed at."""
    if target.excellent is None and target.world_class is None:
        return ""
    for name, number in (("world-class", target.world_class), ("excellent", target.excellent)):
        if number is None or figure.value is None:
            continue
        wanted = here(target, number, machine)
        if figure.value >= wanted if target.more else figure.value <= wanted:
            return name
    return "no"
