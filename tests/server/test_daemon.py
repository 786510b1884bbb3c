"""A program that has become a daemon serves as others do."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from server.conftest import wait_until
from server.running import environment
from server.wire_client import WireClient

DAEMON = """
import os, signal, sys, time
if os.fork():
    os._exit(0)
os.setsid()
if os.fork():
    os._exit(0)
os.chdir("/")
os.umask(0)
os.closerange(0, 3)
sys.stdin = sys.stdout = sys.stderr = None
import repl_server
server = repl_server.serve(sys.argv[1], namespace=globals())
signal.signal(signal.SIGTERM, lambda *_: sys.exit())
while True:
    time.sleep(1000)
"""


def test_it_serves_without_standard_files(directory: Path) -> None:
    path = directory / "daemon.sock"
    subprocess.run(
        [sys.executable, "-c", DAEMON, str(path)], env=environment(), check=True, timeout=60
    )
    wait_until(path.exists)
    with WireClient(str(path)) as client:
        client.clone()
        pid = int(client.value("__import__('os').getpid()"))
        try:
            assert client.value_and_output("print('out'); 6 * 7") == ("42", "out\n")
            assert client.result("1/0")["ex"] == "ZeroDivisionError"
            assert path.stat().st_mode & 0o777 == 0o600
        finally:
            os.kill(pid, signal.SIGTERM)
        client.read_to_the_end()
    wait_until(lambda: not path.exists())
