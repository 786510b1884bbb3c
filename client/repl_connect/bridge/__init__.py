"""A REPL of any kind, served to nREPL clients: `repl-connect bridge`.

One thread moves all bytes: the server's own (`repl_server.network.io_thread`), with the clients'
connections and those to the REPL side by side.

    clients ──> Arrival ──> Shared ──> adapter ──> one connection to a REPL that is adapted
                     └────> Relayed ─────────────> a connection each, to an nREPL server

What the REPL is, is found out when a client first wants something of it.
"""
