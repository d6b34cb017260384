"""Under which specifiers projects can have been asked for: all that any text which was looked at says. Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import NormalizedName, canonicalize_name

_NAME = re.compile(r"\s*([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)")


class UncertainError(Exception):
    """Something that no page shows, such as an address of its own."""


@dataclass(slots=True)
class Ranges:
    """Specifiers by project.

    Each question of a resolver for a project is under one of them, or several at once: so a release outside every
    single one was never looked at. Markers and extras are left aside, which only adds to what is known here. A range
    that cannot be read stands as "": anything.
    """

    by_name: dict[NormalizedName, set[str]] = field(default_factory=dict)

    def add(self, line: str) -> None:
        """Take in one requirement. Raises UncertainError for an address, a path, or what names nothing."""
        try:
            requirement = Requirement(line)
        except (InvalidRequirement, RecursionError):
            found = _NAME.match(line)
            if found is None or {"@", "/"} & set(line):
                raise UncertainError(line) from None
            self.ask(canonicalize_name(found[1]), "")
            return
        if requirement.url:
            raise UncertainError(line)
        self.ask(canonicalize_name(requirement.name), str(requirement.specifier))

    def ask(self, name: NormalizedName, specifier: str) -> None:
        """`name` can have been asked for under `specifier`."""
        self.by_name.setdefault(name, set()).add(specifier)

    def add_all(self, lines: Iterable[str]) -> None:
        """Take in several requirements; raises as `add` does."""
        for line in lines:
            self.add(line)

    def of(self, name: NormalizedName) -> tuple[str, ...]:
        """All that is known of one project, sorted."""
        return tuple(sorted(self.by_name.get(name, ())))
