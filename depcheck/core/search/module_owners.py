"""Find the packages that a module belongs to, also in shared namespaces."""

from collections import defaultdict

from packaging.utils import NormalizedName

from depcheck.core.model.requirements import InstalledSet
from depcheck.core.search.model import PackageNames


class ModuleOwners:
    """The packages that each module belongs to.

    A package's own name counts as a module too. Where several packages share a top-level name, as in a namespace
    (`google`, `opentelemetry`), the longest part of a dotted name that one of them has decides.
    """

    def __init__(self, *sides: InstalledSet) -> None:
        found: dict[str, set[NormalizedName]] = defaultdict(set)
        self._inside: dict[NormalizedName, set[str]] = defaultdict(set)
        for side in sides:
            for name, distribution in side.items():
                self._inside[name] |= distribution.all_modules
                for module in {*_get_modules(side, name), name, name.replace("-", "_"), name.replace("-", ".")}:
                    found[module.lower()].add(name)
        self.by_module = {module: frozenset(names) for module, names in found.items()}

    def find_owners(self, module: str, *, sure: bool = False) -> PackageNames:
        """Find the owners of a dotted module.

        With `sure`, none where a shared name does not decide.
        """
        parts = module.removesuffix(".__init__").split(".")
        shared = self.by_module.get(parts[0].lower(), frozenset())
        if len(shared) < 2 or not any(self._inside[name] for name in shared):  # noqa: PLR2004  # one, or nothing is known
            return shared
        for length in range(len(parts), 1, -1):
            prefix = ".".join(parts[:length])
            if owners := frozenset(name for name in shared if prefix in self._inside[name]):
                return owners
        return frozenset() if sure and len(parts) > 1 else shared


def _get_modules(side: InstalledSet, name: NormalizedName) -> frozenset[str]:
    return side[name].modules or frozenset({name.replace("-", "_")})
