"""client/README.md: its commands, its configuration, the bridge."""

from __future__ import annotations

import re
import shlex

import pytest
from documents.reading import Block
from documents.showing import shows
from documents.user import User
from guile.programs import GUILE, free_port


@shows("client/README.md#the-terminal-client")
def test_the_commands_are_those_that_there_are(shown: list[Block], user: User) -> None:
    column = shown[0].lines[0].index("the prompt")
    usages = [line[:column].split() for line in shown[0].lines]
    commands = {words[1]: " ".join(words) for words in usages if words[1].isalpha()}
    listed = "\n".join(user.succeed("repl-connect help"))
    known = re.findall(r"^  ([a-z][\w-]*) {2,}", listed.partition("commands (")[2], re.MULTILINE)
    words = set(re.findall(r"[a-z-]+", shown[0].text))
    # What completes the help, and what only the plugin starts, needs no line.
    assert set(known) - words <= {"help", "nvim-host"}, known
    assert set(commands) <= set(known)
    for name, usage in commands.items():
        said = " ".join(user.succeed(f"repl-connect {name} --help"))
        for word in re.findall(r"--[\w-]+|\b[A-Z]{2,}\b", usage):
            assert word in said, (usage, said)


@shows("client/README.md#keys", "client/README.md#configuration")
def test_the_configuration_is_right(shown: list[Block], user: User) -> None:
    (path,) = user.succeed("repl-connect config path")
    assert path == "/home/ada/.config/repl-connect/config.toml"
    user.write(path.removeprefix("/home/ada/"), "\n\n".join(each.text for each in shown))
    said = user.succeed("repl-connect config check")
    assert not any("wrong" in line or "unknown" in line for line in said), said
    everything = "\n".join(user.succeed("repl-connect config show"))
    for value in ('theme = "dark"', 'keys = "vi"'):
        assert value in everything, everything
    assert "@game" in user.succeed("repl-connect partners list --names")
    once = user.succeed("REPL_CONNECT_PROMPT__THEME=light repl-connect config show")
    assert any('theme = "light"' in line for line in once)


@pytest.mark.skipif(GUILE is None, reason="needs guile")
@shows("client/README.md#the-bridge-any-repl-for-any-editor")
def test_the_bridge(shown: list[Block], user: User) -> None:
    """At a port that is free, for the one that is shown."""
    (step,) = shown[0].steps
    assert "7888" in shlex.split(step.command)
    port = free_port()
    user.guile(user.home / "guile-socket")
    bridge = user.program(step.command.replace("7888", str(port)), f"nrepl://localhost:{port}")
    assert (user.home / ".nrepl-port").read_text() == str(port)
    assert user.succeed(f"repl-connect eval {port} '(+ 40 2)'") == ["42"]
    bridge.sendintr()
    bridge.expect(r"\Z|$")
    bridge.wait()
    assert not (user.home / ".nrepl-port").exists()
