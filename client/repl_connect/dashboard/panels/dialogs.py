"""Small dialogs: some texts asked for, or one of several choices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, NamedTuple

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Input, Label, OptionList, Select, TextArea
from textual.widgets.option_list import Option

from repl_connect.dashboard.observing.target import ObservedTarget
from repl_connect.dashboard.panels.wording import counted, one_line

__all__ = ["ChoiceDialog", "FormDialog", "Question", "TargetQuestion"]

_CSS = """
    {name} {{
        align: center middle;
        & > Vertical {{
            width: 70; max-width: 94%; height: auto; max-height: 90%;
            padding: 1 2; border: round $accent; background: $panel;
        }}
        & .dialog--title {{ text-style: bold; width: 1fr; margin-bottom: 1; }}
        & .dialog--text {{ color: $text-muted; width: 1fr; margin-bottom: 1; max-height: 6; }}
        & .dialog--problem {{ color: $text-error; width: 1fr; }}
        & .dialog--keys {{ color: $text-muted; width: 1fr; }}
        & TextArea {{ height: auto; min-height: 3; max-height: 12; }}
        & OptionList {{ height: auto; max-height: 14; }}
    }}
"""


class Question(NamedTuple):
    """One text that is asked for. `value` is what stands there at first.

    `choices`, pairs of (answer, what is shown), make it a choice of these. `check` gives a sentence
    for a text that will not do.
    """

    label: str
    value: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    multiline: bool = False
    required: bool = True
    check: Callable[[str], str | None] | None = None

    def problem(self, answer: str) -> str | None:
        """Why this answer will not do; None if it will."""
        if not answer.strip() and not self.choices:
            return f"{self.label}: something has to stand there." if self.required else None
        return self.check(answer) if self.check is not None else None


class TargetQuestion:
    """Which of some targets are meant: at first those that are `chosen`. Not asked of one only."""

    def __init__(
        self, targets: Sequence[ObservedTarget], chosen: Sequence[ObservedTarget] = ()
    ) -> None:
        self._sets = {each.name: [each] for each in targets}
        marked = [each for each in targets if each in chosen]
        if 1 < len(marked) < len(targets):
            self._sets[f"the {counted(len(marked), 'marked target')}"] = marked
        if len(targets) > 1:
            self._sets[f"all {counted(len(targets), 'target')}"] = list(targets)
        self._first = next(name for name, each in self._sets.items() if each == (marked or each))

    @property
    def questions(self) -> list[Question]:
        """What is to be asked: one question or none."""
        if len(self._sets) < 2:
            return []
        choices = tuple((name, one_line(name)) for name in self._sets)
        return [Question("Target", self._first, choices)]

    def meant(self, answers: Sequence[str]) -> list[ObservedTarget]:
        """The targets, by the answers to `questions`."""
        return self._sets[answers[0] if answers else self._first]


class FormDialog(ModalScreen[tuple[str, ...] | None]):
    """Asks some questions; gives an answer to each, or None if Escape was pressed."""

    AUTO_FOCUS = ""
    DEFAULT_CSS: ClassVar[str] = _CSS.format(name="FormDialog")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Leave it"),
        Binding("ctrl+s", "accept", "Accept"),
    ]

    def __init__(self, title: str, questions: Sequence[Question]) -> None:
        super().__init__()
        self._title = title
        self._questions = questions
        self._fields = [_field(question) for question in questions]
        self._problem = Label("", classes="dialog--problem", markup=False)

    def compose(self) -> ComposeResult:
        """A label and a field for each question."""
        with Vertical():
            yield Label(one_line(self._title), classes="dialog--title", markup=False)
            for question, field in zip(self._questions, self._fields, strict=True):
                yield Label(question.label, markup=False)
                yield field
            yield self._problem
            several = any(question.multiline for question in self._questions)
            newline = " Ctrl-J begins a new line." if several else ""
            words = f"Enter accepts, Escape leaves it.{newline}"
            yield Label(words, classes="dialog--keys", markup=False)

    def on_mount(self) -> None:
        """Begin with the first text."""
        texts = [each for each in self._fields if not isinstance(each, Select)]
        self.set_focus((texts or self._fields)[0])  # at once: keys may be there already

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter in a field of one line."""
        event.stop()
        self.action_accept()

    def on__code_accepted(self, event: _Code.Accepted) -> None:
        """Enter in a field of several lines."""
        event.stop()
        self.action_accept()

    def action_accept(self) -> None:
        """Give the answers, if they will do."""
        answers = tuple(_answer(field) for field in self._fields)
        for question, answer, field in zip(self._questions, answers, self._fields, strict=True):
            if problem := question.problem(answer):
                self._problem.update(problem)
                field.focus()
                return
        self.dismiss(answers)

    def action_leave(self) -> None:
        """Give no answers."""
        self.dismiss(None)


class ChoiceDialog(ModalScreen[str | None]):
    """Asks for one of several; gives it, or None if Escape was pressed.

    `choices` are pairs of (what it gives, what is shown); their numbers are keys. `text` stands
    above them.
    """

    DEFAULT_CSS: ClassVar[str] = _CSS.format(name="ChoiceDialog")
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "Leave it")]

    def __init__(self, title: str, choices: Sequence[tuple[str, str]], text: str = "") -> None:
        super().__init__()
        self._title = title
        self._choices = choices
        self._text = text

    def compose(self) -> ComposeResult:
        """The choices, numbered."""
        numbered = enumerate(self._choices, 1)
        options = [Option(Content(f"{number} {one_line(text)}")) for number, (_, text) in numbered]
        with Vertical():
            yield Label(one_line(self._title), classes="dialog--title", markup=False)
            if self._text:
                yield Label(one_line(self._text), classes="dialog--text", markup=False)
            yield OptionList(*options)
            yield Label("Enter or a number chooses, Escape leaves it.", classes="dialog--keys")

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Enter on a choice."""
        event.stop()
        self.dismiss(self._choices[event.option_index][0])

    def on_key(self, event: events.Key) -> None:
        """A number chooses."""
        if event.key.isdigit() and 1 <= int(event.key) <= len(self._choices):
            event.stop()
            self.dismiss(self._choices[int(event.key) - 1][0])

    def action_leave(self) -> None:
        """Choose none."""
        self.dismiss(None)


class _Code(TextArea):
    """Code of several lines, as it is pasted; Enter accepts it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "accept", "Accept", priority=True),
        Binding("ctrl+j,alt+enter", "newline", "New line", priority=True),
    ]

    class Accepted(Message):
        """Enter was pressed."""

    def action_accept(self) -> None:
        """Tell the dialog."""
        self.post_message(self.Accepted())

    def action_newline(self) -> None:
        """Begin another line."""
        self.insert("\n")


def _field(question: Question) -> Widget:
    if question.choices:
        options = [(Content(text), answer) for answer, text in question.choices]
        return Select(options, value=question.value, allow_blank=False)
    if question.multiline:
        return _Code(question.value, tab_behavior="focus", compact=False)
    return Input(question.value)


def _answer(field: Widget) -> str:
    if isinstance(field, Select):
        return str(field.value)
    if isinstance(field, TextArea):
        return field.text
    assert isinstance(field, Input)
    return field.value
