"""Build two commands that reproduce the failure on any machine with uv.

They run in a checkout of the repository. They contain only names and versions that have a valid shape,
quoted paths, and the check's own command.
"""

import re
import shlex
from collections.abc import Iterator, Mapping

from packaging.utils import is_normalized_name
from packaging.version import InvalidVersion, Version

from depcheck.core.model.checks import CheckKind, Outcome
from depcheck.core.model.report import CheckReport, Culprit, EnvironmentReport
from depcheck.core.model.status import Status

REPRODUCTION_FOLDER = "/tmp/reproduce"  # noqa: S108  # on the reader's machine
_MODULE_NAME = re.compile(r"[A-Za-z_]\w*(?:\.\w+)*", re.ASCII)
_ADDRESS = re.compile(r"https?://[\w.:-]+(?:/[\w.~%+-]*)*", re.ASCII)
_OTHER_FORMATS = (".lock", ".toml")  # uv.lock, poetry.lock, pylock.toml
_UNION = "--index-strategy unsafe-best-match"  # as pip does: the newest of all indexes
_PYTHON_VERSION = re.compile(r"[23]\.\d{1,2}")
_REPRODUCIBLE_STATUSES = frozenset({Status.BREAKS, Status.BASELINE_BROKEN})


def build_reproduction_commands(environment: EnvironmentReport) -> tuple[str, str] | None:
    """Build two commands: set up the environment, and reproduce the failure.

    The first creates an environment with the committed pins. The second installs the guilty releases on top,
    and runs the failing check. Returns None if nothing was installed, or if the report holds a value that must
    not be put into a command.
    """
    if (
        environment.status not in _REPRODUCIBLE_STATUSES
        or not environment.lockfiles
        or not _PYTHON_VERSION.fullmatch(environment.python)
    ):
        return None
    culprit = environment.culprits[0] if environment.culprits else None
    if culprit is None and environment.status is Status.BREAKS:
        return None
    pins = _list_guilty_pins(environment, culprit) if culprit else []
    command = _pick_failing_command(environment, culprit)
    if pins is None or command is None:
        return None
    fresh = f"uv venv --clear --python {environment.python} {REPRODUCTION_FOLDER}"
    listed = " ".join((*_listed(environment), *_own(environment)))
    install = _format_install(environment)
    if culprit and culprit.build:
        return fresh, _format_build_failure(install, listed, pins)
    return f"{fresh} && {install} --no-deps {listed}", " && ".join(
        _list_failing_steps(install, pins, _find_dropped_packages(environment, culprit), environment.setup, command)
    )


def _listed(environment: EnvironmentReport) -> list[str]:
    """List the committed lockfiles, or releases of the earlier resolution.

    The latter by name, where nothing is locked or uv cannot install from the file.
    """
    if all(lockfile.locked and not lockfile.path.endswith(_OTHER_FORMATS) for lockfile in environment.lockfiles):
        return [f"-r {shlex.quote(lockfile.path)}" for lockfile in environment.lockfiles]
    pins = {**environment.fresh, **{each.name: each.before for each in environment.changes if each.judged}}
    return _exact(pins)


def _own(environment: EnvironmentReport) -> list[str]:
    """Return the repository's own package and its further requirements."""
    place = "-e ." if environment.editable else "."
    return [*_exact(environment.beside), *([place] if environment.project else [])]


def _exact(pins: Mapping[str, str | None]) -> list[str]:
    good = {name: version for name, version in pins.items() if version and is_normalized_name(name)}
    return [shlex.quote(f"{name}=={version}") for name, version in sorted(good.items()) if _is_version(version)]


def _format_install(environment: EnvironmentReport) -> str:
    """Format the installing command, with the indexes that the lockfiles name."""
    default = next((lock.index_url for lock in environment.lockfiles if _ADDRESS.fullmatch(lock.index_url)), "")
    extras = [url for lock in environment.lockfiles for url in lock.extra_index_urls if _ADDRESS.fullmatch(url)]
    options = [*([f"--index-url {default}"] if default else []), *(f"--extra-index-url {url}" for url in extras)]
    union = [_UNION] if extras else []  # each pin is exact, so the index that has it is meant
    return " ".join([f"uv pip install --python {REPRODUCTION_FOLDER}", *dict.fromkeys(options), *union])


def _list_failing_steps(install: str, pins: list[str], gone: list[str], setup: str, command: str) -> Iterator[str]:
    if pins:
        yield f"{install} --no-deps {' '.join(map(shlex.quote, pins))}"
    if gone:
        yield f"uv pip uninstall --python {REPRODUCTION_FOLDER} {' '.join(gone)}"
    if command:
        told = [_quote_for_shell(each) for each in (setup, command) if each]
        yield f"(. {REPRODUCTION_FOLDER}/bin/activate; {'; '.join(told)})"


def _format_build_failure(install: str, listed: str, pins: list[str]) -> str:
    file = f"{REPRODUCTION_FOLDER}/build-requirements.txt"
    asked = " ".join(map(shlex.quote, pins))
    build = f"{install} --no-deps --no-cache --build-constraints {file} {listed}"
    return f"printf '%s\\n' {asked} > {file} && {build}"


def _list_guilty_pins(environment: EnvironmentReport, culprit: Culprit) -> list[str] | None:
    """List the first bad releases, and the companions at their fresh versions.

    None if there are none, or if one has an invalid name or version.
    """
    along = {name: environment.fresh.get(name, "") for name in culprit.companions if name not in culprit.first_bad}
    pairs = [*culprit.first_bad.items(), *((name, version) for name, version in along.items() if version)]
    pins = [f"{name}=={version}" for name, version in pairs if is_normalized_name(name) and _is_version(version)]
    return pins if pins and len(pins) == len(pairs) else None


def _find_dropped_packages(environment: EnvironmentReport, culprit: Culprit | None) -> list[str]:
    """Find packages that the culprits no longer require.

    Only those that the fresh set does not have, so nothing else requires them either.
    """
    removed = {each.name for each in environment.changes if each.after is None and each.judged}
    return sorted(name for name in removed.intersection(culprit.dropped if culprit else ()) if is_normalized_name(name))


def _is_version(text: str) -> bool:
    try:
        return bool(Version(text))
    except InvalidVersion:
        return False


def _pick_failing_command(environment: EnvironmentReport, culprit: Culprit | None) -> str | None:
    """Pick the command of the check that fails.

    Empty if the installation fails. None if the check cannot be put into a command.
    """
    checks = environment.checks.candidate if culprit else environment.checks.baseline or environment.checks.candidate
    failing = [check for check in checks if check.outcome is Outcome.FAIL] or [*environment.checks.candidate]
    same = [check for check in failing if culprit and culprit.headline and check.headline == culprit.headline]
    check = next(iter([*same, *_filter_by_failing_ids(culprit, failing), *failing]), None)
    if check is None or check.kind is CheckKind.INSTALL:
        return ""
    if check.kind is CheckKind.IMPORT:
        return _format_import_command(culprit.newly_failing if culprit else (), check)
    return check.command or None


def _filter_by_failing_ids(culprit: Culprit | None, failing: list[CheckReport]) -> list[CheckReport]:
    """Return the checks in which the culprit's ids fail."""
    ids = set(culprit.newly_failing) if culprit else set()
    return [check for check in failing if ids.intersection(check.newly_failing)]


def _format_import_command(ids: tuple[str, ...], check: CheckReport) -> str | None:
    module = next((each for each in (*ids, *check.newly_failing) if _MODULE_NAME.fullmatch(each)), None)
    return f"python -c 'import {module}'" if module else None


def _quote_for_shell(command: str) -> str:
    """Quote the command if it needs a shell of its own.

    A command on one line stays as it was given; else it becomes one word of `sh -c`.
    """
    return command if "\n" not in command and not command.rstrip().endswith("&") else f"sh -c {shlex.quote(command)}"
