"""The settings of all front ends, from one file."""

from __future__ import annotations

from repl_connect.settings.load import Loaded, load_settings
from repl_connect.settings.places import config_path, short_path
from repl_connect.settings.settings import (
    Partner,
    Settings,
    Shown,
    option_name,
    shown,
    with_setting,
)

__all__ = [
    "Loaded",
    "Partner",
    "Settings",
    "Shown",
    "config_path",
    "load_settings",
    "option_name",
    "short_path",
    "shown",
    "with_setting",
]
