"""The rules of an nREPL server, without I/O: sessions, evaluations, jobs, presence, watches."""
