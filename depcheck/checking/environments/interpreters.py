"""Find interpreters on this machine, or fetch them with uv.

Starting an interpreter to query it takes longer than a run without changes.
"""

import hashlib
import json
import os
import platform
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from packaging.version import InvalidVersion, Version
from uv import find_uv_bin

from depcheck.checking.sandbox.guest import run_trusted_command
from depcheck.checking.sandbox.open_copies import copy_interpreter_openly
from depcheck.checking.sandbox.policy import is_readable_by_others
from depcheck.core.model.errors import InterpreterMissingError
from depcheck.stored_files import write_atomically


@dataclass(frozen=True, slots=True)
class InterpreterCache:
    """A folder of interpreter answers that runs may share.

    Each answer is for one program as it is on this system now. A program is the same if its real path, size
    and time are, and those of the folder that tells if it is complete. An answer for another path than the
    requested one is ignored, whatever process wrote it.
    """

    folder: Path

    def load_answer(self, program: Path) -> dict[str, Any] | None:
        """Load the answer of `program`.

        None if it is unknown or outdated.
        """
        try:
            told = json.loads(self._get_entry_path(program).read_bytes())
            same = told["seen"] == self._read_fingerprint(program, told["answer"]) and told["answer"]["path"] == str(
                program.resolve()
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None
        answer: dict[str, Any] = told["answer"]
        return answer if same else None

    def save_answer(self, program: Path, answer: dict[str, Any]) -> None:
        """Save the answer of `program`.

        Errors are ignored; the program is then queried again.
        """
        with suppress(OSError):
            content = json.dumps({"seen": self._read_fingerprint(program, answer), "answer": answer})
            write_atomically(self._get_entry_path(program), content.encode())

    def _get_entry_path(self, program: Path) -> Path:
        system = (str(program), str(program.resolve()), platform.release(), platform.version(), platform.machine())
        return self.folder / f"{hashlib.sha256(repr(system).encode()).hexdigest()[:24]}.json"

    @staticmethod
    def _read_fingerprint(program: Path, answer: dict[str, Any]) -> list[int]:
        """Read the sizes and times that show if an interpreter has changed.

        Covers the program and the folder of its bundled wheels.
        """
        bundled = Path(answer["bundled"][0]).parent if answer["bundled"] else None
        stats = [path.stat() for path in (program.resolve(), bundled) if path is not None]
        return [value for stat in stats for value in (stat.st_size, stat.st_mtime_ns)]


QUERY_TIMEOUT_S, FETCH_TIMEOUT_S = 30, 300
# Works from Python 3.6 on. The keys of "markers" are those of packaging.markers.default_environment().
QUERY_SCRIPT = """
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
    """An interpreter, by its real path.

    `markers` is its marker environment, without `extra`. `setuptools_wheel` is the wheel that `python -m
    venv` would install beside pip (before 3.12), or None. `is_complete` is False for a distribution's
    reduced interpreter, which has no ensurepip.
    """

    path: Path
    prefix: Path
    markers: Mapping[str, str]
    setuptools_wheel: Path | None
    is_complete: bool = True


@dataclass(frozen=True, slots=True)
class InterpreterFinder:
    """Finds interpreters on the PATH, in pyenv, and with uv.

    At last, fetches one with uv into `folder`. `host_environ` holds this process's environment variables.
    Each version is searched once. One that other users cannot read is copied to `open_folder`, if there is one.
    """

    host_environ: Mapping[str, str]
    folder: Path
    open_folder: Path | None = None
    _interpreters: dict[str, Interpreter] = field(default_factory=dict)

    def find_path(self, python: str) -> Path:
        """Return the real path of an interpreter `python` ("3.10").

        Raises:
            InterpreterMissingError: There is none here and none could be fetched.
        """
        return self.get_interpreter(python).path

    def get_interpreter(self, python: str) -> Interpreter:
        """Return the interpreter `python` ("3.10") with its metadata.

        Raises:
            InterpreterMissingError: There is none here and none could be fetched.
        """
        if python not in self._interpreters:
            self._interpreters[python] = self._open_to_others(self._find_interpreter(python))
        return self._interpreters[python]

    def get_own_interpreter(self) -> Interpreter:
        """Return the interpreter that runs this program, for guests to start.

        Raises as `get_interpreter` does.
        """
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        own = self._query_interpreter(Path(sys.executable), version)
        return self._open_to_others(own) if own else self.get_interpreter(version)

    def _open_to_others(self, found: Interpreter) -> Interpreter:
        if self.open_folder is None or is_readable_by_others(found.path) or not found.path.is_relative_to(found.prefix):
            return found
        prefix = copy_interpreter_openly(found.path, found.prefix, self.open_folder)
        wheel = found.setuptools_wheel
        moved = prefix / wheel.relative_to(found.prefix) if wheel and wheel.is_relative_to(found.prefix) else wheel
        path = prefix / found.path.relative_to(found.prefix)
        return replace(found, path=path, prefix=prefix, setuptools_wheel=moved)

    @property
    def roots(self) -> tuple[Path, ...]:
        """The folders of interpreters, which the guest must be able to read."""
        return (
            _get_pyenv_root(self.host_environ),
            self.folder,
            *(found.prefix for found in self._interpreters.values()),
        )

    def _find_interpreter(self, python: str) -> Interpreter:
        spare = None
        for path in self._list_candidates(python):
            answer = self._query_interpreter(path, python)
            if answer is None:
                continue
            if answer.is_complete:
                return answer
            spare = spare or answer
        if spare:
            return spare
        for path in self._find_with_uv("install", python):
            answer = self._query_interpreter(path, python)
            if answer is not None:
                return answer
        raise InterpreterMissingError(
            f"Python {python} is not on this machine: python{python} is not on the PATH, pyenv "
            f"({_get_pyenv_root(self.host_environ)}) has no {python}, uv has none and could not fetch one. "
            f"Install it (uv python install {python}), or name another with --python."
        )

    def _list_candidates(self, python: str) -> Iterator[Path]:
        for folder in self.host_environ.get("PATH", "").split(os.pathsep):
            found = shutil.which(f"python{python}", path=folder)
            if found and Path(folder).name != "shims":  # pyenv's shims answer for whatever folder they are run in
                yield Path(found)
        yield from _list_pyenv_interpreters(_get_pyenv_root(self.host_environ), python)
        yield from self._find_with_uv("find", python)

    def _query_interpreter(self, path: Path, python: str) -> Interpreter | None:
        """Query the interpreter for its metadata, or load it from the cache.

        None if it does not start or is of another version.
        """
        known = InterpreterCache(self.folder / "known")
        told = known.load_answer(path)
        if told is None:
            ran = run_trusted_command(
                [str(path), "-I", "-c", QUERY_SCRIPT],
                folder=Path("/"),
                timeout_s=QUERY_TIMEOUT_S,
                outer=self.host_environ,
            )
            if not ran.is_success:
                return None
            told = json.loads(ran.answer)
            known.save_answer(path, told)
        return _parse_interpreter(told) if told["markers"]["python_version"] == python else None

    def _find_with_uv(self, action: str, python: str) -> Iterator[Path]:
        env = {"UV_PYTHON_INSTALL_DIR": str(self.folder), "UV_PYTHON_INSTALL_BIN": "0"} if action == "install" else {}
        uv = [find_uv_bin(), "python", "--no-config"]
        if action == "install":
            run_trusted_command(
                [*uv, action, python], folder=Path("/"), timeout_s=FETCH_TIMEOUT_S, outer=self.host_environ, env=env
            )
            env["UV_PYTHON_PREFERENCE"] = "only-managed"
        argv = [*uv, "find", "--no-python-downloads", "--no-project", python]
        ran = run_trusted_command(argv, folder=Path("/"), timeout_s=QUERY_TIMEOUT_S, outer=self.host_environ, env=env)
        if ran.is_success:
            yield Path(ran.answer.decode(errors="replace").strip())


def _get_pyenv_root(outer: Mapping[str, str]) -> Path:
    return Path(outer.get("PYENV_ROOT") or Path(outer.get("HOME", "/nonexistent"), ".pyenv"))


def _list_pyenv_interpreters(root: Path, python: str) -> list[Path]:
    """List the interpreters in pyenv's versions folder.

    The newest patch release comes first.
    """

    def patch(path: Path) -> Version:
        try:
            return Version(path.parent.parent.name)
        except InvalidVersion:
            return Version("0")

    return sorted(root.glob(f"versions/{python}*/bin/python{python}"), key=patch, reverse=True)


def _parse_interpreter(told: Mapping[str, Any]) -> Interpreter:
    bundled = [Path(wheel) for wheel in told["bundled"]]
    wheels = sorted(wheel for wheel in bundled if wheel.name.startswith("setuptools-"))
    return Interpreter(
        Path(told["path"]), Path(told["prefix"]), told["markers"], wheels[-1] if wheels else None, bool(bundled)
    )
