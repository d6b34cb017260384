"""Which package indexes a tool asks, and how it merges them."""

from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit


@dataclass(frozen=True, slots=True)
class IndexChoice:
    """A default index and those beside it, as addresses.

    The default is empty for the tool's own (PyPI).

    `for_projects` are (project, address): the project is taken from there alone, and nothing else is. `is_union` says
    that releases of all indexes count, as for pip, and not those of the first index that has the project, as for uv.
    `names` are (address, name), where the tool knows an index by a name.
    """

    default: str = ""
    extras: tuple[str, ...] = ()
    for_projects: tuple[tuple[str, str], ...] = ()
    is_union: bool = True
    names: tuple[tuple[str, str], ...] = ()

    def override(self, other: "IndexChoice") -> "IndexChoice":
        """Return the choice with `other`, which is nearer to the command.

        Its default wins, extras add up.
        """
        return IndexChoice(
            other.default or self.default,
            tuple(dict.fromkeys((*other.extras, *self.extras))),
            tuple(dict.fromkeys((*other.for_projects, *self.for_projects))),
            self.is_union and other.is_union,
            tuple(dict.fromkeys((*other.names, *self.names))),
        )

    def strip_credentials(self) -> "IndexChoice":
        """Return the choice as anybody may see it, less what variables complete."""
        extras = tuple(filter(None, map(_strip_address, self.extras)))
        return IndexChoice(_strip_address(self.default), extras, is_union=self.is_union)

    @property
    def addresses(self) -> tuple[str, ...]:
        """All addresses, the default first."""
        every = (self.default, *self.extras, *(address for _, address in self.for_projects))
        return tuple(dict.fromkeys(address for address in every if address))


def _strip_address(address: str) -> str:
    """Return an http address without user, password, query and fragment."""
    parts = urlsplit(address)
    if parts.scheme not in {"http", "https"} or "$" in address:
        return ""
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
