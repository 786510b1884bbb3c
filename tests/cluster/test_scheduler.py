"""What is no scheduler is told in a sentence, within a time."""

from __future__ import annotations

import shutil
import socket
import subprocess
import threading
from pathlib import Path
from typing import Any

import dask
import pytest
from client.command import repl_connect
from cluster.programs import Cluster
from distributed import LocalCluster
from distributed.security import Security

from repl_connect.cluster.scheduler import connected, partner_name, scheduler_address, workers
from repl_connect.errors import ConnectError, UsageError


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("dask://lab:8790", "tcp://lab:8790"),
        ("dask://lab", "tcp://lab:8786"),
        ("dask://[::1]:8790/", "tcp://[::1]:8790"),
    ],
)
def test_addresses(url: str, address: str) -> None:
    assert scheduler_address(url) == address


@pytest.mark.parametrize(
    "url",
    ["dask://", "dask://h:0", "dask://h:99999", "dask://a:b:1", "lab", "tcp://h:1", "dask:// "],
)
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(UsageError, match="dask://HOST:PORT"):
        scheduler_address(url)


@pytest.mark.parametrize(
    ("worker", "partner"),
    [
        ("0", "dask-0"),
        ("tcp://10.0.0.7:40001", "dask-10.0.0.7-40001"),
        ("SLURMCluster-0-1", "dask-SLURMCluster-0-1"),
        ("a/b c:@*\x1b[0m", "dask-a-b-c-0m"),
        ("//", "dask-worker"),
    ],
)
def test_names(worker: str, partner: str) -> None:
    assert partner_name(worker) == partner


@pytest.mark.parametrize(
    ("first", "words"),
    [
        (None, "no scheduler can be reached there (Connection refused)"),
        (b"", "has not answered as a scheduler in 0.5 s"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n" * 20, "what is there is no Dask scheduler"),
    ],
)
def test_who_is_no_scheduler(first: bytes | None, words: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        if first is None:
            listener.close()
        else:
            threading.Thread(target=greet, args=(listener, first), daemon=True).start()
        with pytest.raises(ConnectError) as refused:
            workers(f"dask://127.0.0.1:{port}", 0.5)
    assert words in str(refused.value)


def greet(listener: socket.socket, first: bytes) -> None:
    """The first connection only tries whether anybody is there; the second is Dask's."""
    for _ in range(2):
        connection, _ = listener.accept()
        connection.sendall(first)
        KEPT.append(connection)


KEPT: list[socket.socket] = []


def test_a_worker_is_no_scheduler(cluster: Cluster) -> None:
    place = workers(cluster.url, 30)[0].address.replace("tcp://", "dask://")
    with pytest.raises(ConnectError, match=r"not its scheduler \(Worker\)"):
        workers(place, 30)


@pytest.fixture
def certificate(tmp_path: Path) -> str:
    """A file with a certificate that signs itself, and its key."""
    key, signed, both = (tmp_path / name for name in ("key", "signed", "both"))
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    command += ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    command += ["-keyout", str(key), "-out", str(signed)]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    both.write_bytes(key.read_bytes() + signed.read_bytes())
    return str(both)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_a_scheduler_that_speaks_tls(certificate: str) -> None:
    encrypted = {
        "distributed.comm.require-encryption": True,
        "distributed.comm.tls.ca-file": certificate,
        **{
            f"distributed.comm.tls.{role}.{what}": certificate
            for role in ("client", "scheduler", "worker")
            for what in ("cert", "key")
        },
    }
    security: Any = Security
    start: Any = LocalCluster
    with dask.config.set(encrypted):
        options = {"protocol": "tls://", "security": security(), "dashboard_address": ":0"}
    with start(n_workers=0, processes=False, **options) as cluster:
        url = cluster.scheduler_address.replace("tls://", "dask://")
        with pytest.raises(ConnectError, match="require-encryption"):
            workers(url, 5)
        with dask.config.set(encrypted):
            assert workers(url, 5) == []
            with connected(url, 5) as client:
                assert client.nthreads() == {}


def test_it_is_said_in_one_line() -> None:
    finished = repl_connect("partners", "import", "dask://localhost:1")
    assert (finished.code, finished.out) == (3, "")
    assert finished.err.startswith("repl-connect: dask://localhost:1: no scheduler")
    assert finished.err.count("\n") == 1
