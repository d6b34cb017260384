"""Packages that an option's sentence names, for a reason."""

from packaging.requirements import InvalidRequirement, Requirement

MAX_REASON_CHARS = 500


def parse_stated_package(stated: str, hint: str) -> Requirement:
    """Parse the package that a sentence names.

    Raises:
        ValueError: It is none. The message is appended to the option's name and ends with `hint`.
    """
    try:
        return Requirement(stated)
    except InvalidRequirement:
        raise ValueError(f"names no package in {stated!r}; {hint}") from None
