"""The index view: which files of the package indexes are visible.

It shows them as of a moment, without the releases that are held back.

An interpreter cannot use releases from long before it. pip >= 23.1 and uv build every source distribution
through PEP 517, whose fallback needs setuptools >= 40.8.0 (2019-02-05). Therefore the build tools are
shown up to the latest of the requested date, the interpreter's own release, and that day.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version


@dataclass(frozen=True, slots=True)
class IndexView:
    """A view of all package indexes together.

    A file is visible if it was uploaded at or before the project's limit (`uploaded_before_by_project`, else
    `uploaded_before`; aware UTC, None is now), and if its version satisfies every specifier that `specifiers`
    has for the project. `pinned` names releases that stay visible after the limit too: committed pins must not
    be downgraded because of a cooldown. Files without an upload time are visible, as nothing shows that they
    are young.
    """

    uploaded_before: datetime | None = None
    uploaded_before_by_project: tuple[tuple[NormalizedName, datetime], ...] = ()
    specifiers: tuple[tuple[NormalizedName, str], ...] = ()
    pinned: frozenset[tuple[NormalizedName, Version]] = frozenset()


BUILD_TOOLS = tuple(map(canonicalize_name, ("setuptools", "wheel")))
_PEP_517_DATE = datetime(2019, 2, 6, tzinfo=UTC)
_PYTHON_RELEASE_DATES = {  # https://devguide.python.org/versions/
    "3.8": datetime(2019, 10, 14, tzinfo=UTC),
    "3.9": datetime(2020, 10, 5, tzinfo=UTC),
    "3.10": datetime(2021, 10, 4, tzinfo=UTC),
    "3.11": datetime(2022, 10, 24, tzinfo=UTC),
    "3.12": datetime(2023, 10, 2, tzinfo=UTC),
    "3.13": datetime(2024, 10, 7, tzinfo=UTC),
    "3.14": datetime(2025, 10, 7, tzinfo=UTC),
}


def build_index_view(until: datetime | None, python: str) -> IndexView:
    """Build the index view up to a time, for one interpreter.

    `until` None means now. `python` is a version such as "3.10".
    """
    usable = _PYTHON_RELEASE_DATES.get(python, _PEP_517_DATE)
    if until is None or until >= usable:
        return IndexView(uploaded_before=until)
    return IndexView(uploaded_before=until, uploaded_before_by_project=tuple((tool, usable) for tool in BUILD_TOOLS))


@dataclass(frozen=True, slots=True)
class Hold:
    """A project kept on the good side of a release.

    `is_build_requirement` is True if only builds ask for the project.
    """

    name: NormalizedName
    specifier: str
    line: str
    is_build_requirement: bool = False


def create_hold(
    name: NormalizedName, last_good: Version | None, first_bad: Version, *, build: bool = False, sure: bool = True
) -> Hold:
    """Hold `name` before `first_bad`, or after it where the change went down.

    The index shows nothing between the two either: those are releases that could not be tried. Where there are
    some (not `sure`), the line excludes them too.
    """
    if last_good is None:
        return Hold(name, f"!={first_bad}", f"{name}!={first_bad}", build)
    sign, edge = ("<=", "<") if last_good < first_bad else (">=", ">")
    line = f"{name}{edge}{first_bad}" if sure else f"{name}{sign}{last_good}"
    return Hold(name, f"{sign}{last_good}", line, build)


def apply_holds(view: IndexView, holds: Sequence[Hold]) -> IndexView:
    """Return `view` without the releases that the holds exclude."""
    return replace(view, specifiers=(*view.specifiers, *((each.name, each.specifier) for each in holds)))


def apply_build_holds(view: IndexView, holds: Sequence[Hold]) -> IndexView:
    """Return `view` without the releases excluded by build requirement holds.

    It is for installing what was compiled under the holds: pins need no hold, build requirements do.
    """
    return apply_holds(view, [each for each in holds if each.is_build_requirement])
