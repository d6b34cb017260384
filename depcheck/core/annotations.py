"""Annotations: which requirers a lockfile names for a pin, in every style that compilers have written."""

import re
from collections.abc import Iterable

_VIA = re.compile(r"^\s?via(?:\s+|$)")
_MORE = re.compile(r"^\s{2,}(?=\S)")
_SOURCE = re.compile(r"^-r\s|\)$|::|^hatch\.envs\.|(?:^|/)(?:pyproject\.toml|setup\.py|setup\.cfg)$")


def via(comments: Iterable[str]) -> tuple[str, ...]:
    """The requirers that `comments` (the texts after `#`, in order) name, in the lockfile's order.

    Understands `# via a, b` beside or below the requirement and the split style, one requirer a line.
    What people wrote beside it, and uv's `# from <index>`, end the list.
    """
    found: list[str] = []
    inside = False
    for comment in comments:
        begins = _VIA.match(comment)
        if begins:
            inside = True
            found += comment[begins.end() :].split(", ")
        elif inside and _MORE.match(comment):
            found.append(comment)
        else:
            inside = False
    return tuple(requirer for requirer in (text.strip() for text in found) if requirer)


def is_source(requirer: str) -> bool:
    """Whether a requirer is a source (`-r requirements.in`, `name (pyproject.toml)`), not a package."""
    return bool(_SOURCE.search(requirer))


def style(texts: Iterable[str]) -> str:
    """How the entries' texts are annotated: `split`, `line`, or empty for none; undecided is `split`."""
    joined = "\n".join(texts)
    if not re.search(r"#\s?via\b", joined):
        return ""
    beside = re.search(r"^[^\s#][^#\n]*[ \t]#\s?via\s+\S", joined, re.MULTILINE)
    listed = re.search(r"^[ \t]+#\s?via\s+[^,\n]+, ", joined, re.MULTILINE)
    return "line" if beside or listed else "split"
