"""Two commands that show the failure on any machine with uv, in a checkout of the repository.

They are made of names and versions that have the shape of such, of quoted paths, and of the check's own command.
"""

import re
import shlex
from collections.abc import Iterator, Mapping

from packaging.utils import is_normalized_name
from packaging.version import InvalidVersion, Version

from depcheck.core.checks import Kind, Outcome
from depcheck.core.report import CheckReport, Culprit, EnvironmentReport, Status

PLACE = "/tmp/reproduce"  # noqa: S108  # on the reader's machine
_MODULE = re.compile(r"[A-Za-z_]\w*(?:\.\w+)*", re.ASCII)
_PYTHON = re.compile(r"[23]\.\d{1,2}")
_DROPPED = re.compile(r"no longer requires ([a-z0-9][a-z0-9-]*)")  # as `core.explanation` says it
_JUDGED = frozenset({Status.BREAKS, Status.BASELINE_BROKEN})


def commands(environment: EnvironmentReport) -> tuple[str, str] | None:
    """First: an environment with what is committed. Second: the guilty releases on top, and the check that fails.

    None where nothing was installed, or where the report holds what has no place in a command.
    """
    if environment.status not in _JUDGED or not environment.lockfiles or not _PYTHON.fullmatch(environment.python):
        return None
    culprit = environment.culprits[0] if environment.culprits else None
    if culprit is None and environment.status is Status.BREAKS:
        return None
    pins = _pins(environment, culprit) if culprit else []
    command = _command(environment, culprit)
    if pins is None or command is None:
        return None
    fresh = f"uv venv --clear --python {environment.python} {PLACE}"
    listed = " ".join((*_listed(environment), *_own(environment)))
    if culprit and culprit.build:
        return fresh, _built(listed, pins)
    return f"{fresh} && {_install()} --no-deps {listed}", " && ".join(
        _steps(pins, _gone(environment, culprit), environment.setup, command)
    )


def _listed(environment: EnvironmentReport) -> list[str]:
    """The committed lockfiles; where nothing is locked, the releases of the earlier resolution by name."""
    if all(lockfile.locked for lockfile in environment.lockfiles):
        return [f"-r {shlex.quote(lockfile.path)}" for lockfile in environment.lockfiles]
    pins = {**environment.fresh, **{each.name: each.before for each in environment.changes}}
    return _exact(pins)


def _own(environment: EnvironmentReport) -> list[str]:
    """The repository's own package, and what it requires beyond the pins."""
    place = "-e ." if environment.editable else "."
    return [*_exact(environment.beside), *([place] if environment.project else [])]


def _exact(pins: Mapping[str, str | None]) -> list[str]:
    good = {name: version for name, version in pins.items() if version and is_normalized_name(name)}
    return [shlex.quote(f"{name}=={version}") for name, version in sorted(good.items()) if _is_version(version)]


def _install() -> str:
    return f"uv pip install --python {PLACE}"


def _steps(pins: list[str], gone: list[str], setup: str, command: str) -> Iterator[str]:
    if pins:
        yield f"{_install()} --no-deps {' '.join(map(shlex.quote, pins))}"
    if gone:
        yield f"uv pip uninstall --python {PLACE} {' '.join(gone)}"
    if command:
        told = [_shell(each) for each in (setup, command) if each]
        yield f"(. {PLACE}/bin/activate; {'; '.join(told)})"


def _built(listed: str, pins: list[str]) -> str:
    file = f"{PLACE}/build-requirements.txt"
    asked = " ".join(map(shlex.quote, pins))
    return f"printf '%s\\n' {asked} > {file} && {_install()} --no-deps --no-cache --build-constraints {file} {listed}"


def _pins(environment: EnvironmentReport, culprit: Culprit) -> list[str] | None:
    """The first bad releases, and the companions as the fresh set has them."""
    along = {name: environment.fresh.get(name, "") for name in culprit.companions if name not in culprit.first_bad}
    pairs = [*culprit.first_bad.items(), *((name, version) for name, version in along.items() if version)]
    pins = [f"{name}=={version}" for name, version in pairs if is_normalized_name(name) and _is_version(version)]
    return pins if pins and len(pins) == len(pairs) else None


def _gone(environment: EnvironmentReport, culprit: Culprit | None) -> list[str]:
    """What the culprits no longer bring along, and nothing else does: the fresh set is without it."""
    said = set(_DROPPED.findall(culprit.explanation)) if culprit else set()
    removed = {each.name for each in environment.changes if each.after is None}
    return sorted(name for name in said & removed if is_normalized_name(name))


def _is_version(text: str) -> bool:
    try:
        return bool(Version(text))
    except InvalidVersion:
        return False


def _command(environment: EnvironmentReport, culprit: Culprit | None) -> str | None:
    """The check that fails; empty where installing does."""
    checks = environment.checks.candidate if culprit else environment.checks.baseline or environment.checks.candidate
    failing = [check for check in checks if check.outcome is Outcome.FAIL] or [*environment.checks.candidate]
    same = [check for check in failing if culprit and culprit.headline and check.headline == culprit.headline]
    check = next(iter([*same, *_with(culprit, failing), *failing]), None)
    if check is None or check.kind is Kind.INSTALL:
        return ""
    if check.kind is Kind.IMPORT:
        return _imports(culprit.newly_failing if culprit else (), check)
    return check.command or None


def _with(culprit: Culprit | None, failing: list[CheckReport]) -> list[CheckReport]:
    """The checks in which the culprit's ids fail."""
    ids = set(culprit.newly_failing) if culprit else set()
    return [check for check in failing if ids.intersection(check.newly_failing)]


def _imports(ids: tuple[str, ...], check: CheckReport) -> str | None:
    module = next((each for each in (*ids, *check.newly_failing) if _MODULE.fullmatch(each)), None)
    return f"python -c 'import {module}'" if module else None


def _shell(command: str) -> str:
    """As it was given where it stands on one line, else as one word of a shell of its own."""
    return command if "\n" not in command and not command.rstrip().endswith("&") else f"sh -c {shlex.quote(command)}"
