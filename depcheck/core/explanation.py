"""What a culprit took away, in words: what a failure says is missed, and the sentence for what was found.

A failure's text only says what to look for. Nothing is claimed before both releases' files have shown it.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from packaging.utils import NormalizedName
from packaging.version import Version

from depcheck.core.checks import Failure
from depcheck.core.plain import one_line

MOST_SOUGHT, MOST_FRAMES, MOST_CHARS = 12, 60, 64 << 10

_MODULE = re.compile(r"No module named ['\"]?(\w+(?:\.\w+)*)")
_NAME = re.compile(r"cannot import name ['\"]?(\w+)['\"]? from (?:partially initialized module )?['\"]?([\w.]+\w)")
_ATTRIBUTE = re.compile(r"module ['\"]([\w.]+)['\"] has no attribute ['\"](\w+)")
_MEMBER = re.compile(r"(?:'(\w+)' object|type object '(\w+)') has no attribute '(\w+)'")
_PARAMETER = re.compile(r"(?<![\w.])([\w.]+)\(\) got an unexpected keyword argument ['\"](\w+)")
_NEEDED = re.compile(r"(?<![\w.])([\w.]+)\(\) missing \d+ required (?:positional|keyword-only) arguments?: '(\w+)'")
_ARITY = re.compile(
    r"(?<![\w.])((?:\w+\.)*)(\w+)\(\)\s+takes\s+(?:from\s+)?\d+\s+(?:to\s+\d+\s+)?positional\s+arguments?\s+but"
)
_FRAMES = re.compile(
    r"File \"(?P<one>[^\"\n<]+)\", line (?P<at>\d{1,9})(?!\d)|^(?P<other>[^\s:<>│]+\.py):(?P<line>\d{1,9}):",
    re.MULTILINE,
)
_SITE = re.compile(r".*(?:site|dist)-packages/")
_PLAIN_PATH = re.compile(r"[\w.+@-]+(?:/[\w.+@-]+)*")


class Missed(StrEnum):
    """What kind of thing a dependent misses."""

    MODULE = "module"
    NAME = "name"  # of a module: imported from it, or an attribute of it
    MEMBER = "member"  # of a class
    PARAMETER = "parameter"  # that a call passes
    OVERRIDE = "override"  # a parameter that a method defined elsewhere does not have
    NEEDED = "needed"  # a parameter that a call does not pass
    PLACES = "places"  # for arguments that a call passes by place


@dataclass(frozen=True, slots=True)
class Sought:
    """What a failure says is missed: `name` of `owner`; `owner` is a dotted module, a class, a callable, or empty."""

    kind: Missed
    owner: str
    name: str


@dataclass(frozen=True, slots=True)
class Frame:
    """A place in a traceback. `path` is below site-packages, or (`installed` is false) as the traceback has it."""

    path: str
    line: int
    installed: bool


@dataclass(frozen=True, slots=True)
class Step:
    """A culprit's two releases. `dropped` are requirements that the first bad one no longer has, with their modules."""

    name: NormalizedName
    last_good: Version
    first_bad: Version
    dropped: tuple[tuple[NormalizedName, frozenset[str]], ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """What both releases' files and a dependent's file show. `path` and `line` are empty where no use was found."""

    kind: Missed
    owner: str
    name: str
    path: str = ""
    line: int = 0


def sought(failure: Failure) -> tuple[Sought, ...]:
    """What the failure misses, its headline first, then its evidence from the end; at most MOST_SOUGHT."""
    end = failure.evidence[-MOST_CHARS:]
    found = [*_sought(failure.headline), *reversed(list(_sought(end)))]
    return tuple(dict.fromkeys(found))[:MOST_SOUGHT]


def frames(failure: Failure) -> tuple[Frame, ...]:
    """The files of the tracebacks, innermost first; at most MOST_FRAMES. They are hints: files may have changed."""
    matches = list(_FRAMES.finditer(failure.evidence[-MOST_CHARS:]))[-MOST_FRAMES:]
    found = (_frame(m["one"] or m["other"], int(m["at"] or m["line"])) for m in reversed(matches))
    return tuple(dict.fromkeys(found))


def sentence(step: Step, found: Found) -> str:
    """Say it: `kombu 4.2.0 removed the module kombu.async; celery/utils/timer2.py line 19 imports it.`."""
    what, use = _WORDS[found.kind]
    names = {"owner": found.owner, "name": found.name, "full": f"{found.owner}.{found.name}".strip(".")}
    said = f"{step.name} {step.first_bad} {what.format(**names)}"
    return one_line(f"{said}{_place(found, use)}.", 500)


def dropped_sentence(step: Step, requirement: NormalizedName, path: str, line: int) -> str:
    """Say it: `nbformat 5.2.0 no longer requires ipython-genutils; nbconvert/x.py line 11 imports it.`."""
    place = _place(Found(Missed.MODULE, "", requirement, path, line), "imports it")
    return one_line(f"{step.name} {step.first_bad} no longer requires {requirement}{place}.", 500)


_WORDS = {
    Missed.MODULE: ("removed the module {full}", "imports it"),
    Missed.NAME: ("removed {name} from {owner}", "uses it"),
    Missed.MEMBER: ("removed the attribute {name} of {owner}", "uses it"),
    Missed.PARAMETER: ("no longer takes the parameter {name} in {owner}", "passes it"),
    Missed.NEEDED: ("requires the parameter {name} in {owner}", "does not pass it"),
    Missed.PLACES: ("takes no more than {name} arguments by position in {owner}", "passes more"),
    Missed.OVERRIDE: ("added the parameter {name} to {owner}", "defines the method without it"),
}


def _place(found: Found, use: str) -> str:
    shown = found.line > 0 and _PLAIN_PATH.fullmatch(found.path)
    return f"; {found.path} line {found.line} {use}" if shown else ""


def _sought(text: str) -> Iterable[Sought]:
    hits = [
        *((m.start(), Sought(Missed.MODULE, "", m[1])) for m in _MODULE.finditer(text)),
        *((m.start(), Sought(Missed.NAME, m[2], m[1])) for m in _NAME.finditer(text)),
        *((m.start(), Sought(Missed.NAME, m[1], m[2])) for m in _ATTRIBUTE.finditer(text)),
        *((m.start(), Sought(Missed.MEMBER, m[1] or m[2], m[3])) for m in _MEMBER.finditer(text)),
        *((m.start(), Sought(Missed.PARAMETER, m[1], m[2])) for m in _PARAMETER.finditer(text)),
        *((m.start(), Sought(Missed.NEEDED, m[1], m[2])) for m in _NEEDED.finditer(text)),
        *((m.start(), each) for m in _ARITY.finditer(text) for each in _of_arity(m[1].strip("."), m[2])),
    ]
    return (each for _, each in sorted(hits, key=lambda hit: hit[0]))


def _of_arity(owner: str, name: str) -> Iterable[Sought]:
    """A method that its caller knows better, or a call that knows the callable badly."""
    if owner:
        yield Sought(Missed.OVERRIDE, owner.rpartition(".")[2], name)
    yield Sought(Missed.PLACES, f"{owner}.{name}".strip("."), "")


def _frame(path: str, line: int) -> Frame:
    below = _SITE.sub("", path)
    return Frame(below, line, installed=below != path)
