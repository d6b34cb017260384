"""What a distribution adds to the life of its interpreter.

Such a thing runs, or is run, without being imported by whoever asks for the distribution.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from packaging.utils import NormalizedName

MOST_NAMED = 3  # files of one kind that a sentence names


class HookKind(StrEnum):
    """The ways in which a distribution is run without an import."""

    PATH_FILE = "path file"
    START_MODULE = "start module"
    PYTEST_PLUGIN = "pytest plug-in"
    PLUGIN = "plug-in"
    PROGRAM = "program"
    SHARED_FILE = "shared file"


PLUGIN_KINDS = frozenset({HookKind.PYTEST_PLUGIN, HookKind.PLUGIN})
_SENTENCES = {
    HookKind.PATH_FILE: "runs code at every start of Python ({names})",
    HookKind.START_MODULE: "runs code at every start of Python ({names})",
    HookKind.PYTEST_PLUGIN: "adds to pytest whatever is tested ({names})",
    HookKind.PLUGIN: "runs wherever another package is imported ({names})",
    HookKind.PROGRAM: "installs a program of another's name ({names})",
    HookKind.SHARED_FILE: "holds files of another package too ({names})",
}


@dataclass(frozen=True, slots=True)
class StartHook:
    """One thing that is run without being imported.

    `name` is a file's or a plug-in's. `digest` is of a path file's content, `other` the distribution whose file or
    name it is as well, or which loads the plug-in.
    """

    kind: HookKind
    name: str
    digest: str = ""
    other: str = ""


@dataclass(frozen=True, slots=True)
class HookOwner:
    """A distribution's name and version, and its hooks."""

    name: NormalizedName
    version: str
    hooks: frozenset[StartHook]


def find_added_hooks(before: Iterable[HookOwner], after: Iterable[HookOwner]) -> tuple[HookOwner, ...]:
    """Find what the distributions of `after` add, with its owners.

    A release that was there adds nothing. Who had a plug-in of pytest before may rename or split it.
    """
    known, plugged, same = set[tuple[str, ...]](), set[NormalizedName](), set[tuple[NormalizedName, str]]()
    for owner in before:
        same.add((owner.name, owner.version))
        known |= {_identify_hook(owner.name, hook) for hook in owner.hooks}
        plugged |= {owner.name for hook in owner.hooks if hook.kind is HookKind.PYTEST_PLUGIN}
    found = []
    for owner in after:
        added = frozenset(
            hook
            for hook in owner.hooks
            if (owner.name, owner.version) not in same
            and _identify_hook(owner.name, hook) not in known
            and not (hook.kind is HookKind.PYTEST_PLUGIN and owner.name in plugged)
        )
        found += [HookOwner(owner.name, owner.version, added)] if added else []
    return tuple(found)


def _identify_hook(owner: NormalizedName, hook: StartHook) -> tuple[str, ...]:
    """Return what makes two hooks the same.

    That is a file's content, else its owner.
    """
    by = hook.digest if hook.kind is HookKind.PATH_FILE else owner
    return (hook.kind, hook.name, by)


def describe_added_hooks(owners: Iterable[HookOwner]) -> tuple[str, ...]:
    """Return a sentence for each distribution and kind of hook."""
    return tuple(
        f"Caution: {owner.name} {owner.version} {_SENTENCES[kind].format(names=_list_names(owner, kind))}. "
        "Your lockfile brings no such thing; look at it before you merge."
        for owner in owners
        for kind in HookKind
        if any(hook.kind is kind for hook in owner.hooks)
    )


def _list_names(owner: HookOwner, kind: HookKind) -> str:
    hooks = sorted((hook.name, hook.other) for hook in owner.hooks if hook.kind is kind)
    named = [f"{name} of {other}" if other else name for name, other in hooks[:MOST_NAMED]]
    more = len(hooks) - len(named)
    return ", ".join(named) + (f" and {more} more" if more else "")
