"""The terminal client: `run_prompt`.

On a terminal it is the prompt (`app`); else, and on a terminal that can do nothing (`TERM=dumb`), a
plain loop over lines (`plain`). Nothing heavy is imported before it is needed: prompt_toolkit is
loaded when the first lines are shown (`first_sight`), or while a connection takes its time.
"""

from __future__ import annotations

import contextlib
import gc
import os
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Final, NoReturn

from repl_connect.address import Address
from repl_connect.exit_codes import ExitCode
from repl_connect.link import Link
from repl_connect.settings import Loaded, load_settings
from repl_connect.targets import Target

if TYPE_CHECKING:
    from repl_connect.prompt.first_sight import FirstSight

__all__ = ["run_prompt", "run_prompt_over"]

_PATIENCE: Final = 0.5  # seconds before it says that it is connecting
_SETTLED: Final = 0.05  # seconds after which the prompt is there
_NEAR: Final = 0.05  # seconds in which what is near and idle is connected to


def run_prompt(
    target: Target | None,
    *,
    dialect: str | None = None,
    plain: bool = False,
    wait: float | None = None,
) -> ExitCode:
    """Connect, and let the user work until they leave. Raises `ReplConnectError`.

    Without a target a Python server of our own is started, and ended when the user leaves.
    `dialect`: instead of the target's. `wait`: for how many seconds to try again while nobody
    listens there; if it is not given, what the settings say.
    """
    loaded = _settings()
    timeout = loaded.settings.connection.timeout

    connected = False

    def connect_to(place: Address, resume: str | None) -> Link:
        from repl_connect.connect import connect
        from repl_connect.conversation.connecting import KEPT

        nonlocal connected
        notice = None if connected else _say
        link = connect(
            place,
            dialect=dialect or (target.dialect if target is not None else None),
            timeout=timeout,
            resume=resume,
            keep=KEPT,
            language=target.language if target is not None else None,
            notice=notice,
        )
        if target is not None and target.partner is not None:
            link.name = f"{target.name} ({link.name})"
        connected = True
        return link

    if target is not None:
        address = target.address
        opened: list[Link] = []
        wait = loaded.settings.connection.wait if wait is None else wait
        if wait > 0:
            from repl_connect.waiting import connect_when_up

            opened.append(connect_when_up(lambda: connect_to(address, None), wait, str(address)))
        return run_prompt_over(
            lambda resume: opened.pop() if opened else connect_to(address, resume),
            name=str(address),
            plain=plain,
            loaded=loaded,
            target=target,
        )

    from repl_connect.embedded import EmbeddedServer

    with EmbeddedServer() as server:
        return run_prompt_over(
            lambda resume: connect_to(server.wait(), resume),
            name="Python",
            program_output=server.program_output,
            reconnects=False,
            plain=plain,
            loaded=loaded,
        )


def run_prompt_over(
    connect: Callable[[str | None], Link],
    *,
    name: str = "",
    program_output: Mapping[str, int] | None = None,
    reconnects: bool = True,
    plain: bool = False,
    loaded: Loaded | None = None,
    target: Target | None = None,
) -> ExitCode:
    """Let the user work over the link that `connect` makes. Raises `ReplConnectError`.

    `connect` may block; it is called in a thread, and again after the connection was lost, if
    `reconnects`, with the session to take up again. `name` is said when it takes long.
    `program_output` are descriptors of what a program of ours prints by itself, by stream (`out`,
    `err`); they are closed by whoever opened them. `loaded` are the user's settings, read if they
    are not given. The forms of `target` are evaluated in each new session.
    """
    if loaded is None:
        loaded = _settings()
    dumb = os.environ.get("TERM") == "dumb"
    if plain or dumb or not (sys.stdin.isatty() and sys.stdout.isatty()):
        from repl_connect.prompt.plain import run_plain

        return run_plain(connect, loaded, program_output=program_output, target=target)

    from repl_connect.prompt.typeahead import kept_typeahead

    with kept_typeahead(sys.stdin.fileno()), _no_collections():
        return _run_on_terminal(
            connect,
            loaded,
            name,
            program_output=program_output,
            reconnects=reconnects,
            target=target,
        )


def _say(text: str) -> None:
    """A line on the terminal, before the prompt is there."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def _settings() -> Loaded:
    """The user's settings; the names they may use are asked for only if they use some."""

    def actions() -> Collection[str]:
        from repl_connect.prompt.deferral import import_prompt_toolkit

        import_prompt_toolkit()
        from repl_connect.prompt.editing.actions import ACTIONS

        return {action.id for action in ACTIONS}

    def styles() -> Collection[str]:
        from repl_connect.prompt.look.style import STYLE_CLASSES

        return STYLE_CLASSES

    return load_settings(actions, styles)


def _run_on_terminal(
    connect: Callable[[str | None], Link],
    loaded: Loaded,
    name: str,
    *,
    program_output: Mapping[str, int] | None,
    reconnects: bool,
    target: Target | None,
) -> ExitCode:
    from repl_connect.conversation.connecting import Connecting

    connecting = Connecting(connect)
    link = connecting.wait(_NEAR)
    shown = _show_at_once(link, loaded) if link is not None else None
    try:
        from repl_connect.prompt.deferral import import_prompt_toolkit

        import_prompt_toolkit()
    except BaseException:
        if shown is not None:
            shown.leave()
        raise
    import asyncio
    import signal

    from prompt_toolkit.data_structures import Size
    from prompt_toolkit.input import create_input
    from prompt_toolkit.utils import in_main_thread

    from repl_connect.prompt.app import Prompt
    from repl_connect.prompt.showing.terminal_output import TerminalOutput

    if link is None:
        link = connecting.wait(_PATIENCE)
    if link is None:
        sys.stderr.write(f"Connecting to {name} …\n" if name else "Connecting …\n")
        sys.stderr.flush()
        while link is None:
            link = connecting.wait(1.0)
    opened = link

    def size() -> Size:
        columns, rows = _terminal_size()
        return Size(rows=rows, columns=columns)

    async def run() -> ExitCode:
        output = TerminalOutput(sys.stdout, size, os.environ.get("TERM"))
        prompt = Prompt(
            opened,
            connect,
            settings=loaded.settings,
            problems=loaded.problems,
            input=create_input(),
            output=output,
            program_output=program_output,
            reconnects=reconnects,
            target=target,
        )
        if shown is not None:
            output.write_raw(shown.over)
        loop = asyncio.get_running_loop()
        loop.call_later(_SETTLED, _collect_from_now)
        if in_main_thread():
            # As prompt_toolkit would do it, which imports ctypes for the sake of other loops.
            interrupt = prompt.application.key_processor.send_sigint
            loop.add_signal_handler(signal.SIGINT, interrupt)
            if shown is not None and shown.interrupted:
                loop.call_soon(interrupt)
        return await prompt.run()

    if in_main_thread() and shown is None:
        signal.signal(signal.SIGINT, _interrupted)
    return asyncio.run(run())


def _show_at_once(link: Link, loaded: Loaded) -> FirstSight | None:
    """Show what the prompt begins with, if that can be."""
    from repl_connect.prompt.deferral import defer_seldom_used

    defer_seldom_used()
    from repl_connect.prompt.first_sight import first_sight

    columns, _ = _terminal_size()
    shown = first_sight(link, loaded.settings, loaded.problems, columns)
    if shown is not None:
        shown.show()
    return shown


def _terminal_size() -> tuple[int, int]:
    """Columns and rows of our terminal, or what most have if it does not say."""
    try:
        columns, rows = os.get_terminal_size(sys.stdout.fileno())
    except OSError:
        columns, rows = 0, 0
    return columns or 80, rows or 24


def _interrupted(*_: object) -> NoReturn:
    """Ctrl-C before the prompt is there. With Python's own handler asyncio would add one."""
    raise KeyboardInterrupt


@contextlib.contextmanager
def _no_collections() -> Iterator[None]:
    """Look for no garbage at the start, where nearly all that is made is to stay."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _collect_from_now() -> None:
    """Look for garbage again, but not among what the start has made."""
    gc.freeze()
    gc.enable()
