"""The compilers' own environments: one pip-tools for each interpreter, built once and kept in the cache."""

import hashlib
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

from packaging.version import Version
from uv import find_uv_bin

from depcheck.checking.process import run_own
from depcheck.core.errors import DepcheckError, IndexUnavailableError

# The newest pip-tools for each interpreter, with the newest pip that it works with: pip-tools uses pip's internals,
# so an unpinned pair breaks by itself (pip-tools 6.14.0 installs beside pip 23.2 and does not start).
_PAIRS = {
    "3.6": ("pip-tools==6.4.0", "pip==21.3.1", "setuptools==57.5.0"),
    "3.7": ("pip-tools==6.14.0", "pip==23.1.2"),
    "3.8": ("pip-tools==7.5.2", "pip==25.0.1"),
    "3.9": ("pip-tools==7.6.2", "pip==26.0.1"),
}
# Beside setuptools and wheel, pip < 25.3 builds old source distributions with these instead of what the index shows.
# pip 21 needs them for every such build; there it is the last setuptools that still converts Python 2 code.
_IN_THE_WAY = ("setuptools", "wheel")
_NEWEST = ("pip-tools==7.6.2", "pip==26.3")
# pip 24.1 refuses releases whose metadata breaks PEP 440 or 508 ("click>=7.*"); lockfiles may pin such ones.
_LENIENT_PIP = "pip==24.0"
_REFUSES_FROM = Version("24.1")
_BUILD_TIMEOUT_S = 300


@dataclass(frozen=True, slots=True)
class PipTools:
    """An environment with pip-tools in it."""

    python: Path
    version: str


@dataclass(frozen=True, slots=True)
class Toolbox:
    """Makes and keeps the environments. Only wheels are installed, so nothing of a package runs."""

    folder: Path
    index_url: Callable[[], str]
    outer: Mapping[str, str]
    building: Lock = field(default_factory=Lock)

    def pip_tools(self, interpreter: Path, python: str, *, lenient: bool = False) -> PipTools:
        """pip-tools for `interpreter`, which is a Python `python` ("3.10"). Builds it the first time: about 5 s.

        `lenient`: with the last pip that takes metadata which breaks the standards.

        Raises:
            IndexUnavailableError: It could not be installed from the index.
        """
        pair = _lenient(_PAIRS.get(python, _NEWEST)) if lenient else _PAIRS.get(python, _NEWEST)
        key = hashlib.sha256("\n".join([str(interpreter.resolve()), python, *pair]).encode()).hexdigest()[:12]
        home = self.folder / f"pip-tools-{python}-{key}"
        with self.building:
            if not (home / "complete").exists():
                self._build(interpreter, pair, home)
        return PipTools(home / "bin" / "python", pair[0].partition("==")[2])

    def _build(self, interpreter: Path, pair: tuple[str, ...], home: Path) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(home, ignore_errors=True)
        self._uv("venv", "--python", str(interpreter), str(home))
        python = str(home / "bin" / "python")
        wheels = ("--only-binary", ":all:", "--index-url", self.index_url(), "--link-mode", "copy")
        self._uv("pip", "install", "--python", python, *wheels, *pair)
        if not any(line.startswith("setuptools") for line in pair):
            self._uv("pip", "uninstall", "--python", python, *_IN_THE_WAY)
        (home / "complete").touch()

    def _uv(self, *words: str) -> None:
        with tempfile.TemporaryDirectory(dir=self.folder) as cache:
            argv = [find_uv_bin(), "--no-config", "--quiet", "--cache-dir", cache, *words]
            ran = run_own(argv, folder=self.folder, timeout_s=_BUILD_TIMEOUT_S, outer=self.outer)
        if ran.passed:
            return
        last = ran.output.strip().splitlines()[-1:] or [f"uv ended with status {ran.exit_status} and said nothing"]
        if words[0] == "venv":
            raise DepcheckError(f"An environment for pip-tools could not be made: {last[0]}.")
        raise IndexUnavailableError(f"pip-tools could not be installed from the index: {last[0]}. Try again later.")


def _lenient(pair: tuple[str, ...]) -> tuple[str, ...]:
    strict = Version(pair[1].partition("==")[2]) >= _REFUSES_FROM
    return (pair[0], _LENIENT_PIP, *pair[2:]) if strict else pair
