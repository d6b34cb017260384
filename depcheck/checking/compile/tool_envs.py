"""Create and cache one pip-tools environment per interpreter."""

import hashlib
import os
import platform
import re
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

from packaging.version import Version
from uv import find_uv_bin

from depcheck.checking.environments.interpreters import Interpreter
from depcheck.checking.sandbox.guest import Guest
from depcheck.checking.sandbox.policy import get_network_of_url
from depcheck.core.model.errors import DepcheckError, IndexUnavailableError
from depcheck.core.model.wheel_tags import InterpreterTarget
from depcheck.stored_files import write_atomically

# Each lockfile holds the newest pip-tools for its interpreter, with the newest pip that it works with, and all that
# they need, by hash: pip-tools uses pip's internals, so a pair that is not pinned breaks by itself (pip-tools 6.14.0
# installs beside pip 23.2 and does not start), and what is not pinned would be a stranger's code of this very minute.
# setuptools and wheel are left out where pip can do without: pip < 25.3 builds old source distributions with those
# beside it instead of what the index shows. pip 21 needs them for every such build; there it is the last setuptools
# that still converts Python 2 code. `scripts/lock-tools` writes these files.
LOCKS = Path(__file__).with_name("tool_locks")
_OLDER = ("3.6", "3.7", "3.8", "3.9")
# pip 24.1 refuses releases whose metadata breaks PEP 440 or 508 ("click>=7.*"); lockfiles may pin such ones. Older
# interpreters have an older pip anyway.
_ALWAYS_LENIENT = ("3.6", "3.7")
_VERSION = re.compile(r"^pip-tools==(\S+)", re.MULTILINE)
_OTHER_FILE = "Hash mismatch"  # as uv says that the index brings another file than the lockfile's
_BUILD_TIMEOUT_S = 300


@dataclass(frozen=True, slots=True)
class PipToolsEnvironment:
    """An environment in which pip-tools is installed."""

    python: Path
    version: str


@dataclass(frozen=True, slots=True)
class ToolEnvironments:
    """Makes and keeps the environments of the compilers, below `folder`.

    `placer` fills them, a user who is not root and runs none of what is in them; then they are ours, and guests read
    them. Only wheels that a lockfile of this package names by hash are installed. `spare_url` gives another index for
    these tools, for where the environment's own does not have them.
    """

    folder: Path
    index_url: Callable[[], str]
    placer: Guest
    build_lock: Lock = field(default_factory=Lock)
    spare_url: Callable[[], str] | None = None

    def get_pip_tools(self, interpreter: Path, python: str, *, lenient: bool = False) -> PipToolsEnvironment:
        """Return pip-tools for `interpreter`, which is a Python `python` ("3.10").

        It is built the first time, which takes about 5 s. `lenient`: with the last pip that takes metadata which
        breaks the standards.

        Raises:
            IndexUnavailableError: It could not be installed from the index.
        """
        lock = choose_tool_lock(python, lenient=lenient)
        text = lock.read_text(encoding="utf-8")
        key = hashlib.sha256("\n".join([str(interpreter.resolve()), python, text]).encode()).hexdigest()[:12]
        home = self.folder / f"pip-tools-{python}-{key}"
        with self.build_lock:
            if not (home / "complete").exists():
                self._build_environment(interpreter, lock, home)
        return PipToolsEnvironment(home / "bin" / "python", _VERSION.findall(text)[0])

    def _build_environment(self, interpreter: Path, lock: Path, home: Path) -> None:
        """Build it beside its place and move it there whole.

        Other runs share the folder.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        half = self.folder / f".{home.name}-{os.getpid()}"
        for place in (half, home):  # what is there is not complete
            shutil.rmtree(place, ignore_errors=True)
        half.mkdir(mode=0o755)
        self.placer.take_ownership(half)
        url = self.index_url()
        words = ["venv", "--allow-existing", "--relocatable", "--python", str(interpreter), str(half)]
        self._run_uv(interpreter, half, words, url)
        try:
            self._install_tools(interpreter, half, lock, url)
        except IndexUnavailableError:  # a company's index need not have them
            if self.spare_url is None:
                raise
            self._install_tools(interpreter, half, lock, self.spare_url())
        self.placer.take_back(half)
        (half / "complete").touch()
        try:
            half.rename(home)
        except OSError:  # another run was faster
            shutil.rmtree(half, ignore_errors=True)

    def _install_tools(self, interpreter: Path, home: Path, lock: Path, url: str) -> None:
        words = ["pip", "install", "--python", str(home / "bin" / "python"), "--index-url", url]
        words += ["--no-deps", "--require-hashes", "--only-binary", ":all:", "--link-mode", "copy"]
        self._run_uv(interpreter, home, [*words, "--requirement", str(lock)], url)

    def _run_uv(self, interpreter: Path, home: Path, words: Sequence[str], url: str) -> None:
        uv = Path(find_uv_bin())
        ran = self.placer.run(
            [str(uv), *words, "--no-config", "--quiet", "--no-cache", "--no-python-downloads"],
            folder=home,
            timeout_s=_BUILD_TIMEOUT_S,
            network=get_network_of_url(url),
            readable=(uv.parent, LOCKS, interpreter.parent.parent),
        )
        if ran.is_success:
            return
        lines = ran.output.strip().splitlines() or [f"uv ended with status {ran.exit_status} and said nothing"]
        last = next((line[line.index(_OTHER_FILE) :] for line in lines if _OTHER_FILE in line), lines[-1])
        if words[0] == "venv":
            raise DepcheckError(f"An environment for pip-tools could not be made: {last}.")
        raise IndexUnavailableError(f"pip-tools could not be installed from the index: {last}. Try again later.")


def choose_tool_lock(python: str, *, lenient: bool) -> Path:
    """Return the lockfile of the compiler's environment for a Python `python` ("3.10")."""
    name = python if python in _OLDER else "newest"
    return LOCKS / f"{name}{'-lenient' if lenient and name not in _ALWAYS_LENIENT else ''}.txt"


_TAGS_TIMEOUT_S = 60
_TAG_LINE = re.compile(r"^  (\S+-\S+-\S+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class TargetFinder:
    """Finds the install targets of this run's interpreters.

    `get_interpreter` finds the interpreter for "3.10". The tags are cached beside the pip-tools environment
    that printed them: they hold for this interpreter on this system.
    """

    guest: Guest
    toolbox: ToolEnvironments
    get_interpreter: Callable[[str], Interpreter]
    _targets: dict[str, InterpreterTarget | None] = field(default_factory=dict)

    def find_target(self, python: str) -> InterpreterTarget | None:
        """Return the target of the interpreter `python` ("3.10").

        None if its pip does not list its tags.
        """
        if python not in self._targets:
            interpreter = self.get_interpreter(python)
            tags = self._read_tags(self.toolbox.get_pip_tools(interpreter.path, python))
            full = Version(interpreter.markers["python_full_version"]).base_version
            self._targets[python] = InterpreterTarget(full, tags) if tags else None
        return self._targets[python]

    def _read_tags(self, tool: PipToolsEnvironment) -> tuple[str, ...]:
        kept = self._get_tags_path(tool.python)
        if kept.exists():
            return tuple(kept.read_text(encoding="utf-8").split())
        words = [str(tool.python), "-m", "pip", "debug", "--verbose"]
        ran = self.guest.run(words, folder=tool.python.parent.parent, timeout_s=_TAGS_TIMEOUT_S)
        listed = ran.output.partition("Compatible tags:")[2]
        tags = tuple(_TAG_LINE.findall(listed)) if ran.is_success else ()
        if tags:
            write_atomically(kept, "\n".join(tags).encode())
        return tags

    def _get_tags_path(self, python: Path) -> Path:
        system = hashlib.sha256("\n".join((platform.platform(), *platform.libc_ver())).encode()).hexdigest()[:12]
        return python.parent.parent / f"tags-{system}"
