"""Sockets, addresses and the thread that moves bytes; who may connect."""
