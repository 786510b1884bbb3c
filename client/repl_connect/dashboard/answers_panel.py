"""What the chosen targets answered to one form, side by side."""

from __future__ import annotations

from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Grid, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from repl_connect.dashboard.answer_card import AnswerCard
from repl_connect.dashboard.bindings import EARLIER, LATER
from repl_connect.dashboard.look import ANSWER_KINDS
from repl_connect.dashboard.observing.answer import Answer
from repl_connect.dashboard.observing.observation import Observation
from repl_connect.dashboard.observing.records import Change
from repl_connect.escapes import visible

__all__ = ["AnswersPanel"]

_NARROWEST: Final = 30  # columns of an answer, its frame included
_LOWEST: Final = 5  # rows
_NOTHING: Final = (
    "No form was sent yet. Type one below (: goes there); it goes to the marked targets,\n"
    "or to the one under the cursor, and what they answer is shown here."
)


class AnswersPanel(Vertical):
    """The answers of one round: a frame for each target, as many in a row as fit."""

    DEFAULT_CSS = """
    AnswersPanel {
        & > #round {
            display: none;
            height: 1; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis;
        }
        & > #no-answers { padding: 1 2; color: $text-muted; }
        & > VerticalScroll { scrollbar-size-vertical: 1; }
        & Grid { height: auto; keyline: none; grid-gutter: 0; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left_square_bracket", "turn(-1)", "Earlier", key_display="[", tooltip=EARLIER),
        Binding("right_square_bracket", "turn(1)", "Later", key_display="]", tooltip=LATER),
    ]
    BINDING_GROUP_TITLE = "Answers"

    def __init__(self, observation: Observation) -> None:
        super().__init__()
        self._observation = observation
        self._round: list[Answer] | None = None
        self._newest = True

    def compose(self) -> ComposeResult:
        """What was sent, and the answers."""
        yield Static(id="round")
        yield Static(_NOTHING, id="no-answers", markup=False)
        with VerticalScroll(can_focus=False):
            yield Grid(id="cards")

    @property
    def round(self) -> list[Answer] | None:
        """The answers that are shown; None before the first form."""
        return self._round

    async def show(self, changes: frozenset[Change]) -> None:
        """Show what has come; the newest round, if none before it was asked for."""
        if Change.ANSWERS not in changes and Change.TARGETS not in changes:
            return
        rounds = self._observation.answers
        if rounds and (self._newest or self._place() is None):
            await self._turn_to(rounds[-1])
        for card in self.query(AnswerCard):
            card.show()
        self._show_round()

    def focus_rows(self) -> None:
        """Give the keys to the first of the answers, if there is one."""
        for card in self.query(AnswerCard)[:1]:
            card.focus()

    async def show_newest(self) -> None:
        """Show the newest round, from now on."""
        self._newest = True
        await self.show(frozenset((Change.ANSWERS,)))

    def tick(self) -> None:
        """Show how long those that have not ended have been running."""
        if self._round is not None and not all(each.ended for each in self._round):
            for card in self.query(AnswerCard):
                card.show()

    async def action_turn(self, step: int) -> None:
        """As `turn`."""
        await self.turn(step)

    def on_resize(self) -> None:
        """Arrange the frames anew."""
        self._arrange()

    def _place(self) -> int | None:
        """Which of the rounds is shown; None if it is none, or no longer kept."""
        rounds = self._observation.answers
        return next((n for n, each in enumerate(rounds) if each is self._round), None)

    async def turn(self, step: int) -> None:
        """Go so many rounds on, or back, as far as there are."""
        rounds = self._observation.answers
        place = self._place()
        if place is None:
            return
        place = min(max(place + step, 0), len(rounds) - 1)
        self._newest = place == len(rounds) - 1
        await self._turn_to(rounds[place])
        self._show_round()

    async def _turn_to(self, answers: list[Answer]) -> None:
        if answers is self._round:
            return
        self._round = answers
        grid = self.query_one("#cards", Grid)
        had_focus = any(card.has_focus for card in self.query(AnswerCard))
        with self.app.batch_update():
            await grid.remove_children()
            await grid.mount_all(AnswerCard(each) for each in answers)
            self._arrange()
        if had_focus:
            self.query(AnswerCard).first().focus()

    def _arrange(self) -> None:
        """As many columns as fit; the rows share the height, if there is enough of it."""
        count = len(self._round or ())
        if not count:
            return
        width, height = max(self.size.width - 1, 1), max(self.size.height - 1, _LOWEST)
        columns = min(count, max(1, width // _NARROWEST))
        rows = -(-count // columns)
        columns = -(-count // rows)  # as even as may be
        grid = self.query_one("#cards", Grid)
        grid.styles.grid_size_columns = columns
        grid.styles.grid_rows = str(max(height // rows, _LOWEST))

    def _show_round(self) -> None:
        answers = self._round
        line = self.query_one("#round", Static)
        if line.display != (answers is not None):
            self.query_one("#no-answers").display = answers is None
            line.display = answers is not None
        if not answers:
            return
        rounds = self._observation.answers
        place = (self._place() or 0) + 1
        counts: dict[str, int] = {}
        for each in answers:
            counts[each.state] = counts.get(each.state, 0) + 1
        kinds = {state.value: kind for state, kind in ANSWER_KINDS.items()}
        colours = {"good": "$text-success", "working": "$text-accent", "doubtful": "$text-warning"}
        pieces = [Content(f"{place}/{len(rounds)} ")] if len(rounds) > 1 else []
        for state, count in counts.items():
            words = state if len(answers) == 1 else f"{count} {state}"
            pieces += [
                Content.styled(words, colours.get(kinds[state], "$text-error")),
                Content(" · "),
            ]
        forms = dict.fromkeys(" ".join(visible(each.code).split()) for each in answers)
        code = " | ".join(forms)
        line.update(Content("").join([*pieces, Content.styled(code, "bold")]), layout=False)
