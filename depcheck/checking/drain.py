"""Read what processes print, without ever blocking them and without ever holding more than was agreed."""

import os
import selectors
import time
from collections.abc import Mapping

CHUNK_BYTES = 1 << 20
LINGER_S = 0.5  # for output that is still in the pipe when its writer has ended


class Kept:
    """The first and last `half` bytes of a stream; the middle is counted and dropped."""

    def __init__(self, half: int) -> None:
        self._half = half
        self._head = bytearray()
        self._tail = bytearray()
        self._dropped = 0

    def add(self, chunk: bytes) -> None:
        """Take the next bytes."""
        room = self._half - len(self._head)
        self._head += chunk[:room]
        self._tail += chunk[room:] if room > 0 else chunk
        if len(self._tail) > 2 * self._half:
            self._trim()

    def _trim(self) -> None:
        excess = max(0, len(self._tail) - self._half)
        self._dropped += excess
        del self._tail[:excess]

    def whole(self) -> bytes:
        """Head and tail, with a line between them that says how much is missing."""
        self._trim()
        gap = f"\n[{self._dropped} bytes left out]\n".encode() if self._dropped else b""
        return bytes(self._head) + gap + bytes(self._tail)


def drain(streams: Mapping[int, Kept], until: float, last: int | None = None) -> None:
    """Read all descriptors to their ends, or up to the monotonic time `until`.

    When the descriptor `last` has ended, the others have LINGER_S left: somebody may hold them open for ever.
    """
    with selectors.DefaultSelector() as selector:
        for descriptor, kept in streams.items():
            os.set_blocking(descriptor, False)
            selector.register(descriptor, selectors.EVENT_READ, kept)
        while selector.get_map() and (left := until - time.monotonic()) > 0:
            for key, _ in selector.select(left):
                chunk = os.read(key.fd, CHUNK_BYTES)
                key.data.add(chunk)
                if not chunk:
                    selector.unregister(key.fd)
                    until = min(until, time.monotonic() + LINGER_S) if key.fd == last else until
