"""`,tour`: what there is to know in five minutes, a step at a time, on whatever runs there."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Final

from repl_connect.prompt.commands.command import Command
from repl_connect.prompt.front_end import FrontEnd

if TYPE_CHECKING:
    from repl_connect.prompt.commands.tour_steps import Step

__all__ = ["TOUR"]


def _tour(front_end: FrontEnd, argument: str) -> None:
    steps = _steps_here(front_end)
    state = front_end.state
    if argument == "stop":
        state.tour_step = 0
        front_end.note("The tour is over. ,tour begins it again.")
    elif argument.isdecimal() and 1 <= int(argument[:9]) <= len(steps):
        _show(front_end, steps, int(argument[:9]))
    elif argument:
        front_end.problem(f",tour goes on, ,tour 1 to ,tour {len(steps)} shows a step, ,tour stop.")
    elif state.tour_step >= len(steps):
        state.tour_step = 0
        front_end.note("That was the tour. ,help shows all commands; ,tour begins it again.")
    else:
        _show(front_end, steps, state.tour_step + 1)


def _steps_here(front_end: FrontEnd) -> list[Step]:
    """The steps that can be done here: the server has the op, the language an example."""
    from repl_connect.languages.examples import examples_of
    from repl_connect.prompt.commands.tour_steps import STEPS

    known = examples_of(front_end.language.name)
    link = front_end.link
    return [
        step
        for step in STEPS
        if (step.needs is None or (link is not None and link.session.supports(step.needs)))
        and set(step.examples) <= set(known)
    ]


def _show(front_end: FrontEnd, steps: list[Step], number: int) -> None:
    from repl_connect.languages.examples import examples_of

    step = steps[number - 1]
    front_end.state.tour_step = number
    width = max(front_end.columns - 1, 12)
    title = textwrap.fill(f"{number} of {len(steps)}: {step.title}", width)
    fragments = [("class:heading", title + "\n")]
    fragments += [("", textwrap.fill(line, width) + "\n") for line in step.lines]
    known = examples_of(front_end.language.name)
    for key in step.examples:
        fragments += [("class:label", f"    {line}\n") for line in known[key].split("\n")]
    fragments += [("", textwrap.fill(line, width) + "\n") for line in step.after]
    last = number == len(steps)
    fragments.append(("class:note", ",tour ends.\n" if last else ",tour goes on.\n"))
    front_end.say(fragments)


TOUR: Final = (
    Command(
        names=("tour",),
        argument="[NUMBER|stop]",
        doc="five minutes: what one can do, step by step",
        run=_tour,
        more="Each step says what to try; nothing is evaluated unless you do. ,tour shows the "
        "next one.",
        complete=lambda typed: ["stop"] if "stop".startswith(typed) else [],
    ),
)
