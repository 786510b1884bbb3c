"""A Python that writes down which items it was given: `counting.py ADDRESS FILE`.

`work` begins by writing its item; some words make it do more than that.
"""

from __future__ import annotations

import os
import signal
import sys
import threading

import repl_server

ran = os.open(sys.argv[2], os.O_WRONLY | os.O_CREAT)


def work(item: str) -> int:
    os.write(ran, item.encode("utf-8", "surrogateescape") + b"\n")
    word = item.partition(" ")[0]
    if word == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    elif word == "stop":  # every thread, as a machine does that hangs
        os.kill(os.getpid(), signal.SIGSTOP)
        threading.Event().wait()  # another thread may be the first that stops
    elif word == "loop":
        while True:
            pass
    elif word == "raise":
        raise ValueError(item)
    return len(item)


def work_once(item: str, mark: str) -> int:
    """The first who gets an item that says `die` dies of it."""
    if item.startswith("die once"):
        try:
            os.close(os.open(mark, os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            item = f"again {item}"
    return work(item)


if __name__ == "__main__":
    with repl_server.serve(sys.argv[1], namespace=globals()):
        print("listening", flush=True)
        threading.Event().wait()
