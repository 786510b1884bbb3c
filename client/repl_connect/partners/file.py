"""Partners put into the configuration file and taken out of it; all else in it stays as it was.

The file is read, changed and replaced while others that do the same wait (a lock on its directory).
What is written is first read again: it must hold the partners that were wanted, and of all else
what it held before. The new file is complete on the disk before it takes the old one's place.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
import time
import tomllib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NamedTuple

from repl_connect.errors import UsageError
from repl_connect.settings.names import name_problem
from repl_connect.settings.nearest import did_you_mean
from repl_connect.settings.places import config_path, short_path
from repl_connect.settings.settings import Partner
from repl_server.network.replacing import put_file

__all__ = ["Changes", "add", "remove"]

_LOCK_WAIT: Final = 5.0  # seconds that another may take to change the file
_LOCK_PAUSE: Final = 0.02
_BYTE_ORDER_MARK: Final = "\ufeff"
_FIELDS: Final = ("address", "dialect", "language", "tags", "forms", "source")


class Changes(NamedTuple):
    """The names of the partners that are new, that are other than they were, and that are gone."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


def add(
    partners: Sequence[Partner], *, replace: bool = False, replace_source: str | None = None
) -> Changes:
    """Put partners into the file, which is made if there is none.

    One whose name is taken is refused, unless `replace`. With `replace_source` the partners are all
    that this source has: others in the file that came from it are removed, those that did not come
    from it are never replaced, and of those that did the forms that the user has added stay.

    Raises `UsageError`, and nothing is changed: a name that is taken or can't be one, a file that
    can't be read or written or is no TOML.
    """
    for partner in partners:
        _check_names(partner)

    def change(tables: dict[str, Any]) -> dict[str, Any]:
        changed = dict(tables)
        names = {partner.name for partner in partners}
        if replace_source is not None:
            for name, table in tables.items():
                if name not in names and _source(table) == replace_source:
                    del changed[name]
        for partner in partners:
            before = tables.get(partner.name)
            fields = _fields(partner)
            if before is not None:
                _check_replaced(partner.name, before, replace, replace_source)
                if replace_source is not None and isinstance(before.get("forms"), list | str):
                    fields.setdefault("forms", before["forms"])
            changed[partner.name] = fields
        return changed

    return _changed(change)


def remove(names: Sequence[str]) -> Changes:
    """Take partners out of the file. Raises `UsageError` as `add`; for one that is not there."""

    def change(tables: dict[str, Any]) -> dict[str, Any]:
        for name in names:
            if name not in tables:
                near = did_you_mean(name, tables)
                raise UsageError(f"@{name}: there is no such partner in {_shown_path()}{near}")
        return {name: table for name, table in tables.items() if name not in names}

    return _changed(change)


def _check_names(partner: Partner) -> None:
    for kind, name in (("partner", partner.name), *(("tag", tag) for tag in partner.tags)):
        problem = name_problem(name)
        if problem is not None:
            raise UsageError(f"{name!r} can't be the name of a {kind}: it {problem}.")


def _check_replaced(name: str, before: object, replace: bool, replace_source: str | None) -> None:
    if not isinstance(before, dict):
        raise UsageError(f"{_shown_path()}: `partners.{name}` is no table; mend that first.")
    if replace_source is not None and _source(before) != replace_source:
        raise UsageError(
            f"@{name} is there already and is not from {replace_source}. "
            f"Remove it first: repl-connect partners remove {name}"
        )
    if not replace:
        raise UsageError(
            f"@{name} is there already: {before.get('address', 'without an address')}. "
            "--replace puts another in its place."
        )


def _source(table: object) -> object:
    return table.get("source") if isinstance(table, dict) else None


def _fields(partner: Partner) -> dict[str, Any]:
    """A partner's table."""
    fields = {name: getattr(partner, name) for name in _FIELDS}
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in fields.items()
        if value
    }


def _changed(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Changes:
    """Replace the file's partners by what `change` makes of them."""
    path = os.path.realpath(config_path())
    name = _shown_path()
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        with _locked(os.path.dirname(path)):
            text, mode = _read(path)
            before = _parsed(text, name)
            tables = before.get("partners", {})
            if not isinstance(tables, dict):
                raise UsageError(f"{name}: `partners` is no table; mend that first.")
            after = change(tables)
            changes = Changes(
                added=tuple(each for each in after if each not in tables),
                changed=tuple(
                    each for each in after if each in tables and after[each] != tables[each]
                ),
                removed=tuple(each for each in tables if each not in after),
            )
            if any(changes):
                wanted = {**before, "partners": after}
                changed = _edited(text, changes, after, wanted, name).encode("utf-8")
                put_file(path, changed, mode=mode, lasting=True)
            return changes
    except OSError as error:
        raise UsageError(f"{name}: {error.strerror or error}. Nothing was changed.") from None


def _edited(
    text: str, changes: Changes, after: dict[str, Any], wanted: dict[str, Any], name: str
) -> str:
    """The file's text with the changes in it."""
    mark = _BYTE_ORDER_MARK if text.startswith(_BYTE_ORDER_MARK) else ""
    lines_end = "\r\n" if "\r\n" in text else "\n"
    edited, held = "", {}
    # Not all that is TOML can be changed with tomlkit: what it fails with, or gets wrong, depends.
    with contextlib.suppress(ValueError, LookupError, TypeError, AttributeError):
        edited = _edit(text.removeprefix(mark), changes, after).replace("\r\n", "\n")
        edited = edited.strip("\n") + "\n"
        held = tomllib.loads(edited)
    if _without_nothing(held) != _without_nothing(wanted):
        raise UsageError(
            f"{name}: the partners in it are written in a way that can't be changed from here. "
            "Write them as tables of their own, [partners.NAME]; nothing was changed."
        )
    return mark + edited.replace("\n", lines_end)


def _without_nothing(document: dict[str, Any]) -> dict[str, Any]:
    """A document that is the same with an empty table of partners and with none."""
    return {key: value for key, value in document.items() if key != "partners" or value}


def _edit(text: str, changes: Changes, after: dict[str, Any]) -> str:
    import tomlkit
    from tomlkit.container import OutOfOrderTableProxy
    from tomlkit.items import InlineTable

    document = tomlkit.parse(text)
    partners: Any = document.get("partners", {})
    for name in changes.removed:
        del partners[name]
        if isinstance(partners, OutOfOrderTableProxy):  # which miscounts its parts from now on
            document = tomlkit.parse(tomlkit.dumps(document))
            partners = document.get("partners", {})
    for name in changes.changed:
        _change(partners[name], after[name])
    inline = isinstance(partners, InlineTable)
    if inline:
        for name in changes.added:
            partners[name] = tomlkit.inline_table()
            partners[name].update(after[name])
    if "partners" in document and not partners:
        del document["partners"]
    text = tomlkit.dumps(document)
    if not inline:  # at the end: comments before a header are of what follows it
        for name in changes.added:
            block = tomlkit.dumps({"partners": {name: after[name]}})
            text = f"{text.rstrip()}\n\n{block}"
    return text


def _change(table: Any, fields: dict[str, Any]) -> None:
    """Make a partner's table hold these fields; comments at its end stay there."""
    from tomlkit.items import Table

    body = table.value.body if isinstance(table, Table) else []
    end = []
    while body and body[-1][0] is None:
        end.append(body.pop())
    for key in [key for key in table if key not in fields]:
        del table[key]
    for key, value in fields.items():
        if table.get(key) != value:
            table[key] = value
    body.extend(reversed(end))


def _parsed(text: str, name: str) -> dict[str, Any]:
    from repl_connect.settings.file import syntax_problem

    try:
        return tomllib.loads(text.removeprefix(_BYTE_ORDER_MARK))
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{syntax_problem(text, name, error)}. Nothing was changed.") from None


def _read(path: str) -> tuple[str, int]:
    """The file's text, empty if there is none, and the permissions it is to have."""
    try:
        with open(path, "rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            if not stat.S_ISREG(mode):
                raise UsageError(f"{_shown_path()}: this is no file. Nothing was changed.")
            return file.read().decode("utf-8"), stat.S_IMODE(mode)
    except FileNotFoundError:
        return "", 0o600
    except UnicodeDecodeError:
        raise UsageError(f"{_shown_path()}: this is not UTF-8 text. Nothing was changed.") from None


@contextlib.contextmanager
def _locked(directory: str) -> Iterator[None]:
    """Be the only one of us who changes a file there; the lock goes with the descriptor."""
    with _opened(directory) as descriptor:
        deadline = time.monotonic() + _LOCK_WAIT
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    raise UsageError(
                        f"{short_path(directory)}: another program holds it locked since "
                        f"{_LOCK_WAIT:g} seconds. Nothing was changed."
                    ) from None
                time.sleep(_LOCK_PAUSE)
        yield


@contextlib.contextmanager
def _opened(directory: str) -> Iterator[int]:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _shown_path() -> str:
    return short_path(config_path())
