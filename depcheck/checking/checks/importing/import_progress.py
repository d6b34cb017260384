"""Say how far an import check has come, while it runs."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field

EVERY_S = 15.0  # in a log each word is a line
_DONE = re.compile(rb'\["(?:pass|fail)", ')


@dataclass(slots=True)
class ImportProgress:
    """Counts the modules that an importer has answered for.

    `tell` gets `imports: 1,240 of 4,529` now and then.

    The numbers are for people alone: what strangers' code writes between can only make them wrong.
    """

    tell: Callable[[str], None]
    total: int = 0
    clock: Callable[[], float] = time.monotonic
    _done: int = 0
    _told_at: float = field(default=0.0)

    def start_count(self, total: int) -> None:
        """Count from nothing again, towards `total`."""
        self.total, self._done, self._told_at = total, 0, self.clock()

    def count_answers(self, chunk: bytes) -> None:
        """Take what the importer wrote."""
        self._done += len(_DONE.findall(chunk))
        if self.total and self.clock() - self._told_at >= EVERY_S:
            self._told_at = self.clock()
            self.tell(f"imports: {min(self._done, self.total):,} of {self.total:,}")
