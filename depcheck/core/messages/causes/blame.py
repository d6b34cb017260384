"""Sentences about a culprit's releases, no more than trials have shown."""

from collections.abc import Callable

from depcheck.core.model.report import Culprit

MOST_NAMES = 12


def is_dated(culprit: Culprit) -> bool:
    """Whether each first bad release follows its last good one directly."""
    return not culprit.skipped


def describe_releases(culprit: Culprit) -> str:
    """Return `kombu 4.2.0`, or `kombu between 4.1.0 and 4.2.0`."""
    return " with ".join(_name_release(culprit, name) for name in culprit.packages)


def _name_release(culprit: Culprit, name: str) -> str:
    bad, good = culprit.first_bad.get(name, ""), culprit.last_good.get(name, "")
    gap = any(each.rpartition(" ")[0] == name for each in culprit.skipped)
    return f"{name} between {good} and {bad}" if gap and good else f"{name} {bad}".strip()


def describe_dating(culprit: Culprit, quote: Callable[[str], str] = str) -> str:
    """Describe which release failed and which passed.

    And why those between could not be tried.
    """
    bad = " together with ".join(
        quote(f"{name} {culprit.first_bad.get(name, '')}".strip()) for name in culprit.packages
    )
    good = ", ".join(quote(f"{name} {version}") for name, version in culprit.last_good.items())
    role = " (a build requirement, which no lockfile lists)" if culprit.build else ""
    since = f", released {culprit.since:%Y-%m-%d}," if culprit.since else ""
    if is_dated(culprit):
        first = "is the first bad release" if len(culprit.packages) == 1 else "are the first bad releases"
        last = "is the last good one" if len(culprit.last_good) == 1 else "are the last good ones"
        return f"{bad}{role}{since} {first}{f'; {good} {last}' if good else ''}."
    number = len(culprit.skipped)
    between = "the release between" if number == 1 else f"the {number} releases between"
    because = f", because {culprit.skipped_because}" if culprit.skipped_because else ""
    return f"It broke between {good} (passes) and {bad}{role} (fails); {between} could not be tried{because}."


def describe_company(culprit: Culprit, quote: Callable[[str], str] = str) -> str:
    """Describe what moves together with the culprit.

    Empty where it moves by itself.
    """
    stay = [name for name in culprit.stay_back if name not in culprit.packages]
    family = [name for name in culprit.family if name not in culprit.packages]
    along = [name for name in culprit.companions if name not in {*culprit.packages, *stay, *family}]
    said = (
        (family, "{} of the same family can only move together with it."),
        (along, "{} came with it: one needs the other."),
        (stay, "While it is held, {} must stay back too."),
    )
    return " ".join(words.format(", ".join(map(quote, names[:MOST_NAMES]))) for names, words in said if names)


def describe_victims(culprit: Culprit, quote: Callable[[str], str] = str) -> str:
    """Describe whose code fails.

    Empty where it is the project's own, or the culprit's.
    """
    named = " and ".join(quote(f"{name} {version}") for name, version in culprit.victims.items())
    return f"The code that fails is that of {named}." if named else ""
