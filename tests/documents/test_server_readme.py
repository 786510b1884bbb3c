"""server/README.md: the lines one adds to a program, and what comes of them."""

from __future__ import annotations

import textwrap

from documents.comparing import difference
from documents.reading import Block, spans_of
from documents.sessions import play
from documents.showing import shows, text_of
from documents.user import User

_WAIT = "\nprint('ready', flush=True)\nimport threading; threading.Event().wait()\n"


@shows("server/README.md#in-a-minute")
def test_a_program_with_threads(shown: list[Block], user: User) -> None:
    user.python(f"speed = 1\n{shown[0].text}{_WAIT}")
    assert user.succeed("repl-connect eval ./app.sock 'speed + 1; server.address'") == [
        "2",
        "'/home/ada/app.sock'",
    ]


@shows("server/README.md#in-a-minute (2)")
def test_a_program_on_asyncio(shown: list[Block], user: User) -> None:
    """Its own work is where the document has `...`."""
    block = shown[0].text
    assert block.count("        ...") == 1
    work = "        print('ready', flush=True); await asyncio.Event().wait()"
    text = block.replace("        ...", work)
    user.python(f"import asyncio\nimport repl_server\n{text}\nasyncio.run(main())\n")
    code = "import asyncio; await asyncio.sleep(0.01, 42)"
    assert user.succeed(f"repl-connect eval ./app.sock '{code}'") == ["42"]


@shows("server/README.md#in-a-minute (3)", "server/README.md#in-a-minute (4)")
def test_a_program_with_a_loop(shown: list[Block], user: User) -> None:
    loop, session = shown
    (step,) = session.steps
    before = "import repl_server\nspeed = 1\ndef step():\n    print('old step', flush=True)\n"
    program = user.python(before + loop.text, "old step")
    terminal = user.terminal(step.command)
    play(terminal, step.output)
    program.expect_exact("speed is 3")
    user.leave(terminal)


def test_without_a_change_to_the_program(user: User) -> None:
    """The commands of the table, whose `script.py`, `module` and `args` are those of this test."""
    shown = [text for _, text in spans_of(text_of("server/README.md"))]
    commands = [each for each in shown if "./app.sock" in each and "python" in each]
    assert len(commands) == 4
    code = "import sys\nprint('runs with', *sys.argv[1:], flush=True)\n"
    for name in ("script.py", "module.py"):
        user.write(name, f"{code}args = sys.argv[1:]{_WAIT}")
    for command in commands:
        has_args = command.endswith("args")
        has_script = has_args or command.endswith("script.py")
        until = "runs with" if has_script else "nREPL server started"
        program = user.program(f"env {command}", until)
        if has_args:
            program.expect_exact("args")
        value = "args" if has_script else "6 * 7"
        expected = ["['args']" if has_args else "[]"] if has_script else ["42"]
        assert user.succeed(f"repl-connect eval ./app.sock --wait 10 '{value}'") == expected
        program.close(force=True)


_REDEFINED = """
import threading
import repl_server

begun, go_on = threading.Event(), threading.Event()


def step():
    begun.set()
    go_on.wait()


def gg():
    yield 1


class S:
    __slots__ = ("a",)

    def __init__(self, a):
        self.a = a


held = S(1)
waits = gg()
next(waits)
threading.Thread(target=step).start()
begun.wait()
server = repl_server.serve("./app.sock", namespace=globals())
"""
_AGAIN = """
def step():
    return 1

def gg():
    yield 2

class S:
    __slots__ = ("b",)

    def __init__(self, b):
        self.b = b
"""


@shows("server/README.md#redefinition")
def test_what_a_redefinition_says(shown: list[Block], user: User) -> None:
    user.python(_REDEFINED + _WAIT)
    user.write("again.py", _AGAIN)
    printed = user.succeed("repl-connect eval ./app.sock --file again.py")
    assert not (told := difference(shown[0].lines, printed)), told


_GAME = """
import repl_server

world = [0]


def step(world):
    world.append(1 / world[0])
    return "stepped"


def draw():
    print("drawn", flush=True)


server = repl_server.CoopServer("./app.sock", namespace=globals())
print("ready", flush=True)
while "go" not in globals():
    server.sleep(0.01)
"""


@shows("server/README.md#an-error-in-the-loop-need-not-end-the-program")
def test_an_error_in_the_loop(shown: list[Block], user: User) -> None:
    """Its first line fails, is mended and tried again; then the rest of the block runs."""
    end = "\nupdate()\nprint('world is', world, flush=True)\n"
    program = user.python(_GAME + textwrap.dedent(shown[0].text) + end)
    terminal = user.prompt("repl-connect ./app.sock", "__main__>")
    terminal.enter("go = True")
    terminal.wait_for("ZeroDivisionError")
    terminal.enter(",held")
    terminal.wait_for("retry")
    terminal.enter("world[0] = 2")
    terminal.enter(",retry")
    program.expect_exact("drawn")
    program.expect_exact("world is [2, 0.5]")
