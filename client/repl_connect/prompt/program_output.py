"""What a program of ours prints by itself, outside of evaluations: read as it comes."""

from __future__ import annotations

import asyncio
import codecs
import os
from collections.abc import Callable, Mapping

__all__ = ["ProgramOutput"]

_CHUNK = 65536


class ProgramOutput:
    """Descriptors of a program's output, by stream (`out`, `err`); closed by whoever opened them.

    `on_text` gets the stream and what was read of it. A stream that ends is let go of.
    """

    def __init__(self, descriptors: Mapping[str, int], on_text: Callable[[str, str], None]) -> None:
        self._descriptors = dict(descriptors)
        self._on_text = on_text
        self._decoders = {
            stream: codecs.getincrementaldecoder("utf-8")("replace") for stream in descriptors
        }

    def start(self) -> None:
        """Read, from now on or again after `stop`. The loop must be running."""
        for stream, descriptor in self._descriptors.items():
            os.set_blocking(descriptor, False)
            asyncio.get_running_loop().add_reader(descriptor, self._read, stream)

    def stop(self) -> None:
        """Read no more: the program is then held back by its own writes."""
        for descriptor in self._descriptors.values():
            asyncio.get_running_loop().remove_reader(descriptor)

    def _read(self, stream: str) -> None:
        descriptor = self._descriptors[stream]
        try:
            data = os.read(descriptor, _CHUNK)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            asyncio.get_running_loop().remove_reader(descriptor)
            del self._descriptors[stream]
        text = self._decoders[stream].decode(data, final=not data)
        if text:
            self._on_text(stream, text)
