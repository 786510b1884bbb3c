"""What the commands keep from one to the next."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from repl_connect.link import Link
    from repl_connect.prompt.front_end import FrontEnd
    from repl_connect.prompt.wire_log import WireLog

__all__ = ["CommandState", "Watch"]


class Watch(NamedTuple):
    """Code that the other side evaluates again and again for us."""

    request: str
    """The id of the request that watches."""
    every: str
    code: str


class CommandState:
    """A front end's, for as long as it runs. `attached` is to be called with each connection."""

    def __init__(self) -> None:
        self.connected_at = 0.0
        """When the connection was made, in seconds since the epoch."""
        self.watches: dict[int, Watch] = {}
        """By the number they are shown with."""
        self.subscription: str | None = None
        """The id of the request that subscribed to events."""
        self.subscribed: tuple[str, ...] = ()
        """What was subscribed to."""
        self.wire_log: WireLog | None = None
        self.logging = False
        self.tour_step = 0
        """The step of the tour that was shown last, from 1; 0 if none was."""

    def attached(self, front_end: FrontEnd, link: Link) -> None:
        """A connection is there: log what goes over it, say what ended with the last one."""
        self.connected_at = time.time()
        if self.logging and self.wire_log is not None:
            link.trace = self.wire_log.record
        ended = []
        if self.watches:
            ended.append("1 watch" if len(self.watches) == 1 else f"{len(self.watches)} watches")
        if self.subscription is not None:
            ended.append("the subscription to events")
        self.watches.clear()
        self.subscription = None
        self.subscribed = ()
        if ended:
            front_end.note(f"Ended with the connection before: {' and '.join(ended)}.")
