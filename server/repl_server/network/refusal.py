"""Who it was that connected and does not speak nREPL, told by the first bytes.

Every message begins with a `d` (a map, in bencode). What begins otherwise is refused before any of
it is decoded: a browser that was tricked into a request says its method first, whatever its body
holds.
"""

from __future__ import annotations

__all__ = ["refusal"]

_METHODS = (
    *(b"GET ", b"POST ", b"HEAD ", b"PUT ", b"DELETE ", b"OPTIONS ", b"PATCH "),
    *(b"CONNECT ", b"TRACE ", b"PRI "),
)
_SHOWN = 40


def refusal(first_bytes: bytes) -> str | None:
    """None for bytes that a message may begin with (and for none); else a line for the log."""
    if not first_bytes or first_bytes[0] == 0x64:
        return None
    if first_bytes.startswith(_METHODS):
        what = "a web client (HTTP)"
    elif first_bytes.startswith(b"\x16\x03"):
        what = "a TLS client (this port speaks no TLS)"
    elif first_bytes[0] == 0xFF:
        what = "a telnet client"
    elif first_bytes.startswith(b"SSH-"):
        what = "an SSH client"
    else:
        what = "a client that does not speak nREPL"
    more = "…" if len(first_bytes) > _SHOWN else ""
    return f"{what} was refused; it began with {first_bytes[:_SHOWN]!r}{more}"
