"""Who gets which item: the rules by which work is dealt out to partners that may go at any time.

Rule 1: every item that is offered has exactly one outcome in the end.

Rule 2: an item that was never sent goes to whoever is free; if nobody is left, it was not run
(`unreachable`).

Rule 3: an item that was sent to a partner that is lost then may have run. It is `lost`, and nobody
else gets it, unless `again` says so: then it is the next to be given, with one attempt more, and a
note says so. After `MOST_ATTEMPTS` it is lost all the same: it may be what ends them.

No I/O and no clock: who uses a `Dealer` tells it what happens, and gets outcomes and notes through
its callbacks, from within the calls.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from repl_connect.mapping.outcome import LOST, UNREACHABLE, Item, Outcome

__all__ = ["MOST_ATTEMPTS", "Dealer", "Given"]

MOST_ATTEMPTS: Final = 3
"""How many partners an item is given to at most, when the ones before were lost with it."""


class Given(NamedTuple):
    """An item that a partner was given; `attempt` counts from 1."""

    item: Item
    attempt: int


class _Waiting(NamedTuple):
    """An item that nobody has. `given` is to how many it was given; `lost` by whom, and why."""

    item: Item
    given: int = 0
    partner: str = ""
    problem: str = ""
    seconds: float = 0.0


class Dealer:
    """Deals items to partners, of which each has one at a time.

    `partners` are those who may come; each of them is to `leave` in the end.
    """

    def __init__(
        self,
        partners: Iterable[str],
        on_outcome: Callable[[Outcome], None],
        on_note: Callable[[str], None],
        *,
        again: bool = False,
    ) -> None:
        self._partners = set(partners)
        self._on_outcome = on_outcome
        self._on_note = on_note
        self._again = again
        self._waiting: deque[_Waiting] = deque()
        self._given: dict[str, Given] = {}
        self._ended = False
        self._stopped = ""

    @property
    def waiting(self) -> int:
        """How many items nobody has yet."""
        return len(self._waiting)

    @property
    def stopped(self) -> bool:
        """Whether nothing is given any more: it was stopped, or nobody is left."""
        return bool(self._stopped) or not self._partners

    @property
    def finished(self) -> bool:
        """Whether every item has its outcome, and no more come."""
        return self._ended and not self._waiting and not self._given

    def offer(self, item: Item) -> None:
        """One more item."""
        self._waiting.append(_Waiting(item))
        self._settle()

    def end(self) -> None:
        """There are no more items."""
        self._ended = True

    def take(self, partner: str) -> Given | None:
        """What a partner that is free is to do next; None if there is nothing at the moment."""
        assert partner in self._partners
        assert partner not in self._given
        if self.stopped or not self._waiting:
            return None
        waiting = self._waiting.popleft()
        given = self._given[partner] = Given(waiting.item, waiting.given + 1)
        if waiting.given:
            self._on_note(
                f"item {waiting.item.number}: given to {partner} (attempt {given.attempt}); "
                f"{waiting.partner} was lost with it, and may have run it."
            )
        return given

    def answer(self, partner: str, outcome: Outcome) -> None:
        """What came of the item that a partner has. It is free again, unless it leaves."""
        given = self._given.pop(partner)
        self._on_outcome(outcome._replace(partner=partner, item=given.item, attempt=given.attempt))

    def leave(self, partner: str, problem: str = "", seconds: float = 0.0) -> None:
        """A partner takes no more: it was lost, it never came, or nothing is left to do.

        `problem` says why, `seconds` how long it has had its item, if it has one.
        """
        if partner not in self._partners:
            return
        self._partners.discard(partner)
        given = self._given.pop(partner, None)
        if given is not None:
            left = _Waiting(given.item, given.attempt, partner, problem, seconds)
            if self._again and given.attempt < MOST_ATTEMPTS:
                self._waiting.appendleft(left)
            else:
                self._on_outcome(_lost(left))
        self._settle()

    def stop(self, problem: str) -> None:
        """Give nothing any more. Who has an item may still answer."""
        self._stopped = self._stopped or problem
        self._settle()

    def _settle(self) -> None:
        """If nothing is given any more, say so of all that waits."""
        while self._waiting and self.stopped:
            waiting = self._waiting.popleft()
            if waiting.given:
                self._on_outcome(_lost(waiting))
                continue
            problem = self._stopped or "No partner was left to take it."
            self._on_outcome(Outcome("", waiting.item, UNREACHABLE, problem=problem, attempt=0))


def _lost(waiting: _Waiting) -> Outcome:
    return Outcome(
        waiting.partner,
        waiting.item,
        LOST,
        problem=waiting.problem,
        seconds=waiting.seconds,
        attempt=waiting.given,
    )
