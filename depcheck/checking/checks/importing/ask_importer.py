"""Ask the importer about modules, in groups that cannot speak for others.

A group is one distribution, or the project, or what needs the project's Django site.
"""

import json
import os
import re
import time
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field, replace

from packaging.utils import NormalizedName

from depcheck.checking.checks.importing.import_progress import ImportProgress
from depcheck.checking.checks.importing.module_order import MOST_WORKERS, split_modules
from depcheck.checking.checks.running.command_context import CheckContext
from depcheck.checking.checks.running.compiled_code import GUEST_SCRIPTS
from depcheck.checking.checks.running.guest_answers import parse_guest_answers
from depcheck.core.import_graph.reachable import Reach
from depcheck.core.model.checks import Check, Failure
from depcheck.core.model.installed import Distribution, add_dependents

MODULE_TIMEOUT_S = 60.0
EXCEEDED_WORD = "exceeded"  # a word of ours alone: no importer's answer is taken for it
UNCONFIGURED = re.compile(r"settings are not configured|Apps aren't loaded yet|doesn't declare an explicit app_label")
_DJANGO = frozenset({NormalizedName("django")})


@dataclass(frozen=True, slots=True)
class ModuleRating:
    """How much modules matter to the project.

    `rate` tells how it reaches a module, `is_needed` whether one that cannot be imported alone matters.
    """

    rate: Callable[[str], Reach] = lambda _: Reach.STRONG
    is_needed: Callable[[Failure], bool] = lambda _: True


@dataclass(frozen=True, slots=True)
class Importing:
    """Settings of one import check: places, deadline and Django site.

    `site_modules` are those installed modules that were found to need the site.
    """

    room: CheckContext
    check: Check
    until: float
    django: str
    rating: ModuleRating
    progress: ImportProgress | None = None
    site_modules: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class ImportPlaces:
    """Folders of the project, in front of installed modules or behind.

    `is_own` where the modules are the project's.
    """

    front: list[str]
    behind: list[str]
    is_own: bool


@dataclass(frozen=True, slots=True)
class ImportGroup:
    """Modules for one process, in the Django site or not."""

    modules: tuple[str, ...]
    site: bool = False

    def leave_out(self, names: Container[str]) -> "ImportGroup":
        """Return the group without these modules."""
        return replace(self, modules=tuple(each for each in self.modules if each not in names))


def split_into_groups(work: Importing, modules: Sequence[str], places: ImportPlaces) -> list[ImportGroup]:
    """Split `modules` into those of each distribution.

    What imports one distribution can change all that happens in its process: so no other shares it. The project's own
    modules have one, and those that need its Django site another.
    """
    if places.is_own:
        shares = split_modules(modules, work.rating.rate)
        return [ImportGroup(tuple(share), site=bool(work.django)) for share in shares]
    reached = [each for each in modules if work.rating.rate(each) is not Reach.NONE]
    others = [each for each in modules if work.rating.rate(each) is Reach.NONE]
    return [*_split_by_owner(work, reached), *_split_by_owner(work, others)]


def _split_by_owner(work: Importing, modules: Sequence[str]) -> list[ImportGroup]:
    owners = _map_owners(work, modules)
    sited = _find_site_distributions(work.room.environment.distributions) if work.django else frozenset()
    site: list[str] = []
    groups: dict[NormalizedName | None, list[str]] = {}
    for module in modules:
        owner = owners.get(module)
        needs_site = work.django and (owner in sited or module in work.site_modules)
        (site if needs_site else groups.setdefault(owner, [])).append(module)
    shares = split_modules(site, work.rating.rate) if site else []
    return [*(ImportGroup(tuple(share), site=True) for share in shares), *map(_to_group, groups.values())]


def _to_group(modules: Sequence[str]) -> ImportGroup:
    return ImportGroup(tuple(modules))


def _map_owners(work: Importing, modules: Sequence[str]) -> Mapping[str, NormalizedName]:
    wanted, owners = set(modules), dict[str, NormalizedName]()
    for each in work.room.environment.installed_distributions:
        for module in wanted.intersection(each.modules):
            owners.setdefault(module, each.distribution.name)
    return owners


def _find_site_distributions(installed: Sequence[Distribution]) -> frozenset[str]:
    """Find Django and all that requires it, directly or not."""
    found: frozenset[str] = _DJANGO
    while (grown := add_dependents(found, installed)) != found:
        found = grown
    return found


def find_unconfigured(work: Importing, failed: Mapping[str, Failure]) -> list[str]:
    """Find modules that failed outside of the Django site and want one.

    They are known to need it from now on.
    """
    found = [
        name
        for name, failure in failed.items()
        if work.django and UNCONFIGURED.search(failure.headline) and name not in work.site_modules
    ]
    work.site_modules.update(found)
    return found


def ask_importer(
    work: Importing, groups: Sequence[ImportGroup], places: ImportPlaces, *, alone: bool
) -> list[list[str]]:
    """Return the importer's answers, word by word.

    A stack that stood before an `ended` is its fourth word.
    """
    left_s = max(1.0, work.until - time.monotonic())
    order = {
        "groups": [{"modules": each.modules, "site": each.site} for each in groups],
        "paths": places.front,
        "behind": places.behind,
        "timeout_s": min(MODULE_TIMEOUT_S, left_s),
        "alone": alone,
        "django": work.django,
        "workers": min(MOST_WORKERS, os.cpu_count() or 1),
    }
    ran = work.room.run(
        [str(work.room.environment.python), "-S", str(GUEST_SCRIPTS / "depcheck_importer.py")],
        given=json.dumps(order).encode(),
        timeout_s=left_s,
        writes_bytecode=False,
        writes_workspace=places.is_own,  # a site's folders are where installed modules look as well
        watch=work.progress.count_answers if work.progress and not alone else None,
    )
    told = parse_guest_answers(ran.answer)
    started = [words[1] for words in told if words[0] == "start"]
    return [*told, [EXCEEDED_WORD, started[-1], ran.exceeded_limit]] if ran.exceeded_limit and started else told
