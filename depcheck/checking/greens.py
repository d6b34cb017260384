"""When each environment was green last: for those where nothing is locked, what tonight is compared with."""

import hashlib
import os
import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from depcheck.core.environments import EnvironmentSpec

_LIMIT_BYTES = 100


@dataclass(frozen=True, slots=True)
class GreenNights:
    """Adapter of `ports.Greens`: one small file an environment, in a folder that outlives the run, or does not.

    `repository` tells repositories apart that share the folder. What cannot be read or written is not known.
    """

    folder: Path
    repository: str

    def last(self, spec: EnvironmentSpec) -> datetime | None:
        """When a fresh installation of `spec` passed last, aware UTC; None where no such night is remembered."""
        try:
            with self._path(spec).open(encoding="ascii") as file:
                moment = datetime.fromisoformat(file.read(_LIMIT_BYTES).strip())
        except (OSError, ValueError):
            return None
        return moment if moment.tzinfo else None

    def keep(self, spec: EnvironmentSpec, moment: datetime) -> None:
        """Remember that it passed at `moment`."""
        path = self._path(spec)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, part = tempfile.mkstemp(dir=path.parent)
            with os.fdopen(handle, "w", encoding="ascii") as file:
                file.write(f"{moment.isoformat()}\n")
            Path(part).replace(path)
        except OSError:
            return  # the next night compares with the day of the sources instead

    def _path(self, spec: EnvironmentSpec) -> Path:
        key = f"{self.repository}\0{spec.name}\0{spec.python}"
        return self.folder / hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()[:32]
