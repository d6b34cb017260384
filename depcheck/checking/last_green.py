"""Store when each environment last passed.

An environment without a lockfile is compared with the state of that time.
"""

import hashlib
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from depcheck.core.lockfiles.spec import EnvironmentSpec
from depcheck.stored_files import write_atomically

_MOST_BYTES = 100


@dataclass(frozen=True, slots=True)
class LastGreenFiles:
    """Adapter of `ports.LastGreenStore`: one small file per environment.

    `folder` may or may not outlive the run. `repository` keeps repositories apart that share the folder.
    What cannot be read or written counts as unknown.
    """

    folder: Path
    repository: str

    def get_last_green(self, spec: EnvironmentSpec) -> datetime | None:
        """Return when a fresh installation of `spec` last passed, aware UTC.

        None if no such run is remembered.
        """
        try:
            with self._get_path(spec).open(encoding="ascii") as file:
                moment = datetime.fromisoformat(file.read(_MOST_BYTES).strip())
        except (OSError, ValueError):
            return None
        return moment if moment.tzinfo else None

    def save_last_green(self, spec: EnvironmentSpec, moment: datetime) -> None:
        """Save `moment` as the time when the environment last passed.

        Errors are ignored: the next run then compares with the date of the sources.
        """
        with suppress(OSError):
            write_atomically(self._get_path(spec), f"{moment.isoformat()}\n".encode())

    def _get_path(self, spec: EnvironmentSpec) -> Path:
        key = f"{self.repository}\0{spec.name}\0{spec.python}"
        return self.folder / hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()[:32]
