"""Bytes that make no sense, and bytes that nearly do: each reader takes them in a way of its own.

`python tests/abuse/fuzz.py NAME` goes on with the same for as long as one likes.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from abuse.target import FuzzTarget
from abuse.targets import FUZZED
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

EXAMPLES = 60


def nearly(seeds: tuple[bytes, ...]) -> st.SearchStrategy[bytes]:
    """Bytes that make sense but for some places; and any others."""
    places = st.integers(0, 2_000)
    filling = st.one_of(
        st.binary(max_size=8),
        st.sampled_from([b"", b"\0", b"\xff", b"\n", b"9" * 30, b"\x1b[", b"e", b"d", b"l", b"("]),
    )
    edits = st.lists(st.tuples(places, st.integers(0, 40), filling), max_size=6)

    def edited(seed: bytes, changes: list[tuple[int, int, bytes]]) -> bytes:
        for place, cut, put in changes:
            at = place % (len(seed) + 1)
            seed = seed[:at] + put + seed[at + cut :]
        return seed

    return st.one_of(
        st.binary(max_size=300),
        st.builds(edited, st.sampled_from(seeds), edits),
        st.builds(lambda *parts: b"".join(parts), *[st.sampled_from(seeds)] * 2),
    )


@pytest.mark.parametrize("target", FUZZED.values(), ids=FUZZED)
def test_any_bytes(target: FuzzTarget, proof: Callable[..., None]) -> None:
    for seed in target.seeds:
        target.attack(seed)

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(nearly(target.seeds))
    def attacked(data: bytes) -> None:
        target.attack(data)

    attacked()
    proof("any bytes, and mutations of real ones", target.on, target.happened, times=EXAMPLES)
