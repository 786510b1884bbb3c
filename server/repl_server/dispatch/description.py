"""What a server says of its limits."""

from __future__ import annotations

from repl_server.dispatch.jobs import JobBounds
from repl_server.dispatch.presence import MOST_SUBSCRIPTIONS
from repl_server.dispatch.watches import MOST_WATCHES

__all__ = ["limits"]


def limits(sessions: int, queued: int, jobs: JobBounds | None) -> dict[str, object]:
    """The `repl-server/limits` of `describe`."""
    return {
        "sessions": sessions,
        "queued": queued,
        "subscriptions": MOST_SUBSCRIPTIONS,
        "watches": MOST_WATCHES,
        "jobs": {
            key.replace("_", "-"): bound for key, bound in (jobs or JobBounds())._asdict().items()
        },
    }
