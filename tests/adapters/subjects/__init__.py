"""The programs of the acceptance suite: each module here has its own in `SUBJECTS`."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from adapters.subject import Subject

__all__ = ["SUBJECTS"]

SUBJECTS: tuple[Subject, ...] = tuple(
    subject
    for module in sorted(info.name for info in iter_modules(__path__))
    for subject in import_module(f"{__name__}.{module}").SUBJECTS
)
