"""What went wrong upstream: never a package's fault."""

from threading import Lock


class Troubles:
    """Sentences for people, each once, in the order in which they were first seen. Safe for threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._seen: dict[str, None] = {}

    def add(self, sentence: str) -> None:
        """Remember `sentence`."""
        with self._lock:
            self._seen.setdefault(sentence)

    def all(self) -> tuple[str, ...]:
        """All sentences so far."""
        with self._lock:
            return tuple(self._seen)
