"""How the repository's own package was installed beside the pins."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from packaging.utils import NormalizedName
from packaging.version import Version


@dataclass(frozen=True, slots=True)
class OwnInstallation:
    """What was installed of the project, if anything.

    `wheel` is the built file, `has_version` says whether its version is known and not made up, `beside` are releases
    that the project requires and the pins do not name, `remarks` sentences for people.
    """

    name: NormalizedName | None = None
    wheel: str = ""
    editable: bool = False
    has_version: bool = True
    beside: Mapping[NormalizedName, Version] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
