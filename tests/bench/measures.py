"""What is measured, each against something of the same kind in the same run.

Machines are shared and differ, so a time alone says little: each row is a ratio of two medians,
whose samples were taken in turns. Where the aim is a plain number, that is what it is held against.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from bench import (
    adapted,
    bridged,
    clients,
    dashboard_bench,
    emacs_bench,
    latency,
    nvim_bench,
    peer_clients,
    peer_servers,
    prompt_bench,
    tcp,
    throughput,
    weight,
)
from bench.peers import SERVERS
from bench.rows import Figure, Row, Skipped

__all__ = ["MEASURES", "PEERS", "Row", "Skipped"]

MEASURES: Final[Mapping[str, Callable[..., list[Row]]]] = {
    "round-trip": latency.round_trip,
    "cold": latency.cold,
    "many": latency.many,
    "tcp": tcp.quick_acknowledgement,
    "busy": latency.busy,
    "pipelining": throughput.pipelining,
    "printing": throughput.printing,
    "value": throughput.value,
    "connections": weight.connections,
    "idle": weight.idle,
    "import": weight.importing,
    "start": weight.start,
    "adapted": adapted.adapted,
    "adapted-output": adapted.adapted_output,
    "bridged": bridged.bridged,
    "one-shot": clients.one_shot,
    "prompt": clients.prompt,
    "prompt-output": prompt_bench.output,
    "prompt-keys": prompt_bench.keys,
    "prompt-idle": prompt_bench.idle,
    "dashboard": dashboard_bench.keys,
    "nvim-start": nvim_bench.start,
    "nvim-eval": nvim_bench.evaluation,
    "nvim-flood": nvim_bench.flood,
    "emacs-flood": emacs_bench.flood,
    "emacs-long-line": emacs_bench.long_line,
}
"""By name; each takes a directory for its files, and `quick`."""

PEERS: Final[Mapping[str, Callable[..., list[Figure]]]] = {
    **{
        f"peer-{each.name.partition(' ')[0].lower()}": partial(peer_servers.server_figures, each)
        for each in SERVERS
    },
    "peer-import": peer_servers.imported,
    "peer-poll": peer_servers.polled,
    "peer-ptpython": peer_clients.ptpython,
    "peer-socat": peer_clients.socat,
}
"""What other programs take for the same, by name; their figures have no limit."""
