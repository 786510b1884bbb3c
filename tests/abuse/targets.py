"""All that is fuzzed, by name."""

from __future__ import annotations

from abuse import adapter_targets, file_targets, text_targets, wire_targets
from abuse.target import FuzzTarget

__all__ = ["FUZZED"]

FUZZED: dict[str, FuzzTarget] = {
    target.name: target
    for part in (wire_targets, adapter_targets, file_targets, text_targets)
    for target in part.TARGETS
}
