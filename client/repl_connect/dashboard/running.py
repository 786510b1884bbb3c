"""The dashboard on this terminal, from its start to its end."""

from __future__ import annotations

import gc
from collections.abc import Sequence
from typing import Final

from repl_connect.dashboard.app import Dashboard
from repl_connect.dashboard.failure import DashboardFailed, failure_words
from repl_connect.exit_codes import ExitCode
from repl_connect.settings import Settings
from repl_connect.targets import Target

__all__ = ["run_dashboard"]

_GARBAGE: Final = (10_000, 10, 10)  # when garbage is looked for: `gc.set_threshold`


def run_dashboard(
    targets: Sequence[Target],
    settings: Settings,
    problems: Sequence[str] = (),
    *,
    theme: str | None = None,
    adds: bool = False,
    lan: bool = False,
) -> ExitCode:
    """Have the dashboard on this terminal until the user leaves. It begins with `problems`.

    Raises `DashboardFailed`.
    """
    app = Dashboard(targets, settings, problems, theme=theme, adds=adds, lan=lan)
    # To look through all that is loaded for garbage would stop the screen for a tenth of a second.
    gc.freeze()
    gc.set_threshold(*_GARBAGE)
    app.run(mouse=settings.dashboard.mouse)
    if app.failed is not None:
        raise DashboardFailed(failure_words(app.failed))
    return ExitCode.OK
