"""What an interpreter can install, asked of pip itself."""

import hashlib
import platform
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from packaging.version import Version

from depcheck.checking.interpreters import Interpreter
from depcheck.checking.process import Guest
from depcheck.checking.toolbox import PipTools, Toolbox
from depcheck.core.target import Target

_ASK_TIMEOUT_S = 60
_TAG = re.compile(r"^  (\S+-\S+-\S+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Targets:
    """Knows the targets of this run. `about` finds the interpreter for "3.10".

    The answer is kept beside the compiler that gave it: it holds for this interpreter on this system.
    """

    guest: Guest
    toolbox: Toolbox
    about: Callable[[str], Interpreter]
    _known: dict[str, Target | None] = field(default_factory=dict)

    def of(self, python: str) -> Target | None:
        """The target of the interpreter `python` ("3.10"); None where its pip does not tell."""
        if python not in self._known:
            interpreter = self.about(python)
            tags = self._tags(self.toolbox.pip_tools(interpreter.path, python))
            full = Version(interpreter.markers["python_full_version"]).base_version
            self._known[python] = Target(full, tags) if tags else None
        return self._known[python]

    def _tags(self, tool: PipTools) -> tuple[str, ...]:
        kept = self._kept(tool.python)
        if kept.exists():
            return tuple(kept.read_text(encoding="utf-8").split())
        words = [str(tool.python), "-m", "pip", "debug", "--verbose"]
        ran = self.guest.run(words, folder=tool.python.parent.parent, timeout_s=_ASK_TIMEOUT_S)
        listed = ran.output.partition("Compatible tags:")[2]
        tags = tuple(_TAG.findall(listed)) if ran.passed else ()
        if tags:
            kept.write_text("\n".join(tags), encoding="utf-8")
        return tags

    def _kept(self, python: Path) -> Path:
        system = hashlib.sha256("\n".join((platform.platform(), *platform.libc_ver())).encode()).hexdigest()[:12]
        return python.parent.parent / f"tags-{system}"
