"""Programs that tell the network of themselves by mDNS, and a list of those that do.

from repl_connect.lan import announce
announcement = announce(server)

Opt-in on both sides, and only for servers that ask for a token. Needs zeroconf, the extra `lan`.
"""

from __future__ import annotations

from repl_connect.lan.announcing import Announcement, NotAnnounced, announce

__all__ = ["Announcement", "NotAnnounced", "announce"]
