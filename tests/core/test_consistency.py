"""Whether the installed fit together, as `pip check` would say."""

from packaging.markers import default_environment
from packaging.utils import canonicalize_name
from packaging.version import Version

from depcheck.core.model.installed import Distribution
from depcheck.core.model.requirements import collect_unsafe_requirements, find_inconsistencies

MARKERS = {**{name: str(value) for name, value in default_environment().items()}, "python_version": "3.8"}


def one(name: str, version: str, *requires: str) -> Distribution:
    return Distribution(canonicalize_name(name), Version(version), requires)


def test_unmet_and_missing_requirements_are_sentences() -> None:
    """Who asks, for what, and what is there."""
    found = find_inconsistencies([one("celery", "4.1.0", "kombu<5", "vine"), one("kombu", "5.0")], MARKERS)
    assert found == (
        "celery 4.1.0 requires kombu<5, but kombu 5.0 is installed",
        "celery 4.1.0 requires vine, which is not installed",
    )


def test_markers_extras_and_broken_lines() -> None:
    """Count only requirements for this target and its extras.

    Broken lines ask for nothing.
    """
    lines = ("a; python_version < '3'", "b; extra == 'x'", "not a requirement ((", "c[y]")
    installed = [one("top", "1", *lines), one("c", "1", "d; extra == 'y'")]
    assert find_inconsistencies(installed, MARKERS) == ("c 1 requires d, which is not installed",)
    extras = {canonicalize_name("top"): frozenset({"x"})}
    assert "top 1 requires b, which is not installed" in find_inconsistencies(installed, MARKERS, extras)


def test_a_pinned_pre_release_satisfies() -> None:
    """A lockfile that holds one means it."""
    assert not find_inconsistencies([one("a", "1", "b>=1"), one("b", "2.0rc1")], MARKERS)


def test_packages_that_lockfiles_leave_out_are_not_missed() -> None:
    """They are demands instead, joined from all who ask."""
    installed = [one("a", "1", "setuptools>=40"), one("b", "1", "setuptools<60", "wheel")]
    assert find_inconsistencies(installed, MARKERS) == ()
    demands = {name: str(specifier) for name, specifier in collect_unsafe_requirements(installed, MARKERS).items()}
    assert demands == {"setuptools": "<60,>=40", "wheel": ""}


def test_packages_that_a_command_leaves_out_are_demands_too() -> None:
    """What --no-emit-package and --unsafe-package name beside those that are always left out."""
    installed, unsafe = [one("a", "1", "idna<4", "c")], frozenset({canonicalize_name("idna")})
    assert find_inconsistencies(installed, MARKERS, unsafe=unsafe) == ("a 1 requires c, which is not installed",)
    assert {
        name: str(asked) for name, asked in collect_unsafe_requirements(installed, MARKERS, unsafe=unsafe).items()
    } == {"idna": "<4"}
