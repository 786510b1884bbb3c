"""The host of the Neovim plugin: a child process of Neovim's that has the connections.

Neovim starts `repl-connect nvim-host` when it is first needed and speaks msgpack-rpc with it on its
standard input and output (`host`). What it is asked is in `requests`, what it says in `messages`:
notifications both ways, so that neither ever waits for the other.
"""
