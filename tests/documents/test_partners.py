"""client/PARTNERS.md: partners, jobs and map, with programs that are what it tells of."""

from __future__ import annotations

import re

import pytest
from documents.comparing import difference
from documents.reading import Block, Step
from documents.showing import shows
from documents.user import User
from guile.programs import GUILE

_FAR = """#!/bin/sh
# ssh to a machine that is another home on this one: the last word is the command for it.
case "$*" in *"-O check"*) exit 1 ;; esac
for word; do :; done
HOME=$FAR_HOME exec sh -c "$word"
"""

_WEB = """
import repl_server
sessions = range({sessions})
def tick(): return True
server = repl_server.serve({address!r}, namespace=globals())
print("ready", flush=True)
import threading; threading.Event().wait()
"""

_SHOP = "def orders():\n    return 3\n"

_SIM = """
import os, time, threading
import repl_server
def rebuild_index():
    while not os.path.exists("go"):
        time.sleep(0.01)
    return 1204
server = repl_server.serve("./sim.sock", namespace=globals())
print("ready", flush=True)
threading.Event().wait()
"""

_WORKER = """
import os, time, threading
import repl_server
def tick(): return True
def resize(name):
    open(f"begun-{{name}}", "w").close()
    while not all(os.path.exists(f"begun-{{each}}") for each in ("a.png", "b.png")):
        time.sleep(0.01)
    return f"{{name}}: {{2 if name == 'a.png' else 5}} KB"
server = repl_server.serve("./worker{number}.sock", namespace=globals())
print("ready", flush=True)
threading.Event().wait()
"""


@shows("client/PARTNERS.md#partners", "client/PARTNERS.md#jobs")
def test_partners_and_jobs(shown: list[Block], user: User) -> None:
    """The machine `web1` is another home here. @sim runs, ends, and runs again for its jobs."""
    partners, jobs = shown
    far = user.directory / "web1"
    far.mkdir()
    (far / "shop.py").write_text(_SHOP, encoding="utf-8")
    ssh = user.write("ssh", _FAR)
    ssh.chmod(0o755)
    user.succeed(f"export REPL_CONNECT_SSH={ssh} FAR_HOME={far}")
    web = _WEB.format(sessions=3, address=str(far / "app.sock"))
    user.python(web, PYTHONPATH=str(far))
    sim = user.python(_SIM)
    for step in partners.steps:
        if _is_prompt(step):
            user.leave(user.prompt(step.command.partition("#")[0], "__main__>"))
            sim.close(force=True)
        elif "eval" in step.command:
            assert user.succeed(step.command) == ["3"]
        else:
            user.follow(step, status=6 if "check" in step.command else 0)

    user.python(_SIM)
    submit, running, wait, listed, cancel = jobs.steps
    user.follow(submit)
    user.follow(running, status=4)
    user.write("go", "")
    user.follow(wait)
    assert any("finished" in line for line in user.succeed(listed.command))
    (user.home / "go").unlink()
    user.follow(submit)
    user.follow(cancel)


@pytest.mark.skipif(GUILE is None, reason="needs guile")
@shows("client/PARTNERS.md#map")
def test_map(shown: list[Block], user: User) -> None:
    everywhere, languages, dealt = shown[0].steps
    for number, sessions in ((1, 12), (2, 9)):
        user.python(_WEB.format(sessions=sessions, address=f"./web{number}.sock"))
        user.succeed(f"repl-connect partners add web{number} ./web{number}.sock --tag web")
        user.python(_WORKER.format(number=number))
        user.succeed(f"repl-connect partners add worker{number} ./worker{number}.sock --tag worker")
    user.follow(everywhere, ordered=False)

    user.guile(user.home / "ticking.sock", "(define (tick) 'ticked)")
    user.succeed("repl-connect partners add ticking ./ticking.sock")
    ticked = user.succeed(languages.command)
    assert sorted(re.sub(r" +", " ", line) for line in ticked if line.startswith("@")) == [
        "@ticking ticked",
        *(f"@{name}{number} True" for name in ("web", "worker") for number in (1, 2)),
    ]

    user.write("names.txt", "a.png\nb.png\n")
    printed = user.succeed(dealt.command)  # which worker takes which line is seen when they do
    shown_lines, printed = (
        [_of_either(line) for line in lines] for lines in (dealt.output, printed)
    )
    assert not (told := difference(shown_lines, printed, ordered=False)), told


@shows("client/PARTNERS.md#partners (2)")
def test_the_fields_of_a_partner(shown: list[Block], user: User) -> None:
    user.write(".config/repl-connect/config.toml", shown[0].text)
    user.succeed("repl-connect config check")
    (line,) = user.succeed("repl-connect partners list --json")
    for field in re.findall(r"^(\w+) = ", shown[0].text, re.MULTILINE):
        assert f'"{field}": ' in line, line


def _of_either(line: str) -> str:
    return re.sub("@worker[12]", "@worker", line)


def _is_prompt(step: Step) -> bool:
    """Whether the command opens a prompt: it has an address and nothing else."""
    return len(step.command.partition("#")[0].split()) == 2
