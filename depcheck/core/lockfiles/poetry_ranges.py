"""Requirements of Poetry's tables as lines that pip reads."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.version import InvalidVersion, Version

_CLAUSE = re.compile(r"(?P<operator>\^|~(?!=))?\s*(?P<rest>[^\s,]+)")


def format_poetry_requirements(table: Mapping[str, Any]) -> Iterator[str]:
    """Yield a requirement for each package of a table.

    Less what has a place of its own. A package of several constraints is named without any: which one counts depends on
    the interpreter.
    """
    for name, wanted in table.items():
        stated = wanted if isinstance(wanted, dict) else {"version": wanted}
        if name == "python" or {"path", "git", "url"} & stated.keys():
            continue
        text = stated.get("version", "*")
        extras = [each for each in stated.get("extras", ()) if isinstance(each, str)]
        plain = f"{name}[{','.join(extras)}]" if extras else name
        line = f"{plain}{to_specifier(text)}" if isinstance(text, str) else plain
        try:
            yield str(Requirement(line))
        except InvalidRequirement:
            yield plain


def to_specifier(text: str) -> str:
    """Write Poetry's constraint as a specifier of PEP 440.

    Empty for any release, and for what has no such form (`||`).
    """
    if "|" in text:
        return ""
    return ",".join(found for part in text.split(",") if (found := _to_clause(part.strip())))


def _to_clause(text: str) -> str:
    match = _CLAUSE.match(text)
    if not match or text in {"", "*"}:
        return ""
    if not match["operator"]:
        return text.replace(" ", "") if text[0] in "<>=!~" else f"=={text}"
    try:
        release = Version(match["rest"]).release
    except InvalidVersion:
        return ""
    return f">={match['rest']},<{_get_next(release, match['operator'])}"


def _get_next(release: tuple[int, ...], operator: str) -> str:
    """Return the first release that `^` or `~` leaves out."""
    if operator == "~":
        kept = min(len(release), 2)
    else:
        kept = next((at + 1 for at, number in enumerate(release) if number), len(release))
    return ".".join(map(str, (*release[: kept - 1], release[kept - 1] + 1)))
