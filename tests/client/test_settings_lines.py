"""Where keys stand in a TOML text."""

from __future__ import annotations

import tomllib

from repl_connect.settings.lines import key_lines

TEXT = '''\
# [not.a.table]
top = 1

[prompt]
"theme" = """
[fake]
keys = 'x'
""""
keys = "a = b # [no]"  # mouse = 1
list = [
  "one", # [two]
  "]", 'thr"ee',
]
history.'search key' = "\\"[x]"

[ partners . "my shop" ]
address = 'a#b'
nested = { deep = [1, 2], other = "}" }
[[many]]
x = 1
[[many]]
y = 2
last = true'''


def test_keys_and_tables_have_their_lines() -> None:
    tomllib.loads(TEXT)
    assert key_lines(TEXT) == {
        ("top",): 2,
        ("prompt",): 4,
        ("prompt", "theme"): 5,
        ("prompt", "keys"): 9,
        ("prompt", "list"): 10,
        ("prompt", "history"): 14,
        ("prompt", "history", "search key"): 14,
        ("partners",): 16,
        ("partners", "my shop"): 16,
        ("partners", "my shop", "address"): 17,
        ("partners", "my shop", "nested"): 18,
        ("many",): 19,
        ("many", "x"): 20,
        ("many", "y"): 22,
        ("many", "last"): 23,
    }


def test_carriage_returns_are_no_names() -> None:
    assert key_lines("[a]\r\nb = 1\r\n") == {("a",): 1, ("a", "b"): 2}
