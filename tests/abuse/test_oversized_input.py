"""Input for a Lisp that is longer than one message to it can be."""

from __future__ import annotations

from collections.abc import Callable

from adapters.playing_swank import ready


def test_it_is_refused_and_the_reader_goes_on_waiting(proof: Callable[..., None]) -> None:
    lisp = ready()
    session = lisp.to("c")[0]["new-session"]
    lisp.evaluate(session=session)
    lisp.feed("(:read-string 1 2)")
    lisp.ask(op="stdin", id="long", session=session, stdin="x" * 17_000_000)
    lisp.ask(op="stdin", id="short", session=session, stdin="x\n")
    assert "input-full" in lisp.statuses("long")
    assert lisp.statuses("short") == {"done"}
    proof("17 MB of input for a Lisp that reads", "Swank's adapter", "refused; shorter is taken")
