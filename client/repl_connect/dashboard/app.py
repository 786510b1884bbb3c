"""The dashboard's app: the screen, what keys do, and when what has changed is drawn."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any, ClassVar, Final

from textual.app import ComposeResult, SuspendNotSupported, SystemCommand
from textual.binding import BindingType
from textual.containers import Container, Horizontal
from textual.content import Content
from textual.css.query import NoMatches
from textual.events import Resize
from textual.screen import ModalScreen, Screen
from textual.widget import Widget
from textual.widgets import Footer, Input, TabbedContent, TabPane, Tabs, TextArea
from textual.worker import WorkerFailed

from repl_connect.dashboard.answer_card import AnswerCard
from repl_connect.dashboard.answers_panel import AnswersPanel
from repl_connect.dashboard.bindings import KEYS, TABS, TYPED
from repl_connect.dashboard.command_line import CommandLine
from repl_connect.dashboard.destination import Destination
from repl_connect.dashboard.failure import failure_words
from repl_connect.dashboard.forms import code_of
from repl_connect.dashboard.help import HelpScreen
from repl_connect.dashboard.keys import Key, groups
from repl_connect.dashboard.log_panel import LogPanel
from repl_connect.dashboard.newcomers import Newcomers
from repl_connect.dashboard.observing.answer import Answer
from repl_connect.dashboard.observing.observation import Observation
from repl_connect.dashboard.observing.records import Change
from repl_connect.dashboard.observing.target import ObservedTarget
from repl_connect.dashboard.ordered_keys import OrderedKeys
from repl_connect.dashboard.palette import DashboardCommands
from repl_connect.dashboard.panels.dialogs import FormDialog, Question
from repl_connect.dashboard.panels.held import HeldPanel
from repl_connect.dashboard.panels.inspector import InspectorScreen
from repl_connect.dashboard.panels.jobs import JobsPanel
from repl_connect.dashboard.panels.messages import Inspect, Notice
from repl_connect.dashboard.panels.panel import Panel
from repl_connect.dashboard.panels.presence import PresencePanel
from repl_connect.dashboard.panels.watches import WatchesPanel
from repl_connect.dashboard.targets_table import TargetsTable
from repl_connect.dashboard.terminal_client import run_terminal_client
from repl_connect.dashboard.theme import theme_named
from repl_connect.errors import ReplConnectError, UsageError
from repl_connect.escapes import visible
from repl_connect.exit_codes import ExitCode
from repl_connect.settings import Settings
from repl_connect.targets import Target, targets_of

__all__ = ["Dashboard"]

_PAUSE: Final = 0.066
"""Seconds between two times that what has changed is drawn, at least."""

_TICK: Final = 0.5  # seconds between two looks at the clocks of what runs
_NOTICE: Final = 6.0  # seconds that a notice is there
_WIDE: Final = 160  # columns from which there is place beside the targets
_LONGEST_NOTICE: Final = 400  # characters
_EVERY: Final = frozenset(Change)


class Dashboard(OrderedKeys):
    """Targets and how they are, what they do in tabs beside them, and a line to command them.

    `adds`: what begins to listen on this machine is added; `lan`: what the network announces is
    offered.
    """

    CSS = """
    #main { height: 1fr; layout: vertical; }
    #targets { height: auto; max-height: 30%; min-height: 3; }
    #tabs { height: 1fr; }
    TabPane { padding: 0; }
    #entry { height: auto; max-height: 8; background: $panel; }
    #main.-wide { layout: horizontal; }
    #main.-wide #targets { width: 82; height: 1fr; max-height: 100%; }
    #main.-wide #tabs { width: 1fr; }
    """
    COMMANDS = OrderedKeys.COMMANDS | {DashboardCommands}
    BINDINGS: ClassVar[list[BindingType]] = KEYS

    def __init__(
        self,
        targets: Sequence[Target],
        settings: Settings | None = None,
        problems: Sequence[str] = (),
        *,
        theme: str | None = None,
        adds: bool = False,
        lan: bool = False,
    ) -> None:
        super().__init__()
        self.settings = settings = settings or Settings()
        watched = self.observation = Observation(targets, settings)
        self.newcomers = Newcomers(watched, os.getcwd(), adds=adds, lan=lan)
        self._is_open = adds or lan
        """Whether targets come by themselves."""
        self.failed: BaseException | None = None
        """The error of our own that has ended it."""
        self.targets_table = TargetsTable(watched)
        self.log_panel = LogPanel(watched)
        self.answers_panel = AnswersPanel(watched)
        self.tabs = TabbedContent(id="tabs", initial="log")
        self._panels: dict[str, LogPanel | AnswersPanel | Panel] = {
            "log": self.log_panel,
            "answers": self.answers_panel,
            "jobs": JobsPanel(watched),
            "watches": WatchesPanel(watched),
            "presence": PresencePanel(watched),
            "held": HeldPanel(watched),
        }
        for panel in self._panels.values():
            if isinstance(panel, Panel):
                panel.chosen = lambda: self.targets_table.chosen
        self._command = CommandLine(self._is_complete)
        self._destination = Destination()
        self.animation_level = "none"
        self._theme_wanted = theme or settings.dashboard.theme
        self._problems = list(problems)
        self._pending: set[Change] = set()
        self._news = asyncio.Event()
        self._at_screen = asyncio.Event()
        """Not set while the terminal is somebody else's."""
        self._told_held: set[tuple[str, str]] = set()

    def compose(self) -> ComposeResult:
        """Targets, tabs, the command line, the footer."""
        with _Main(id="main"):
            yield self.targets_table
            with self.tabs:
                for name, panel in self._panels.items():
                    with TabPane(self._label(name), id=name):
                        yield panel
        with Horizontal(id="entry"):
            yield self._destination
            yield self._command
        yield Footer(compact=True)

    def on_mount(self) -> None:
        """Begin to watch."""
        name, problem = theme_named(self._theme_wanted, self.available_themes)
        self.theme = name
        for each in [*self._problems, *([problem] if problem else [])]:
            self.tell(each, "warning")
        self.query_one(Tabs).can_focus = False
        self.targets_table.focus()
        self.observation.on_change = self._changed
        asyncio.get_running_loop().set_exception_handler(self._failed_aside)
        self.observation.start()
        if self._is_open:
            try:
                self.newcomers.start()
            except ReplConnectError as error:
                self.tell(str(error), "warning")
        self._at_screen.set()
        self.run_worker(self._keep_drawing(), group="drawing")
        self.set_interval(_TICK, self._tick)
        if not self.observation.targets:
            self.tell("There is no target. + adds one; `repl-connect list` shows what is live.")

    async def on_unmount(self) -> None:
        """Say goodbye to all targets."""
        self.observation.on_change = lambda _: None
        self.newcomers.close()
        await self.observation.close()

    # What fails

    def _handle_exception(self, error: Exception) -> None:
        """An error of our own where textual can't go on."""
        if self.failed is None:
            self.failed = error.error if isinstance(error, WorkerFailed) else error
        super()._handle_exception(error)

    def _fatal_error(self) -> None:
        """End, without the traceback: `run_dashboard` says what it was."""
        self._close_messages_no_wait()

    def _failed_aside(self, _: object, context: dict[str, Any]) -> None:
        """An error of our own in a task or a callback: the rest goes on."""
        error = context.get("exception")
        if error is not None:
            words = failure_words(error)
            self.observation.note("dashboard", words)
            self.call_later(self.tell, words, "error")

    # What is drawn

    def _changed(self, changes: frozenset[Change]) -> None:
        """Something has changed: drawn soon, with what else changes until then.

        Called from anywhere on the loop, where textual would not know which app it is in.
        """
        self._pending |= changes
        self._news.set()

    async def _keep_drawing(self) -> None:
        """Have what has changed drawn, in turn with the keys, and never twice in `_PAUSE`."""
        while True:
            await self._news.wait()
            await self._at_screen.wait()
            self._news.clear()
            drawn = asyncio.Event()
            self.call_later(self._draw, drawn)
            await drawn.wait()
            await asyncio.sleep(_PAUSE)

    async def _draw(self, drawn: asyncio.Event) -> None:
        drawn.set()
        if not self.screen_stack:  # it is being left
            return
        changes = frozenset(self._pending)
        self._pending.clear()
        self.targets_table.show(changes)
        await self._show_panel(changes)
        if changes & {Change.JOBS, Change.HELD, Change.TARGETS}:
            with suppress(NoMatches):  # the tabs are just coming or going
                self._show_counts()
        if changes & {Change.STATE, Change.TARGETS, Change.ANSWERS}:
            self._show_destination()

    async def _show_panel(self, changes: frozenset[Change]) -> None:
        """Tell the panel that is to be seen; the others are told when they are."""
        panel = self._panels[self.tabs.active or "log"]
        if isinstance(panel, AnswersPanel):
            await panel.show(changes)
        else:
            panel.show(changes)

    def _tick(self) -> None:
        if self.screen_stack and self.tabs.active == "answers":
            self.answers_panel.tick()

    def _show_counts(self) -> None:
        for name in ("jobs", "held"):
            label = self._label(name)
            tab = self.tabs.get_tab(name)
            if str(tab.label) != label.plain:
                tab.label = label
        held = {(each.name, row.id) for each in self.observation.targets for row in each.held or ()}
        for name, _ in held - self._told_held:
            self.tell(f"{name} is held by an error: key 6 shows it.", "warning")
        self._told_held = held

    def _label(self, name: str) -> Content:
        count = 0
        for each in self.observation.targets:
            if name == "held":
                count += len(each.held or ())
            elif name == "jobs":
                count += sum(job.unfinished for job in each.jobs or ())
        number = list(TABS).index(name) + 1
        return Content(f"{number} {name.title()}" + (f" {count}" if count else ""))

    def _show_destination(self) -> None:
        """Where a form would go, in front of where it is typed."""
        self._destination.show(self.targets_table.chosen)

    # What is told

    def tell(self, text: str, severity: str = "information") -> None:
        """A sentence in the corner, for some seconds."""
        level = severity if severity in ("warning", "error") else "information"
        self.notify(
            visible(text)[:_LONGEST_NOTICE],
            severity=level,  # type: ignore[arg-type]
            timeout=_NOTICE,
            markup=False,
        )

    def on_notice(self, event: Notice) -> None:
        """A panel has something to say."""
        self.tell(event.text, event.severity)

    def on_inspect(self, event: Inspect) -> None:
        """Something is to be seen whole."""
        self.push_screen(InspectorScreen(event.title, event.text, event.cut, event.rest))

    # What is done

    def do(self, key: Key) -> None:
        """Do what a key does, where it does it."""
        node = key.node
        for each in node.ancestors_with_self:
            if isinstance(each, TabPane) and each.id:
                self.tabs.active = each.id
        if isinstance(node, Widget) and node.focusable:
            node.focus()
        self.call_later(self.run_action, key.action, node)

    async def on_command_line_entered(self, event: CommandLine.Entered) -> None:
        """Send a form to the chosen targets."""
        chosen = self.targets_table.chosen
        if not chosen:
            self.tell("There is no target to send it to. + adds one.", "warning")
            return
        try:
            code = code_of(event.code)
        except UsageError as error:
            self.tell(str(error), "error")
            self._command.text = self._command.text or event.code
            self._command.move_cursor(self._command.document.end)
            return
        forms = [(each, code.for_language(each.language)) for each in chosen]
        left_out = [each.name for each, form in forms if not form]
        if left_out:
            self.tell(f"No code for the language of {', '.join(left_out)}.", "warning")
        if len(left_out) == len(forms):
            return
        self.observation.send_each((each, form) for each, form in forms if form)
        self.tabs.active = "answers"
        await self.answers_panel.show_newest()

    async def on_tabbed_content_tab_activated(self) -> None:
        """Another tab is to be seen."""
        await self._show_panel(_EVERY)

    def on_targets_table_chosen(self) -> None:
        """What is typed goes elsewhere."""
        self._show_destination()

    async def on_answer_card_input_wanted(self, event: AnswerCard.InputWanted) -> None:
        """Ask for what a program waits for."""
        await self._ask_input(event.answer)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A colon is a colon where texts are typed."""
        if action in TYPED:
            typing = isinstance(self.focused, Input | TextArea)
            return not (typing or isinstance(self.screen, ModalScreen))
        return super().check_action(action, parameters)

    def action_command(self) -> None:
        """Go to the command line."""
        self.set_focus(self._command)

    def action_help(self) -> None:
        """All keys."""
        self.push_screen(HelpScreen(groups(self, self.screen_stack[0])))

    def action_tab(self, name: str) -> None:
        """Show a tab, and give it the keys."""
        self.tabs.active = name
        self.targets_table.focus()  # where nothing can have them
        self._panels[name].focus_rows()

    def action_stop(self) -> None:
        """Ctrl-C: copy, clear, close, or interrupt, whichever there is something for."""
        if self.screen.get_selected_text():
            self.screen.action_copy_text()
            self.screen.clear_selection()
            self.tell("Copied, if the terminal allows that.")
        elif isinstance(self.screen, ModalScreen):
            self.screen.dismiss(None)
        elif isinstance(self.focused, CommandLine) and self.focused.text:
            self.focused.text = ""
        else:
            self.action_interrupt()

    def action_interrupt(self) -> None:
        """Interrupt what the chosen targets evaluate for us."""
        for target in self.targets_table.chosen:
            self.interrupt(target)

    def interrupt(self, target: ObservedTarget) -> None:
        """Interrupt what a target evaluates for us."""
        if target.running:
            target.interrupt()
        else:
            self.tell(f"{target.name} evaluates nothing for this dashboard. q quits.")

    def action_reconnect(self) -> None:
        """Connect the chosen targets again, now."""
        for target in self.targets_table.chosen:
            target.reconnect()

    def action_disconnect(self) -> None:
        """Disconnect the chosen targets."""
        for target in self.targets_table.chosen:
            target.disconnect()

    def go_to(self, target: ObservedTarget) -> None:
        """Put the cursor at a target."""
        self.targets_table.move_to(target)
        self.targets_table.focus()

    def action_follow(self) -> None:
        """Only the lines of the target under the cursor; all, if it is so already."""
        target = self.targets_table.under_cursor
        if target is not None:
            self.follow(target if self.log_panel.view.target != target.name else None)

    def follow(self, target: ObservedTarget | None) -> None:
        """Only a target's lines, or all."""
        self.log_panel.follow_target(target.name if target is not None else None)
        self.tabs.active = "log"

    def action_filter(self) -> None:
        """Filter the log."""
        self.tabs.active = "log"
        self.log_panel.action_filter()

    async def action_turn(self, step: int) -> None:
        """Show the answers to a form that was sent before this one, or after it."""
        self.tabs.active = "answers"
        await self.answers_panel.turn(step)

    def action_open(self) -> None:
        """The terminal client on the target under the cursor."""
        target = self.targets_table.under_cursor
        if target is not None:
            self.open_terminal(target)

    def open_terminal(self, target: ObservedTarget) -> None:
        """The terminal client on a target; this goes on meanwhile, without the screen."""
        self.run_worker(self._open_terminal(target), exclusive=True, group="terminal")

    def action_add(self) -> None:
        """Ask for a target, and watch it too."""

        def add(answers: tuple[str, ...] | None) -> None:
            if answers is not None:
                self.add(answers[0].strip())

        offered = "".join(self.newcomers.offers[-1:])
        question = Question("Address, or @NAME", offered)
        self.push_screen(FormDialog("Add a target", [question]), add)

    def add(self, name: str) -> None:
        """Watch a target too, or all of a group, and put the cursor at it."""
        try:
            targets = targets_of([name])
        except ReplConnectError as error:
            self.tell(str(error), "error")
            return
        for target in targets:
            observed = self.observation.add(target)
            if target.name in self.newcomers.offers:
                self.newcomers.offers.remove(target.name)
        self.targets_table.show(_EVERY)
        self.targets_table.move_to(observed)

    def action_remove(self) -> None:
        """Watch the target under the cursor no more."""
        target = self.targets_table.under_cursor
        if target is not None:
            self.observation.remove(target)

    def get_system_commands(self, _: Screen[object]) -> Iterable[SystemCommand]:
        """Of textual's own commands only those that are of use here."""
        yield SystemCommand("Theme", "Other colours, until you leave", self.action_change_theme)

    async def _open_terminal(self, target: ObservedTarget) -> None:
        self._at_screen.clear()
        try:
            status = await run_terminal_client(self, target.target)
        except SuspendNotSupported:
            self.tell("A browser has no terminal to give: use `repl-connect` in one.", "warning")
        except OSError as error:
            self.tell(f"The terminal client could not be started: {error}.", "error")
        else:
            if status not in (ExitCode.OK, ExitCode.INTERRUPTED):
                self.tell(f"`repl-connect {target.name}` ended with status {status}.", "warning")
        finally:
            self._at_screen.set()
            self._changed(_EVERY)

    async def _ask_input(self, answer: Answer) -> None:
        def give(answers: tuple[str, ...] | None) -> None:
            if answers is not None and not answer.ended:
                answer.target.give_input(answer, answers[0] + "\n")

        question = Question("A line for it to read", required=False)
        dialog = FormDialog(f"{answer.target.name} asks for input", [question])
        await self.push_screen(dialog, give)
        dialog.query_one(Input).password = answer.secret

    def _is_complete(self, code: str) -> bool:
        """Whether a form can be sent, as one of the chosen targets' languages has it."""
        chosen = self.targets_table.chosen
        try:
            typed = code_of(code)
        except UsageError:  # said when it is sent
            return True
        complete = (each.language.is_complete(typed.for_language(each.language)) for each in chosen)
        return not chosen or (all(complete) if typed.by_language else any(complete))


class _Main(Container):
    """Targets above what is shown of them, or beside it where there is place."""

    def on_resize(self, event: Resize) -> None:
        """Stand as the place allows."""
        self.set_class(event.size.width >= _WIDE, "-wide")
