"""Explain what a culprit's release removed.

The guest unpacks both releases and compares them in its own process.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

from depcheck.checking.environments.environment import VirtualEnvironment
from depcheck.checking.environments.read_installed import InstalledDistribution, to_module_name
from depcheck.checking.environments.uv_builder import UvEnvironmentBuilder
from depcheck.checking.explain.own_program import build_own_program
from depcheck.checking.sandbox.guest import Guest
from depcheck.core.lockfiles.spec import EnvironmentSpec
from depcheck.core.model.checks import Failure
from depcheck.core.model.errors import DepcheckError
from depcheck.core.model.index_view import IndexView
from depcheck.core.model.installed import add_dependents
from depcheck.core.tool_output.api_errors import (
    ApiChange,
    ApiChangeKind,
    ReleaseStep,
    TracebackFrame,
    find_missing_symbols,
    find_named_words,
    format_api_change,
    format_definition,
    format_dropped_requirement,
    format_other_uses,
    format_place,
    is_test_path,
    parse_traceback_frames,
)
from depcheck.ports import InstalledEnvironment

TIMEOUT_S = 120.0
MOST_ANSWER_BYTES = 64 << 10
MOST_SUSPECT_FILES = 3000
_PACKAGES = ("depcheck", "griffe", "packaging", "typing_extensions")
_SKIPPED_FOLDERS = frozenset({".git", ".venv", "venv", "node_modules", "build", "dist"})

# a file, how it is called for people, the traceback's line or 0, and whether it is the repository's and no test
SuspectFile = tuple[str, str, int, bool]


@dataclass(frozen=True, slots=True)
class GuestExplainer:
    """Adapter of `ports.Explainer`.

    Returns an empty string whenever a step does not succeed.
    """

    guest: Guest
    environments: UvEnvironmentBuilder

    def explain_failure(
        self,
        spec: EnvironmentSpec,
        installed: InstalledEnvironment,
        world: IndexView,
        step: ReleaseStep,
        failure: Failure,
    ) -> str:
        """Return a sentence that links the failure to a changed name.

        It is based only on the files of both releases and of a dependent in `installed`. If those show nothing, it
        names the innermost line outside of the culprit. Empty if there is none.
        """
        wanted = find_missing_symbols(failure)
        if (
            not isinstance(installed, VirtualEnvironment)
            or installed.failure
            or not (wanted or parse_traceback_frames(failure))
        ):
            return ""
        try:
            with TemporaryDirectory(dir=installed.folder, prefix="api-", ignore_cleanup_errors=True) as room:
                Path(room).chmod(0o755)
                answer = self._compare_unpacked(spec, installed, world, step, failure, Path(room))
        except (DepcheckError, OSError):
            answer = None
        return _to_sentence(step, answer) or _describe_innermost_place(installed, step, failure)

    def _compare_unpacked(  # noqa: PLR0913, PLR0917  # the port's arguments and a folder
        self,
        spec: EnvironmentSpec,
        installed: VirtualEnvironment,
        world: IndexView,
        step: ReleaseStep,
        failure: Failure,
        room: Path,
    ) -> Any:  # noqa: ANN401  # a guest's answer is nothing that we know
        sides = {"good": room / "good", "bad": room / "bad"}
        for folder, version in zip(sides.values(), (step.last_good, step.first_bad), strict=True):
            folder.mkdir()
            if not self.environments.unpack_release(spec, world, f"{step.name}=={version}", folder):
                return None
        order = {
            **{side: str(folder) for side, folder in sides.items()},
            "sought": [[each.kind, each.owner, each.name] for each in find_missing_symbols(failure)],
            "dropped": {str(name): sorted(modules) for name, modules in step.dropped_requirements},
            "words": find_named_words(failure),
            "places": list(_list_suspect_files(installed, step, failure))[:MOST_SUSPECT_FILES],
        }
        program = build_own_program(self.environments.interpreters, "depcheck.checking.explain.api_diff", _PACKAGES)
        ran = self.guest.run(
            list(program.argv),
            folder=room,
            timeout_s=TIMEOUT_S,
            readable=(*program.readable, installed.folder),
            given=json.dumps(order).encode(),
        )
        return _parse_answer(ran.answer) if ran.is_success else None


def _parse_answer(answer: bytes) -> Any:  # noqa: ANN401
    try:
        return json.loads(answer) if len(answer) <= MOST_ANSWER_BYTES else None
    except (ValueError, RecursionError):
        return None


def _to_sentence(step: ReleaseStep, answer: object) -> str:
    """Turn the guest's answer into a sentence.

    Empty for an answer that does not have the expected shape.
    """
    try:
        match answer:
            case {"imported": dict(imported)} if imported:
                known = {str(name) for name, _ in step.dropped_requirements}
                name, (path, line) = next((name, place) for name, place in imported.items() if name in known)
                requirement = next(each for each, _ in step.dropped_requirements if each == name)
                return format_dropped_requirement(step, requirement, str(path), int(line))
            case {"found": {**found}}:
                kind, owner, name, path, detail = (
                    str(found[key]) for key in ("kind", "owner", "name", "path", "detail")
                )
                change = ApiChange(ApiChangeKind(kind), owner, name, path, int(str(found["line"])), detail)
                return f"{format_api_change(step, change)}{_format_other_uses(answer)}"
            case {"defined": [str(path), int(line), str(name)]}:
                return format_definition(step, name, path, line)
    except (ValueError, TypeError, KeyError, OverflowError, StopIteration):
        pass
    return ""


def _format_other_uses(answer: object) -> str:
    uses = answer.get("uses", []) if isinstance(answer, dict) else []
    return format_other_uses([(str(path), int(line)) for path, line in uses])


def _list_suspect_files(environment: VirtualEnvironment, step: ReleaseStep, failure: Failure) -> Iterator[SuspectFile]:
    """List the files that may use what was removed, most suspicious first.

    Order: the traceback's files, innermost first; those of the dependents; those of the repository. Never
    the culprit's own.
    """
    source = environment.folder / "source"
    culprit = _list_own_modules(environment, step)
    names = frozenset(each.distribution.name for each in environment.installed_distributions)
    dependents = add_dependents({step.name}, environment.distributions) & names - {step.name}
    seen = set()
    for path, shown, line, own in (
        *(place for frame in parse_traceback_frames(failure) for place in _locate_frame(environment, source, frame)),
        *(
            place
            for each in environment.installed_distributions
            if each.distribution.name in dependents
            for place in _list_distribution_files(environment, each)
        ),
        *_list_source_files(source),
    ):
        if path not in seen and to_module_name(PurePosixPath(shown)) not in culprit:
            seen.add(path)
            yield path, shown, line, own


def _list_own_modules(environment: VirtualEnvironment, step: ReleaseStep) -> set[str]:
    return {
        m for each in environment.installed_distributions if each.distribution.name == step.name for m in each.modules
    }


def _describe_innermost_place(environment: VirtualEnvironment, step: ReleaseStep, failure: Failure) -> str:
    """Describe the innermost line of the traceback outside of the culprit.

    The repository's own comes first, and its tests last.
    """
    culprit, source = _list_own_modules(environment, step), environment.folder / "source"
    frames = parse_traceback_frames(failure)
    found = [
        (shown, line, own)
        for frame in frames
        for path, shown, line, own in _locate_frame(environment, source, frame)
        if Path(path).is_file() and to_module_name(PurePosixPath(shown)) not in culprit and not frame.is_installed
    ]
    shown, line, _ = next((each for each in found if each[2]), found[0] if found else ("", 0, False))
    return format_place(step, shown, line)


def _locate_frame(environment: VirtualEnvironment, source: Path, frame: TracebackFrame) -> Iterator[SuspectFile]:
    """Locate the file of a traceback frame on disk.

    Below site-packages, or in the repository by the longest matching end of its path.
    """
    parts = PurePosixPath(frame.path).parts
    if ".." in parts and frame.is_installed:
        return
    if frame.is_installed:
        sites = _find_site_packages(environment)
        yield from ((str(site / frame.path), frame.path, frame.line, False) for site in sites)
        return
    ends = (PurePosixPath(*parts[start:]) for start in range(len(parts)) if ".." not in parts[start:])
    for end in ends:
        if not end.is_absolute() and (source / end).is_file():
            yield str(source / end), end.as_posix(), frame.line, not is_test_path(end.as_posix())
            return


def _list_distribution_files(
    environment: VirtualEnvironment, installed: InstalledDistribution
) -> Iterator[SuspectFile]:
    """List the source files of an installed distribution."""
    for site in _find_site_packages(environment):
        for module in installed.modules:
            stem = module.replace(".", "/")
            for shown in (f"{stem}/__init__.py", f"{stem}.py"):
                if (site / shown).is_file():
                    yield str(site / shown), shown, 0, False


def _find_site_packages(environment: VirtualEnvironment) -> list[Path]:
    return list((environment.folder / "venv").glob("lib/*/site-packages"))


def _list_source_files(source: Path) -> Iterator[SuspectFile]:
    """List the repository's files, those that are no tests first."""
    files = [(path, path.relative_to(source).as_posix()) for path in _walk_sources(source)]
    for path, shown in sorted(files, key=lambda each: is_test_path(each[1])):
        yield str(path), shown, 0, not is_test_path(shown)


def _walk_sources(source: Path) -> Iterator[Path]:
    for path in sorted(source.rglob("*.py")):
        if _SKIPPED_FOLDERS.isdisjoint(path.relative_to(source).parts) and path.is_file():
            yield path
