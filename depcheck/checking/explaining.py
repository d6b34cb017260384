"""What a culprit's release took away: both releases unpacked as the guest, and compared in a process of its own."""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

import depcheck
from depcheck.checking.environment import Environment
from depcheck.checking.environments import UvEnvironments
from depcheck.checking.installed import OnDisk, module_name
from depcheck.checking.process import Guest
from depcheck.core.checks import Failure
from depcheck.core.distributions import with_dependents
from depcheck.core.environments import EnvironmentSpec
from depcheck.core.errors import DepcheckError
from depcheck.core.explanation import Found, Frame, Missed, Step, dropped_sentence, frames, sentence, sought
from depcheck.core.world import World
from depcheck.ports import Installed

TIMEOUT_S = 30.0
MOST_ANSWER_BYTES = 64 << 10
MOST_PLACES = 3000
_NOT_OURS = frozenset({".git", ".venv", "venv", "node_modules", "build", "dist"})

Place = tuple[str, str, int]  # a file, how it is called for people, the traceback's line or 0


@dataclass(frozen=True, slots=True)
class GuestExplainer:
    """Adapter of `ports.Explainer`. Silent (an empty string) wherever anything does not work out."""

    guest: Guest
    environments: UvEnvironments

    def explain(self, spec: EnvironmentSpec, installed: Installed, world: World, step: Step, failure: Failure) -> str:
        """One sentence for what the files of both releases, and of a dependent in `installed`, show."""
        wanted = sought(failure)
        if not isinstance(installed, Environment) or installed.failure or not (wanted or frames(failure)):
            return ""
        try:
            with TemporaryDirectory(dir=installed.folder, prefix="api-", ignore_cleanup_errors=True) as room:
                Path(room).chmod(0o755)
                answer = self._compared(spec, installed, world, step, failure, Path(room))
        except (DepcheckError, OSError):
            return ""
        return _said(step, answer)

    def _compared(  # noqa: PLR0913, PLR0917  # the port's arguments and a folder
        self, spec: EnvironmentSpec, installed: Environment, world: World, step: Step, failure: Failure, room: Path
    ) -> Any:  # noqa: ANN401  # a guest's answer is nothing that we know
        sides = {"good": room / "good", "bad": room / "bad"}
        for folder, version in zip(sides.values(), (step.last_good, step.first_bad), strict=True):
            folder.mkdir()
            if not self.environments.unpack(spec, world, f"{step.name}=={version}", folder):
                return None
        order = {
            **{side: str(folder) for side, folder in sides.items()},
            "sought": [[each.kind, each.owner, each.name] for each in sought(failure)],
            "dropped": {str(name): sorted(modules) for name, modules in step.dropped},
            "places": list(_places(installed, step, failure))[:MOST_PLACES],
        }
        ran = self.guest.run(
            [sys.executable, "-I", "-m", "depcheck.checking.api_diff"],
            folder=room,
            timeout_s=TIMEOUT_S,
            readable=(*_ours(), installed.folder),
            given=json.dumps(order).encode(),
        )
        return _read(ran.answer) if ran.passed else None


def _ours() -> tuple[Path, ...]:
    """Where our interpreter, this package and griffe are."""
    import griffe  # noqa: PLC0415  # slow to import, and few nights have anything to explain

    packages = [Path(module.__file__).parents[1] for module in (depcheck, griffe) if module.__file__]
    return (Path(sys.prefix), Path(sys.base_prefix), *packages)


def _read(answer: bytes) -> Any:  # noqa: ANN401
    try:
        return json.loads(answer) if len(answer) <= MOST_ANSWER_BYTES else None
    except (ValueError, RecursionError):
        return None


def _said(step: Step, answer: object) -> str:
    """The answer as a sentence; what has not the shape of an answer is none."""
    try:
        match answer:
            case {"imported": dict(imported)} if imported:
                known = {str(name) for name, _ in step.dropped}
                name, (path, line) = next((name, place) for name, place in imported.items() if name in known)
                requirement = next(each for each, _ in step.dropped if each == name)
                return dropped_sentence(step, requirement, str(path), int(line))
            case {
                "found": {"kind": kind, "owner": str(owner), "name": str(name), "path": str(path), "line": int(line)}
            }:
                return sentence(step, Found(Missed(str(kind)), owner, name, path, line))
    except (ValueError, TypeError, OverflowError, StopIteration):
        pass
    return ""


def _places(environment: Environment, step: Step, failure: Failure) -> Iterator[Place]:
    """The traceback's files, innermost first; those of the dependents; those of the repository. Never the culprit's."""
    source = environment.folder / "source"
    culprit = {m for each in environment.on_disk if each.distribution.name == step.name for m in each.modules}
    names = frozenset(each.distribution.name for each in environment.on_disk)
    dependents = with_dependents({step.name}, environment.distributions) & names - {step.name}
    seen = set()
    for path, shown, line in (
        *(place for frame in frames(failure) for place in _hinted(environment, source, frame)),
        *(
            place
            for each in environment.on_disk
            if each.distribution.name in dependents
            for place in _of(environment, each)
        ),
        *((str(path), path.relative_to(source).as_posix(), 0) for path in _walk(source)),
    ):
        if path not in seen and module_name(PurePosixPath(shown)) not in culprit:
            seen.add(path)
            yield path, shown, line


def _hinted(environment: Environment, source: Path, frame: Frame) -> Iterator[Place]:
    """The file of a frame as it is now: below site-packages, or in the repository by the longest end of its path."""
    parts = PurePosixPath(frame.path).parts
    if ".." in parts and frame.installed:
        return
    if frame.installed:
        yield from ((str(site / frame.path), frame.path, frame.line) for site in _sites(environment))
        return
    ends = (PurePosixPath(*parts[start:]) for start in range(len(parts)) if ".." not in parts[start:])
    for end in ends:
        if not end.is_absolute() and (source / end).is_file():
            yield str(source / end), end.as_posix(), frame.line
            return


def _of(environment: Environment, installed: OnDisk) -> Iterator[Place]:
    """The source files of an installed distribution."""
    for site in _sites(environment):
        for module in installed.modules:
            stem = module.replace(".", "/")
            for shown in (f"{stem}/__init__.py", f"{stem}.py"):
                if (site / shown).is_file():
                    yield str(site / shown), shown, 0


def _sites(environment: Environment) -> list[Path]:
    return list((environment.folder / "venv").glob("lib/*/site-packages"))


def _walk(source: Path) -> Iterator[Path]:
    for path in sorted(source.rglob("*.py")):
        if _NOT_OURS.isdisjoint(path.relative_to(source).parts) and path.is_file():
            yield path
