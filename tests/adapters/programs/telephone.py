"""A stand-in for telephone, a job server in Common Lisp that speaks HTTP: the same surface.

Usage: telephone.py PORT. It knows sums and a few words more, the newest job is begun first, one in
each tenth of a second. A job `(wait)` runs until a `(go-on)` that was submitted later has run.
"""

from __future__ import annotations

import re
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, quote, urlsplit

PAUSE = 0.1
VALUES = {
    "(wait)": "GONE-ON",
    "(go-on)": "T",
    "(car 5)": "(ERROR TYPE-ERROR)",
    "(+ 1": "(ERROR END-OF-FILE)",
    "#'car": "#<FUNCTION CAR>",
    '(print "x")': '"x"',
    "(huge)": '"' + "x" * 100_000 + '"',
}

jobs: dict[str, tuple[str, threading.Event]] = {}
ended: set[str] = set()
pending: list[str] = []
going_on = threading.Condition()
gone_on = 0  # the number of the last job `(go-on)`
paused = threading.Event()


def value(code: str) -> str:
    """The printed value of a form."""
    if code in VALUES:
        return VALUES[code]
    if re.fullmatch(r"\(\+( \d+)*\)", code):
        return str(sum(map(int, code[3:-1].split())))
    return code.lstrip("'").upper() if code.startswith("'") else code


def work() -> None:
    """Begin a job now and then, and end it in a thread of its own."""
    while True:
        time.sleep(PAUSE)
        if pending and not paused.is_set():
            ident = pending.pop()
            jobs[ident][1].set()
            threading.Thread(target=end, args=(ident,), daemon=True).start()


def end(ident: str) -> None:
    """Evaluate a job."""
    global gone_on
    code, number = jobs[ident][0], int(ident[1:])
    with going_on:
        if code == "(wait)":
            going_on.wait_for(lambda: gone_on > number)
        elif code == "(go-on)":
            gone_on = max(gone_on, number)
            going_on.notify_all()
    ended.add(ident)


def state(ident: str) -> str:
    """A job's, as it is printed."""
    if ident not in jobs:
        return "(TELEPHONE::ID-NOT-FOUND NIL)"
    if not jobs[ident][1].is_set():
        return "(TELEPHONE::SYSTEM-DOWN NIL)"
    if ident not in ended:
        return "(TELEPHONE::RUNNING NIL)"
    return f"(TELEPHONE::FINISHED {value(jobs[ident][0])})"


class Handler(BaseHTTPRequestHandler):
    """One call."""

    def do_GET(self) -> None:
        """Answer one without a body."""
        self._call(urlsplit(self.path).query)

    def do_POST(self) -> None:
        """Answer one with its parameters in the body."""
        self._call(self.rfile.read(int(self.headers["Content-Length"])).decode())

    def _call(self, query: str) -> None:
        parameters = parse_qs(query, keep_blank_values=True, errors="surrogateescape")
        path = urlsplit(self.path).path
        if path == "/tcmd":
            code = parameters["cmd"][0].strip()
            if code in ("(stop-queue)", "(start-queue)"):
                (paused.set if code == "(stop-queue)" else paused.clear)()
            ident = f"G{len(jobs) + 100}"
            jobs[ident] = (code, threading.Event())
            pending.append(ident)
            self._say(200, f'"{ident}"')
        elif path == "/tres":
            self._say(200, state(parameters["id"][0]))
        else:
            self._say(404, "Not Found")

    def _say(self, status: int, text: str) -> None:
        body = quote(text, safe="", errors="surrogateescape").encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


threading.Thread(target=work, daemon=True).start()
ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
