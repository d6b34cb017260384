"""Interpreters of the versions that lockfiles are for: found on this machine, or fetched by uv."""

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from packaging.version import InvalidVersion, Version
from uv import find_uv_bin

from depcheck.checking.acquaintance import Acquaintance
from depcheck.checking.process import run_own
from depcheck.core.errors import InterpreterMissingError

ASK_TIMEOUT_S, FETCH_TIMEOUT_S = 30, 300
FETCH_FOLDER = "depcheck-pythons"
# Works from Python 3.6 on. The keys of "markers" are those of packaging.markers.default_environment().
QUESTION = """
import json, os, platform, sys
implementation = sys.implementation.version
kind = "" if implementation.releaselevel == "final" else implementation.releaselevel[0] + str(implementation.serial)
bundled = os.path.join(os.path.dirname(os.__file__), "ensurepip", "_bundled")
print(json.dumps({
    "path": os.path.realpath(sys.executable), "prefix": sys.base_prefix,
    "bundled": [os.path.join(bundled, name) for name in (os.listdir(bundled) if os.path.isdir(bundled) else ())],
    "markers": {
        "implementation_name": sys.implementation.name,
        "implementation_version": "{0.major}.{0.minor}.{0.micro}".format(implementation) + kind,
        "os_name": os.name, "platform_machine": platform.machine(), "platform_release": platform.release(),
        "platform_system": platform.system(), "platform_version": platform.version(),
        "python_full_version": platform.python_version(),
        "platform_python_implementation": platform.python_implementation(),
        "python_version": ".".join(platform.python_version_tuple()[:2]), "sys_platform": sys.platform}}))
"""


@dataclass(frozen=True, slots=True)
class Interpreter:
    """An interpreter, by its real path. `markers` is its marker environment, without `extra`.

    `setuptools` is the wheel that `python -m venv` would install beside pip (before 3.12), None where there is none.
    `complete` is false for a distribution's cut-down interpreter, which has no ensurepip.
    """

    path: Path
    prefix: Path
    markers: Mapping[str, str]
    setuptools: Path | None
    complete: bool = True


@dataclass(frozen=True, slots=True)
class Interpreters:
    """Finds interpreters: on the PATH, of pyenv, of uv, and at last by fetching one with uv into `folder`.

    `outer` are our own environment variables. Each version is looked for once.
    """

    outer: Mapping[str, str]
    folder: Path
    _found: dict[str, Interpreter] = field(default_factory=dict)

    def find(self, python: str) -> Path:
        """The real path of an interpreter `python` ("3.10").

        Raises:
            InterpreterMissingError: There is none here and none could be fetched.
        """
        return self.about(python).path

    def about(self, python: str) -> Interpreter:
        """The interpreter `python` ("3.10") and what it says of itself; raises as `find` does."""
        if python not in self._found:
            self._found[python] = self._look(python)
        return self._found[python]

    @property
    def roots(self) -> tuple[Path, ...]:
        """Where interpreters live: the guest must be able to read these."""
        return (_pyenv(self.outer), self.folder, *(found.prefix for found in self._found.values()))

    def _look(self, python: str) -> Interpreter:
        spare = None
        for path in self._candidates(python):
            answer = self._ask(path, python)
            if answer is None:
                continue
            if answer.complete:
                return answer
            spare = spare or answer
        if spare:
            return spare
        for path in self._of_uv("install", python):
            answer = self._ask(path, python)
            if answer is not None:
                return answer
        raise InterpreterMissingError(
            f"Python {python} is not on this machine: python{python} is not on the PATH, pyenv "
            f"({_pyenv(self.outer)}) has no {python}, uv has none and could not fetch one. "
            f"Install it (uv python install {python}), or name another with --python."
        )

    def _candidates(self, python: str) -> Iterator[Path]:
        for folder in self.outer.get("PATH", "").split(os.pathsep):
            found = shutil.which(f"python{python}", path=folder)
            if found and Path(folder).name != "shims":  # pyenv's shims answer for whatever folder they are run in
                yield Path(found)
        yield from _of_pyenv(_pyenv(self.outer), python)
        yield from self._of_uv("find", python)

    def _ask(self, path: Path, python: str) -> Interpreter | None:
        """What the interpreter says of itself; None where it does not start or is of another version."""
        known = Acquaintance(self.folder / "known")
        told = known.recall(path)
        if told is None:
            ran = run_own(
                [str(path), "-I", "-c", QUESTION], folder=Path("/"), timeout_s=ASK_TIMEOUT_S, outer=self.outer
            )
            if not ran.passed:
                return None
            told = json.loads(ran.answer)
            known.keep(path, told)
        return _understood(told) if told["markers"]["python_version"] == python else None

    def _of_uv(self, action: str, python: str) -> Iterator[Path]:
        env = {"UV_PYTHON_INSTALL_DIR": str(self.folder), "UV_PYTHON_INSTALL_BIN": "0"} if action == "install" else {}
        uv = [find_uv_bin(), "python", "--no-config"]
        if action == "install":
            run_own([*uv, action, python], folder=Path("/"), timeout_s=FETCH_TIMEOUT_S, outer=self.outer, env=env)
            env["UV_PYTHON_PREFERENCE"] = "only-managed"
        argv = [*uv, "find", "--no-python-downloads", "--no-project", python]
        ran = run_own(argv, folder=Path("/"), timeout_s=ASK_TIMEOUT_S, outer=self.outer, env=env)
        if ran.passed:
            yield Path(ran.answer.decode(errors="replace").strip())


def _pyenv(outer: Mapping[str, str]) -> Path:
    return Path(outer.get("PYENV_ROOT") or Path(outer.get("HOME", "/nonexistent"), ".pyenv"))


def _of_pyenv(root: Path, python: str) -> list[Path]:
    """The interpreters of pyenv's versions folder, the newest patch release first."""

    def patch(path: Path) -> Version:
        try:
            return Version(path.parent.parent.name)
        except InvalidVersion:
            return Version("0")

    return sorted(root.glob(f"versions/{python}*/bin/python{python}"), key=patch, reverse=True)


def _understood(told: Mapping[str, Any]) -> Interpreter:
    bundled = [Path(wheel) for wheel in told["bundled"]]
    wheels = sorted(wheel for wheel in bundled if wheel.name.startswith("setuptools-"))
    return Interpreter(
        Path(told["path"]), Path(told["prefix"]), told["markers"], wheels[-1] if wheels else None, bool(bundled)
    )
