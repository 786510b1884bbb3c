"""What a client was is freed when it has gone, although nobody looks for garbage."""

from __future__ import annotations

from pathlib import Path

import pytest
from server.conftest import wait_until
from server.running import Running
from server.wire_client import WireClient

MODES = ("threads", "cooperative", "asyncio")
KINDS = "Peer Outbox Client Session PythonSession Stage Evaluation Output Input Door Thread Context"
COUNT = f"""
import collections, gc
def there():
    names = [[kind.__name__ for kind in type(each).__mro__] for each in gc.get_objects()]
    found = collections.Counter(name for mro in names for name in mro)
    return {{name: found[name] for name in {KINDS.split()!r}}}
"""


def _leaves(client: WireClient, how: str) -> None:
    client.clone()
    if how == "evaluates":
        client.value("print('x'); 1 + 1")
    elif how == "fails":
        assert client.result("1 / 0")["status"] == {"done", "eval-error"}
    elif how == "runs" and client.eval("print('begun', flush=True)\nwhile True: pass"):
        client.receive()
    elif how == "closes":
        client.value("[1]")
        client.ask({"op": "close"})


@pytest.mark.parametrize(
    ("kind", "how"),
    [
        *(
            (mode, how)
            for mode in MODES
            for how in ("opens a session", "evaluates", "fails", "closes")
        ),
        ("threads", "runs"),
    ],
)
def test_nothing_waits_for_the_collector(kind: str, how: str, tmp_path: Path) -> None:
    with Running(kind, tmp_path / "s") as program:
        watching = program.connect()
        watching.result(COUNT + "gc.disable()")
        for _ in range(3):
            with WireClient(program.address) as client:
                _leaves(client, how)
        wait_until(lambda: watching.value("(gc.collect(), there()['Session'])[1]") == "1")
        before = watching.value("there()")
        for _ in range(10):
            with WireClient(program.address) as client:
                _leaves(client, how)
        wait_until(lambda: watching.value("there()") == before)
