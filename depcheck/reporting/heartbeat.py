"""A sign of life, where nothing else is printed for a while."""

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event, Thread
from time import monotonic

EVERY_S = 30.0


@dataclass(slots=True)
class Heartbeat:
    """Calls `beat` once in each `every_s` of silence.

    A thread of its own waits. `note_line` ends the silence.
    """

    beat: Callable[[float], None]
    every_s: float = EVERY_S
    clock: Callable[[], float] = monotonic
    _ended: Event = field(default_factory=Event)
    _thread: Thread | None = None
    _silent_since: float = 0.0
    _beats: int = 0

    def start_beating(self) -> None:
        """Begin to count the silence."""
        self.note_line()
        self._thread = Thread(target=self._wait_and_beat, daemon=True)
        self._thread.start()

    def stop_beating(self) -> None:
        """End the thread, if there is one."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def note_line(self) -> None:
        """Note that something was printed."""
        self._silent_since, self._beats = self.clock(), 0

    def beat_if_silent(self) -> None:
        """Beat if another interval of silence has passed."""
        silent_s = self.clock() - self._silent_since
        if silent_s >= (self._beats + 1) * self.every_s:
            self._beats += 1
            self.beat(silent_s)

    def _wait_and_beat(self) -> None:
        while not self._ended.wait(self.every_s / 30):
            self.beat_if_silent()
