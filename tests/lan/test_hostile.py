"""What a stranger on the network says is bounded, and only shown."""

from __future__ import annotations

import pytest
from lan.programs import Browsing, unique_name
from lan.stranger import Stranger

JUNK = (b"", b"\xff" * 1400, b"\0" * 12, b"\0\0\x84\0\0\0\xff\xff\0\0\0\0\xc0\x0c")


def test_his_texts_are_made_harmless_and_his_addresses_judged() -> None:
    name, nowhere = unique_name(), unique_name()
    with Stranger() as stranger, Browsing() as browsing:
        for data in JUNK:
            stranger.send(data)
        stranger.announce(nowhere, "0.0.0.0")
        stranger.announce(name, program=b"\x1b[2J\xff\n", language=b"y" * 200, token=b"no")
        browsing.wait_for(lambda: browsing.named(name) is not None)
        found = browsing.named(name)
        assert found is not None
        assert found.program == "?[2J\N{REPLACEMENT CHARACTER}?"
        assert found.language == "y" * 63 + "…"
        assert (str(found.address), found.token) == ("192.0.2.7:22", False)
        assert browsing.named(nowhere) is None


def test_only_so_many_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("repl_connect.lan.browsing.MOST", 3)
    with Stranger() as stranger, Browsing() as browsing:
        for _ in range(6):
            stranger.announce(unique_name())
        browsing.wait_for(lambda: browsing.browser.ignored > 0)
        browsing.wait_for(lambda: len(browsing.browser.servers) == 3)
        assert len(browsing.browser.found(1.0)) == 3
