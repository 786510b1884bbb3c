"""Every REPL that is adapted, through the bridge."""

from __future__ import annotations

from pathlib import Path

import pytest
from adapters.bridging import BridgeProcess
from adapters.conftest import Running


def test_a_bridge_serves_it_to_two_clients_one_after_the_other(
    running: Running, tmp_path: Path
) -> None:
    phrases = running.subject.phrases
    with BridgeProcess(running.program.address, "./b.sock", directory=tmp_path) as bridge:
        for _ in range(2):
            with bridge.open() as client:
                assert client.value(phrases.sum) == phrases.forty_two
                assert phrases.shown_text in client.value(phrases.text)
                assert client.result(phrases.print)["out"] == "hello\n"
                assert len(client.result(phrases.megabyte)["out"]) == 52 * 20_000
                if "interrupt" in running.subject.supports:
                    ident = client.eval(phrases.slow)
                    client.until(ident, "out", "going")
                    client.send({"op": "interrupt", "interrupt-id": ident})
                    assert "interrupted" in client.replies(ident)[-1]["status"]
        assert bridge.end() == (0, "")
    assert running.program.alive


@pytest.mark.adapted  # nREPL itself gets what the client sends, as it is
def test_positions_and_quotas_that_no_language_can_hold_are_as_if_absent(
    running: Running, tmp_path: Path
) -> None:
    phrases = running.subject.phrases
    with BridgeProcess(running.program.address, "./b.sock", directory=tmp_path) as bridge:
        client, other = bridge.open(), bridge.open()
        for number in (-1, 2**31, 2**63, 10**30):
            for key in ("line", "column", "nrepl.middleware.print/quota"):
                assert client.value(phrases.sum, **{key: number}) == phrases.forty_two
        assert other.value(phrases.sum) == phrases.forty_two
    assert running.program.alive
