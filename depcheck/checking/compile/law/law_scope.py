"""What a lockfile's sources and options leave known of its compile."""

from depcheck.checking.compile.law.compile_law import LawScope
from depcheck.core.lockfiles.formats.known_formats import get_lockfile_format
from depcheck.core.lockfiles.options.compiler_options import OptionEffect, has_effect
from depcheck.core.lockfiles.spec import LockfileSpec

# Options by what they leave unknown; others that choose releases leave all of it so.
_ADDING_SOURCES = ("extra", "all-extras", "group", "build-deps-for", "all-build-deps", "only-build-deps", "config")
_CHANGING_RANGES = (
    "override", "python-platform", "python-version", "universal", "resolver", "no-deps", "config", "pip-args",
    "fork-strategy", "no-strip-markers", "excludes",
)  # fmt: skip
_CHOOSING_RELEASES = (
    "find-links", "no-index", "no-binary", "only-binary", "no-build", "resolution", "exclude-newer", "index-strategy",
    "exclude-newer-package", "uploaded-prior-to", "index", "extra-index-url", "config", "pip-args", "prerelease", "pre",
)  # fmt: skip
_HIDING_PINS = ("unsafe-package", "no-emit-package")
_NOTHING_KNOWN = LawScope(knows_sources=False, keeps_ranges=False, takes_newest=False, shows_all=False)


def find_law_scope(lock: LockfileSpec, *, knows_sources: bool) -> LawScope:
    """Find what a lockfile's sources and options leave known."""
    whole = get_lockfile_format(lock.compiler).is_exact  # its sources have tables for all that changes a choice
    if whole or any(_is_unforeseen(option, lock) for option in lock.options):
        return _NOTHING_KNOWN
    named = {_to_name(option) for option in lock.options}
    omits = lock.omits_included_pins or not named.isdisjoint(_HIDING_PINS)
    return LawScope(
        knows_sources=knows_sources and not omits and named.isdisjoint(_ADDING_SOURCES),
        keeps_ranges=named.isdisjoint(_CHANGING_RANGES),
        shows_all=not omits,
        takes_newest=not lock.upgrade_options and named.isdisjoint(_CHOOSING_RELEASES),
    )


def _to_name(option: str) -> str:
    return option.partition("=")[0].removeprefix("--")


def _is_unforeseen(option: str, lock: LockfileSpec) -> bool:
    """Return True for a short option, or another that chooses."""
    if option.startswith("-") and not option.startswith("--"):
        return True
    foreseen = {*_ADDING_SOURCES, *_CHANGING_RANGES, *_CHOOSING_RELEASES, *_HIDING_PINS, "build-constraint"}
    known = get_lockfile_format(lock.compiler).options
    return has_effect(option, known, OptionEffect.CHOOSING) and _to_name(option) not in foreseen
