"""Environments that the configuration describes one by one, and those that are found beside them."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from depcheck.core.environments import EnvironmentSpec, LockfileSpec
from depcheck.core.settings import EnvironmentSettings, Settings

Find = Callable[[Settings], Sequence[EnvironmentSpec]]
"""What a repository shows under these settings."""


def configured(settings: Settings, find: Find) -> Sequence[EnvironmentSpec]:
    """The configured environments, then those of lockfiles that none of them names.

    An environment without `lockfile` is one for each that would be found: then nothing is left over. Where lockfiles
    are asked for on the command line, only environments that have one of them are given.
    """
    described = [spec for each in settings.environments for spec in _described(settings, each, find)]
    named = {path for each in settings.environments for path in each.settings.lockfiles}
    whole = any(not each.settings.lockfiles for each in settings.environments)
    plain = replace(settings, only=(), environments=())
    beside = [] if whole else [spec for spec in find(replace(plain, lockfiles=())) if not _paths(spec) & named]
    found = [*described, *(spec for spec in beside if spec.name != ".")]  # a dot says that nothing was found
    wanted = frozenset(settings.lockfiles)
    return [spec for spec in found if not wanted or _paths(spec) & wanted] or find(plain)


def chosen(found: Sequence[EnvironmentSpec], only: Sequence[str]) -> Sequence[EnvironmentSpec]:
    """Those that are called so, by either name; one that says so for each name that nothing has."""
    if not only:
        return found
    kept = tuple(spec for spec in found if {spec.name, spec.configured} & set(only))
    known = {name for spec in found for name in (spec.name, spec.configured) if name}
    reason = f"No environment is called so; there are {', '.join(sorted(known)[:20]) or 'none'}."
    return (*kept, *(EnvironmentSpec(name, "", (), skipped=reason) for name in only if name not in known))


def _described(settings: Settings, each: EnvironmentSettings, find: Find) -> list[EnvironmentSpec]:
    together = (each.settings.lockfiles,) if each.settings.lockfiles else settings.together
    found = find(replace(each.settings, repo=settings.repo, report=settings.report, together=together, only=()))
    return [
        replace(
            spec,
            name=each.name if len(found) == 1 else f"{each.name}: {spec.name}",
            configured=each.name,
            lockfiles=tuple(_compiled_as_told(lock, spec) for lock in spec.lockfiles),
        )
        for spec in found
    ]


def _compiled_as_told(lock: LockfileSpec, spec: EnvironmentSpec) -> LockfileSpec:
    """A lockfile of one Python that is installed under several is still compiled with its own."""
    return lock if lock.told_python in {"", spec.python} else replace(lock, python=lock.told_python)


def _paths(spec: EnvironmentSpec) -> frozenset[str]:
    return frozenset(lock.path for lock in spec.lockfiles) | {spec.name}
