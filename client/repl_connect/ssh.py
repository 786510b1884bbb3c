"""A REPL on another machine, through the user's own `ssh`: its configuration, agent and keys.

One process of `ssh` is one connection; its standard input and output are the stream. A port there
is reached with `ssh -W`. A Unix socket is reached by a command there (Python, `socat` or `nc`,
whichever there is), because that says what is wrong in words, knows `~`, and uses a ControlMaster
connection that is open already; no connection of ours is ever the master of others.

`ssh` asks for passwords and passphrases on the terminal, before there is a prompt: with a prompt
on the terminal it is told not to ask (`BatchMode`). `REPL_CONNECT_SSH` in the environment is the
command to use instead of `ssh`, with its options.
"""

from __future__ import annotations

import contextlib
import os
import select
import shlex
import signal
import socket
import subprocess
import threading
import time
from collections import deque
from typing import Final

from repl_connect.address import SshAddress
from repl_connect.errors import ConnectError, NotListening

__all__ = ["SshStream", "ask_nobody", "explained", "open_ahead", "open_before_prompt", "open_ssh"]

_ASKING: Final = 120.0  # seconds for somebody who types a password
_GRACE: Final = 1.0  # seconds for ssh to end by itself, and to say why it has
_SHARED_WAIT: Final = 0.3  # for a greeting, over a connection that was there already
_MARK: Final = b"\x02repl-connect\x03"
_LINES: Final = 20  # of what ssh says that are kept
_NOISE: Final = (
    *("Authenticated to ", "Transferred: ", "Bytes per second: "),
    *("Warning: Permanently added ", "** "),
)
_LOGGED_IN: Final = "Authenticated to "

# In its own process, a shell that a Ctrl-C does not reach: it would end the connection.
_SHIELD: Final = ["sh", "-c", 'trap "" INT; exec "$@"', "sh"]

_PYTHON: Final = (
    "import os,socket as k,sys,threading as t;s=k.socket(k.AF_UNIX);"
    "e=s.connect_ex(sys.argv[1]);e and sys.exit(os.strerror(e));"
    "t.Thread(target=lambda:([s.sendall(d) for d in iter(lambda:os.read(0,65536),b'')],"
    "s.shutdown(1)),daemon=True).start();"
    "[(sys.stdout.buffer.write(d),sys.stdout.flush()) for d in iter(lambda:s.recv(65536),b'')]"
)
_JOIN: Final = (
    'case $1 in "~/"*) s="$HOME/${1#??}";; *) s=$1;; esac; '
    "printf '\\002repl-connect\\003'; "
    f'if command -v python3 >/dev/null; then exec python3 -c "{_PYTHON}" "$s"; '
    'elif command -v socat >/dev/null; then exec socat -t 600 - "UNIX-CONNECT:$s"; '
    'elif command -v nc >/dev/null; then exec nc -N -U "$s"; '
    "else echo 'to reach a socket there, it needs python3, socat or nc' >&2; exit 127; fi"
)

_asks = True
_ahead: dict[SshAddress, SshStream] = {}


class SshStream(socket.socket):
    """A stream through a process of `ssh`, which ends with it."""

    def __init__(self, end: socket.socket, process: subprocess.Popen[bytes]) -> None:
        super().__init__(fileno=end.detach())
        self._process = process
        self._said: deque[str] = deque(maxlen=_LINES)
        self._drain: threading.Thread | None = None

    def close(self) -> None:
        """Close it; `ssh` gets a second to end by itself, while nobody waits for it."""
        if self.fileno() >= 0:
            super().close()
            threading.Thread(target=self._reap, name="ssh-end").start()

    def complaint(self) -> str:
        """What ssh has said, its last line or two, if it has ended; else nothing."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_GRACE)
            if self._drain is not None:
                self._drain.join(_GRACE)
            return " ".join(list(self._said)[-2:])
        return ""

    def wait_for_login(self, seconds: float, *, marked: bool, shared: bool) -> None:
        """Return when what is sent reaches the other side. Raises `ConnectError`."""
        began = time.monotonic()
        poller = select.poll()
        assert self._process.stderr is not None
        errors = self._process.stderr.fileno()
        poller.register(errors, select.POLLIN)
        if marked:
            poller.register(self, select.POLLIN)
        rest, seen = b"", b""
        logged_in = shared and not marked
        while not logged_in:
            left = began + seconds - time.monotonic()
            if left <= 0:
                raise ConnectError(f"ssh did not connect in {seconds:g} seconds.")
            for descriptor, _ in poller.poll(left * 1000 + 1):
                if descriptor == errors:
                    data = os.read(errors, 4096)
                    if not data:
                        poller.unregister(errors)
                    *lines, rest = (rest + data).split(b"\n")
                    logged_in = self._hear(lines) and not marked
                else:
                    data = self.recv(1)
                    seen = (seen + data)[-len(_MARK) :]  # a shell's own words may come before
                    logged_in = seen == _MARK
                if not data and (descriptor != errors or not marked):
                    self._hear_all(rest)
                    raise _failure(self.complaint() or "ssh ended, and did not say why.")
        self._hear_all(rest)
        # The other side may be about to greet: that takes a part of the time that logging in took.
        took = _SHARED_WAIT if shared else min(time.monotonic() - began, 2.0) / 2
        greeting = select.poll()
        greeting.register(self, select.POLLIN)
        greeting.poll(took * 1000)

    def _hear(self, lines: list[bytes]) -> bool:
        """Keep what is said; whether it is that the login is done."""
        logged_in = False
        for line in lines:
            text = line.decode("utf-8", "replace").strip()
            logged_in |= text.startswith(_LOGGED_IN)
            if text and not text.startswith(_NOISE):
                self._said.append(text)
        return logged_in

    def _hear_all(self, rest: bytes) -> None:
        """From now on keep what is said, in a thread."""

        def run() -> None:
            assert self._process.stderr is not None
            with self._process.stderr as stream:
                self._hear([rest + next(stream, b"")])
                for line in stream:
                    self._hear([line])

        self._drain = threading.Thread(target=run, name="ssh-errors", daemon=True)
        self._drain.start()

    def _reap(self) -> None:
        for number in (0, signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.send_signal(number)
                self._process.wait(_GRACE)
                return


def open_ssh(address: SshAddress, timeout: float) -> SshStream:
    """Connect through ssh, or take what `open_ahead` has opened. Raises `ConnectError`."""
    ahead = _ahead.pop(address, None)
    if ahead is not None:
        return ahead
    asks = _asks and _can_ask()
    ssh = shlex.split(os.environ.get("REPL_CONNECT_SSH", "")) or ["ssh"]
    options = [*_OPTIONS, *(() if asks else ("-o", "BatchMode=yes"))]
    if address.ssh_port:
        options += ["-p", str(address.ssh_port)]
    shared = _has_master([*ssh, *options], address)
    if address.there is not None:
        what = ["-o", "LogLevel=VERBOSE", "-W", str(address.there), "--", address.destination]
    else:
        command = f"exec sh -c {shlex.quote(_JOIN)} sh {shlex.quote(address.path)}"
        what = ["--", address.destination, command]
    ours, theirs = socket.socketpair()
    try:
        process = subprocess.Popen(
            [*_SHIELD, *ssh, *options, *what],
            stdin=theirs.fileno(),
            stdout=theirs.fileno(),
            stderr=subprocess.PIPE,
        )
    except OSError as error:
        ours.close()
        raise ConnectError(f"{address}: {ssh[0]} can't be run: {error.strerror}.") from None
    finally:
        theirs.close()
    stream = SshStream(ours, process)
    try:
        stream.wait_for_login(
            max(timeout, _ASKING) if asks else timeout,
            marked=address.there is None,
            shared=shared,
        )
    except ConnectError as error:
        stream.close()
        raise type(error)(f"{address}: {error}") from None
    except BaseException:
        stream.close()
        raise
    return stream


def open_ahead(address: SshAddress, timeout: float) -> None:
    """Connect now, while ssh can ask on the terminal: the next `open_ssh` takes it."""
    if address not in _ahead:
        _ahead[address] = open_ssh(address, timeout)


def open_before_prompt(address: SshAddress) -> None:
    """`open_ahead`, where ssh can ask as long as there is no prompt.

    That nobody listens there is told of, or waited for, when the prompt connects.
    """
    with contextlib.suppress(NotListening):
        open_ahead(address, _ASKING)


def ask_nobody() -> None:
    """From now on ssh asks nobody for passwords: there is nobody there."""
    global _asks
    _asks = False


def explained(stream: socket.socket, address: SshAddress, error: ConnectError) -> ConnectError:
    """The error of a connection that was lost early, in ssh's words if it has some."""
    said = stream.complaint() if isinstance(stream, SshStream) else ""
    return _failure(f"{address}: {said}") if said else error


_OPTIONS: Final = (
    *("-T", "-a", "-x", "-o", "ControlMaster=no", "-o", "ClearAllForwardings=yes"),
    *("-o", "RemoteCommand=none"),
)


def _failure(said: str) -> ConnectError:
    absent = any(words in said for words in ("Connection refused", "No such file", "Errno 2]"))
    return NotListening(said) if absent else ConnectError(said)


def _has_master(command: list[str], address: SshAddress) -> bool:
    """Whether there is a connection to that machine, which ours goes over: nothing is said then."""
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        done = subprocess.run(
            [*command, "-O", "check", "--", address.destination],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=5,
            check=False,
        )
        return done.returncode == 0
    return False


def _can_ask() -> bool:
    """Whether somebody can be asked on the terminal: lines are edited there, no prompt is up."""
    import termios

    try:
        descriptor = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY)
    except OSError:
        return False
    try:
        in_front = os.tcgetpgrp(descriptor) == os.getpgrp()
        return in_front and bool(termios.tcgetattr(descriptor)[3] & termios.ICANON)
    except (OSError, termios.error):
        return False
    finally:
        os.close(descriptor)
