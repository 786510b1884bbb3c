"""A client to be killed: `client.py ADDRESS CODE` evaluates, and says when it is answered first."""

from __future__ import annotations

import sys
import threading

from server.wire_client import WireClient

client = WireClient(sys.argv[1])
client.clone()
client.next(client.eval(sys.argv[2]))
print("answered", flush=True)
threading.Event().wait()
