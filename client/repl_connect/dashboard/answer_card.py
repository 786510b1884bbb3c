"""One target's answer, in a frame."""

from __future__ import annotations

from typing import ClassVar, Final

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from repl_connect.dashboard.excerpt import excerpt
from repl_connect.dashboard.look import ANSWER_KINDS
from repl_connect.dashboard.observing.answer import Answer, AnswerState
from repl_connect.dashboard.panels.messages import Inspect
from repl_connect.durations import duration
from repl_connect.escapes import visible

__all__ = ["AnswerCard"]

_TITLE: Final = 60
_END: Final = 4000  # characters in which it is looked whether what came says the problem
_LAST: Final = 20  # lines of those
_TELLING: Final = 12  # characters of a line that says it
_REST: Final = "The rest was not kept: `repl-connect eval` prints all of a value."


class AnswerCard(Widget, can_focus=True):
    """The end of an answer, its state and how long it took. Enter shows all of it."""

    class InputWanted(Message):
        """The user wants to give what this answer waits for."""

        def __init__(self, answer: Answer) -> None:
            super().__init__()
            self.answer = answer

    DEFAULT_CSS = """
    AnswerCard {
        border: round $foreground 40%;
        border-title-color: $foreground;
        border-subtitle-color: $foreground 70%;
        padding: 0;
        min-height: 3;
        &.-good { border: round $success; }
        &.-working { border: round $accent; }
        &.-doubtful { border: round $warning; }
        &.-bad { border: round $error; }
        &:focus { border: heavy $primary; border-title-style: bold; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "inspect", "Inspect", tooltip="All of the answer; or give it input"),
        Binding("right,down,l,j", "app.focus_next", "Next", show=False),
        Binding("left,up,h,k", "app.focus_previous", "Previous", show=False),
    ]
    BINDING_GROUP_TITLE = "Answer"

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.answer = answer
        self._shown: tuple[object, ...] = ()

    def on_mount(self) -> None:
        """Show what there is."""
        self.show()

    def show(self) -> None:
        """Show what is new; of an answer that has not changed, nothing is drawn."""
        answer = self.answer
        now = (answer.state, answer.size, answer.problem, duration(answer.seconds))
        if now == self._shown:
            return
        drawn = self._shown[:3] == now[:3]
        self._shown = now
        for kind in set(ANSWER_KINDS.values()):
            self.set_class(kind == ANSWER_KINDS[answer.state], f"-{kind}")
        words = "Enter gives input" if answer.state is AnswerState.NEEDS_INPUT else answer.state
        self.border_title = Content(visible(answer.target.name)[:_TITLE])
        self.border_subtitle = Content(f"{words} · {duration(answer.seconds)}")
        if not drawn:
            self.refresh()

    def render(self) -> Content:
        """As many of the last rows as there is place for."""
        width, height = self.content_size
        answer = self.answer
        said = _said(answer)
        rows, more = excerpt(said, width, height)
        if more or answer.cut:
            rows, _ = excerpt(said, width, height - 1)
            note = Content.styled(f"⋯ {len(said):,} characters, Enter: all"[:width], "$text-muted")
            return Content("\n").join([note, *(Content(row) for row in rows)])
        if not said:
            words = "" if answer.ended else "…"
            return Content.styled(words or "no value", "$text-muted")
        return Content("\n").join(Content(row) for row in rows)

    def action_inspect(self) -> None:
        """Give what it waits for, or show all of it."""
        answer = self.answer
        if answer.state is AnswerState.NEEDS_INPUT:
            self.post_message(self.InputWanted(answer))
            return
        said = _said(answer)
        title = f"{answer.target.name}: {' '.join(answer.code.split())}"
        self.post_message(Inspect(visible(title), said, cut=answer.cut, rest=_REST))


def _said(answer: Answer) -> str:
    """All that came, and why it ended badly if its last lines do not say that."""
    said, problem = answer.text, answer.problem
    if problem is None or answer.state is AnswerState.OK:
        return said
    last = said[-_END:].splitlines()[-_LAST:]
    if problem in said or any(len(line) >= _TELLING and line.strip() in problem for line in last):
        return said
    return said + ("\n" if said and not said.endswith("\n") else "") + problem
