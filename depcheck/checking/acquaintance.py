"""What interpreters have said of themselves, kept: to start one and ask takes longer than a quiet night."""

import hashlib
import json
import os
import platform
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Acquaintance:
    """Answers in a folder that runs may share, each for one program as it is on this system now.

    A program is the same when its real path, size and time are, and those of the folder that tells whether it is
    complete. An answer for another path than the one asked about is none, whoever wrote it.
    """

    folder: Path

    def recall(self, program: Path) -> dict[str, Any] | None:
        """What `program` said."""
        try:
            told = json.loads(self._place(program).read_bytes())
            same = told["seen"] == self._seen(program, told["answer"]) and told["answer"]["path"] == str(
                program.resolve()
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None
        answer: dict[str, Any] = told["answer"]
        return answer if same else None

    def keep(self, program: Path, answer: dict[str, Any]) -> None:
        """Remember what `program` says; where that does not work, it is asked again."""
        with suppress(OSError):
            self.folder.mkdir(parents=True, exist_ok=True)
            content = json.dumps({"seen": self._seen(program, answer), "answer": answer})
            handle, name = tempfile.mkstemp(dir=self.folder)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(content)
            Path(name).replace(self._place(program))

    def _place(self, program: Path) -> Path:
        system = (str(program), str(program.resolve()), platform.release(), platform.version(), platform.machine())
        return self.folder / f"{hashlib.sha256(repr(system).encode()).hexdigest()[:24]}.json"

    @staticmethod
    def _seen(program: Path, answer: dict[str, Any]) -> list[int]:
        """What shows that it is still the same: the program, and the folder of its bundled wheels."""
        bundled = Path(answer["bundled"][0]).parent if answer["bundled"] else None
        stats = [path.stat() for path in (program.resolve(), bundled) if path is not None]
        return [value for stat in stats for value in (stat.st_size, stat.st_mtime_ns)]
