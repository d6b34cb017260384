"""What the text of a failure says: which modules are missing, named, or stand in the traceback."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from depcheck.core.checks import Failure

_MISSING = re.compile(r"No module named ['\"]?([\w.]+)")
_NAMED = (
    re.compile(r"cannot import name ['\"]?\w+['\"]? from (?:partially initialized module )?['\"]?([\w.]+)"),
    re.compile(r"module ['\"]([\w.]+)['\"] has no attribute"),
    re.compile(r"(?<![\w.])([a-z_]\w*(?:\.\w+)+) size changed, may indicate binary incompatibility"),
    re.compile(r"(?<![\w.])([a-z_]\w*(?:\.\w+)+) module is now"),
    re.compile(r"^(?:E[ \t]+)?([a-z_]\w*(?:\.\w+)*)\.[A-Z]\w*(?:Error|Exception|Warning)\b", re.MULTILINE),
)
_IMPORT = re.compile(r"^[>E \t\d|]*(?:from\s+([\w.]+)\s+import|import\s+([\w.]+))", re.MULTILINE)
_FRAME = re.compile(r"(?:site|dist)-packages[/\\]([A-Za-z_]\w*)")
_PLACE = re.compile(r"(?:site|dist)-packages[/\\]([\w/\\.-]{1,300})\.py\b[^\n]*\n?([^\n]*)")
_POINTED = re.compile(r"^>(.*)$", re.MULTILINE)  # pytest's mark of the line that failed
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[-_.][A-Za-z0-9]+)*")
_BINARY = re.compile(
    r"binary incompatibility|compiled (?:using|against)|undefined symbol|Segmentation fault|-11\b|139\b"
)


@dataclass(frozen=True, slots=True)
class Clues:
    """Dotted module names by how they appear, each in order of appearance; `frames` outermost first.

    `headline_words` and `words` are everything that could be a package's or module's name, in lower case; `near`
    are those of the innermost frame: its file inside site-packages and the line that failed.
    """

    missing: tuple[str, ...]
    named: tuple[str, ...]
    imports: tuple[str, ...]
    frames: tuple[str, ...]
    headline_words: frozenset[str]
    near: frozenset[str]
    words: frozenset[str]
    binary: bool


def read(failures: Sequence[Failure]) -> Clues:
    """The clues of all failures together."""
    headlines = "\n".join(failure.headline for failure in failures)
    text = "\n".join((headlines, *(failure.evidence for failure in failures)))
    return Clues(
        missing=_unique(_MISSING.findall(text)),
        named=_unique(name for pattern in _NAMED for name in pattern.findall(text)),
        imports=_unique(one or other for one, other in _IMPORT.findall(text)),
        frames=tuple(_FRAME.findall(text)),
        headline_words=_words(headlines),
        near=frozenset().union(*(_words(_innermost(failure.evidence)) for failure in failures)),
        words=_words(text),
        binary=bool(_BINARY.search(text)),
    )


def _innermost(evidence: str) -> str:
    places = _PLACE.findall(evidence)
    if not places:
        return ""
    path, line = places[-1]
    pointed = _POINTED.findall(evidence)
    return f"{path.replace('/', ' ')} {pointed[-1] if pointed else line}"


def _unique(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name.strip(".") for name in names))


def _words(text: str) -> frozenset[str]:
    whole = {word.lower() for word in _WORD.findall(text)}
    return frozenset(whole | {part for word in whole for part in re.split(r"[._]", word)})
