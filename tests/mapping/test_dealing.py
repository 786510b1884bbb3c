"""Dealing work out, by its rules: whoever comes, goes, or is lost, and whenever."""

from __future__ import annotations

import re
from collections import Counter

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from repl_connect.mapping.dealing import MOST_ATTEMPTS, Dealer
from repl_connect.mapping.outcome import LOST, OK, STATES, UNREACHABLE, Item, Outcome

PARTNERS = ("@a", "@b", "@c", "@d")


class Dealing(RuleBasedStateMachine):
    """A dealer, and what a careful observer writes down."""

    again = False

    def __init__(self) -> None:
        super().__init__()
        self.outcomes: list[Outcome] = []
        self.notes: list[str] = []
        self.sent: list[tuple[int, str]] = []
        self.busy: dict[str, int] = {}
        self.there = set(PARTNERS)
        self.offered = 0
        self.ended = False
        self.dealer = Dealer(PARTNERS, self.outcomes.append, self.notes.append, again=self.again)

    @initialize(count=st.integers(0, 6))
    def offer_some(self, count: int) -> None:
        for _ in range(count):
            self.offer()

    @precondition(lambda self: not self.ended)
    @rule()
    def offer(self) -> None:
        self.dealer.offer(Item(self.offered, f"text {self.offered}"))
        self.offered += 1

    @precondition(lambda self: self.there - self.busy.keys())
    @rule(data=st.data())
    def take(self, data: st.DataObject) -> None:
        partner = data.draw(st.sampled_from(sorted(self.there - self.busy.keys())))
        waiting, stopped = self.dealer.waiting, self.dealer.stopped
        given = self.dealer.take(partner)
        assert (given is None) == (stopped or not waiting)
        if given is not None:
            number = given.item.number
            assert given.item.text == f"text {number}"
            assert given.attempt == 1 + [each for each, _ in self.sent].count(number)
            self.sent.append((number, partner))
            self.busy[partner] = number

    @precondition(lambda self: self.busy)
    @rule(data=st.data(), state=st.sampled_from(sorted(STATES)))
    def answer(self, data: st.DataObject, state: str) -> None:
        partner = data.draw(st.sampled_from(sorted(self.busy)))
        number = self.busy.pop(partner)
        self.dealer.answer(partner, Outcome("", None, state, ("42",)))
        outcome = self.outcomes[-1]
        assert outcome.item is not None
        assert (outcome.item.number, outcome.partner, outcome.values) == (number, partner, ("42",))

    @precondition(lambda self: self.busy)
    @rule(data=st.data())
    def lose(self, data: st.DataObject) -> None:
        self.leave(data.draw(st.sampled_from(sorted(self.busy))))

    @precondition(lambda self: len(self.sent) > 2 and self.there - self.busy.keys())
    @rule(data=st.data())
    def let_go(self, data: st.DataObject) -> None:
        self.leave(data.draw(st.sampled_from(sorted(self.there - self.busy.keys()))))

    def leave(self, partner: str) -> None:
        self.there.discard(partner)
        number = self.busy.pop(partner, None)
        known = len(self.outcomes)
        self.dealer.leave(partner, "It was lost.", 1.0)
        told = [each for each in self.outcomes[known:] if each.item and each.item.number == number]
        assert all((each.state, each.partner) == (LOST, partner) for each in told)
        if number is not None and not self.again:
            assert told

    @precondition(lambda self: not self.ended and len(self.sent) > 2)
    @rule()
    def end(self) -> None:
        self.dealer.end()
        self.ended = True

    @precondition(lambda self: len(self.sent) > 5 or not self.there)
    @rule()
    def stop(self) -> None:
        self.dealer.stop("It was stopped.")

    @invariant()
    def every_item_is_somewhere_once(self) -> None:
        told = Counter(each.item.number for each in self.outcomes if each.item)
        assert not told or max(told.values()) == 1
        assert not told.keys() & set(self.busy.values())
        assert len(told) + len(self.busy) + self.dealer.waiting == self.offered
        assert self.dealer.finished == (self.ended and len(told) == self.offered)

    @invariant()
    def nothing_is_sent_twice_unless_that_is_asked_for_and_told(self) -> None:
        sent = Counter(number for number, _ in self.sent)
        noted: Counter[int] = Counter()
        for note in self.notes:
            number = re.match(r"item (\d+): given to @", note)
            assert number is not None
            noted[int(number[1])] += 1
        assert noted == Counter({number: count - 1 for number, count in sent.items() if count > 1})
        assert max(sent.values(), default=0) <= (MOST_ATTEMPTS if self.again else 1)

    @invariant()
    def what_was_sent_never_counts_as_not_sent(self) -> None:
        sent = Counter(number for number, _ in self.sent)
        for each in self.outcomes:
            assert each.item is not None
            assert each.attempt == sent[each.item.number]
            if not each.partner:
                assert (each.state, each.attempt) == (UNREACHABLE, 0)

    @invariant()
    def nothing_waits_for_nobody(self) -> None:
        if self.dealer.stopped:
            assert not self.dealer.waiting

    def teardown(self) -> None:
        """All go in the end: then all is told."""
        if not self.ended:
            self.end()
        for partner in sorted(self.there):
            self.dealer.leave(partner, "It was lost.")
        self.busy.clear()
        self.every_item_is_somewhere_once()
        assert self.dealer.finished


class DealingAgain(Dealing):
    """The same, with items given to another."""

    again = True


TestDealing = Dealing.TestCase
TestDealingAgain = DealingAgain.TestCase
TestDealing.settings = TestDealingAgain.settings = settings(
    max_examples=40, stateful_step_count=30, deadline=None
)


def test_an_item_that_ends_whoever_gets_it_does_not_end_them_all() -> None:
    outcomes: list[Outcome] = []
    notes: list[str] = []
    dealer = Dealer("abcde", outcomes.append, notes.append, again=True)
    dealer.offer(Item(0, "poison"))
    dealer.offer(Item(1, "food"))
    dealer.end()
    for partner in "abc":
        given = dealer.take(partner)
        assert given is not None
        assert given.item.text == "poison"
        dealer.leave(partner, f"{partner} was lost.")
    assert [(each.state, each.partner, each.attempt) for each in outcomes] == [(LOST, "c", 3)]
    assert len(notes) == 2
    given = dealer.take("d")
    assert given is not None
    assert given.item.text == "food"
    dealer.answer("d", Outcome("d", None, OK))
    assert dealer.finished
