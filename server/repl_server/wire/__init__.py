"""nREPL's wire format without any I/O: bencode, framing, limits. Standard library only."""

from repl_server.wire.bencode import Decoder, Message, encode, encode_value
from repl_server.wire.connection import CLOSED, NEED_DATA, Connection, Idle
from repl_server.wire.errors import LocalProtocolError, ProtocolError, RemoteProtocolError
from repl_server.wire.limits import Limits

__all__ = [
    "CLOSED",
    "NEED_DATA",
    "Connection",
    "Decoder",
    "Idle",
    "Limits",
    "LocalProtocolError",
    "Message",
    "ProtocolError",
    "RemoteProtocolError",
    "encode",
    "encode_value",
]
