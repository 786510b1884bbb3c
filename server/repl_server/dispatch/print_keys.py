"""The keys of a request that say how its values are printed (nREPL's print middleware)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

__all__ = ["BUFFER", "DEFAULT_BUFFER", "KEYS", "OPTIONS", "PREFIX", "PRINT", "QUOTA", "STREAM"]

PREFIX = "nrepl.middleware.print/"
PRINT = PREFIX + "print"
OPTIONS = PREFIX + "options"
QUOTA = PREFIX + "quota"
STREAM = PREFIX + "stream?"
BUFFER = PREFIX + "buffer-size"

DEFAULT_BUFFER = 1024
"""The most bytes of a streamed message's text, unless the request says otherwise."""

KEYS: Mapping[str, str] = MappingProxyType(
    {
        PRINT: "How to print values: `repr` (default), `pprint`, `json`, `str`, or a function of "
        "a loaded module, as `module:function`, called with the value and the options. A name "
        "that ends in `/pprint` or `/pr` means `pprint` or `repr`.",
        OPTIONS: "A map of options: `width`, `indent`, `depth`, `compact`, `sort_dicts` of "
        "`pprint`; `indent`, `sort_keys`, `ensure_ascii` of `json`; any of one's own function.",
        QUOTA: "The most bytes of one value to send; a longer one is cut, and the status says "
        "`nrepl.middleware.print/truncated`.",
        STREAM: "Send a value in several messages, then `ns` in one of its own.",
        BUFFER: f"The most bytes of a value in each such message; {DEFAULT_BUFFER} if absent.",
    }
)
"""The keys of a request that say how its values are printed, and what each is for."""
