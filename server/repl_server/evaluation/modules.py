"""Which module an evaluation is meant for: the one it names, or the one its file was loaded as."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


__all__ = ["Modules"]


class Modules:
    """The program's modules, seen from the namespace a server was given."""

    def __init__(self, namespace: dict[str, Any]) -> None:
        self.namespace = namespace
        self._by_file: dict[str, str] = {}

    @property
    def name(self) -> str:
        """What the server's own namespace calls itself."""
        name = self.namespace.get("__name__")
        return name if isinstance(name, str) else "__main__"

    def of(self, message: Mapping[str, Any]) -> tuple[str, dict[str, Any] | None]:
        """The name and the namespace that a message is meant for; None if there is no such module.

        `ns` is a module's name, or the path of the file it was loaded from. Without it, code that
        comes from a file goes to the module loaded from that file, if one was, and else where all
        code goes.
        """
        ns = message.get("ns")
        if isinstance(ns, str) and ns:
            if "/" in ns and (found := self._loaded_from(ns)) is not None:
                ns = found
            return ns, self.find(ns)
        file = message.get("file-path") or (
            message.get("file") if message.get("op") == "eval" else None
        )
        if isinstance(file, str) and file and not file.startswith("<"):
            found = self._loaded_from(file)
            if found is not None and (namespace := self.find(found)) is not None:
                return found, namespace
        return self.name, self.namespace

    def find(self, name: str) -> dict[str, Any] | None:
        """A module's namespace, if it is imported."""
        if name == self.name:
            return self.namespace
        module = sys.modules.get(name)
        return None if module is None else module.__dict__

    def asked_for(self, message: Mapping[str, Any]) -> dict[str, Any] | None:
        """The namespace in which a name is to be looked up."""
        return self.of(message)[1]

    def _loaded_from(self, file: str) -> str | None:
        """The name of the module that was loaded from a file."""
        known = self._by_file.get(file)
        if known is not None and known in sys.modules:
            return known
        wanted = os.path.realpath(file)
        last = os.path.basename(wanted)
        own = [(self.name, self.namespace)]
        for name, namespace in own + [
            (name, module.__dict__)
            for name, module in list(sys.modules.items())
            if hasattr(module, "__dict__")
        ]:
            place = namespace.get("__file__")
            if (
                isinstance(place, str)
                and place.endswith(last)
                and os.path.realpath(place) == wanted
            ):
                if len(self._by_file) >= _REMEMBERED:
                    self._by_file.clear()
                self._by_file[file] = name
                return name
        return None


_REMEMBERED = 1_000
