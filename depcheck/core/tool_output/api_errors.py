"""API errors in failures, and sentences about the changes behind them.

A failure's text only tells what to look for. A change is reported only if the files of both releases show
it.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from packaging.utils import NormalizedName
from packaging.version import Version

from depcheck.core.model.checks import Failure
from depcheck.core.text.terminal_safe import to_one_line

MOST_SYMBOLS, MOST_FRAMES, MOST_CHARS = 12, 60, 64 << 10

_MODULE = re.compile(r"No module named ['\"]?(\w+(?:\.\w+)*)")
_NAME = re.compile(r"cannot import name ['\"]?(\w+)['\"]? from (?:partially initialized module )?['\"]?([\w.]+\w)")
_ATTRIBUTE = re.compile(r"module ['\"]([\w.]+)['\"] has no attribute ['\"](\w+)")
# `np.asfarray` was removed in the NumPy 2.0 release: the module's own words, with its alias
_WITHDRAWN = re.compile(
    r"[`'\"](\w+)((?:\.\w+)*)\.(\w+)[`'\"] (?:was|has been|is) removed (?:in|from|since) (?:the )?(\w+)"
)
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
_IDENTIFIER = re.compile(r"(?<![\w.])[A-Za-z_]\w{2,60}(?![\w.])")
_PLAIN_DETAIL = re.compile(r"[\w .,:*=()'\"…+-]{1,400}")
_USED_LINE = re.compile(r"(?<![\w./-])([\w.+@-]+(?:/[\w.+@-]+)*\.pyi?) line (\d{1,7})\b")
MOST_USES_NAMED = 20
_MOST_USES_SHOWN = 3  # in a body
_OTHER_USES = re.compile(r" It is also used at ((?:\S+ line \d+, )*\S+ line \d+)(?: and (\d+) more lines)?\.$")
_PLAIN_PATH = re.compile(r"[\w.+@-]+(?:/[\w.+@-]+)*")


class ApiChangeKind(StrEnum):
    """The kinds of API change that can break a dependent."""

    MODULE = "module"
    NAME = "name"  # of a module: imported from it, or an attribute of it
    MEMBER = "member"  # of a class
    PARAMETER = "parameter"  # that a call passes
    OVERRIDE = "override"  # a parameter that a method defined elsewhere does not have
    NEEDED = "needed"  # a parameter that a call does not pass
    PLACES = "places"  # for arguments that a call passes by place
    REFUSED = "refused"  # a name that the module's error says is missing
    DEFAULT = "default"  # of a parameter that a call does not pass
    SIGNATURE = "signature"  # of what a call calls


@dataclass(frozen=True, slots=True)
class MissingSymbol:
    """A symbol that a failure reports as missing: `name` of `owner`.

    `owner` is a dotted module, a class, a callable, or empty.
    """

    kind: ApiChangeKind
    owner: str
    name: str


@dataclass(frozen=True, slots=True)
class TracebackFrame:
    """One frame of a traceback.

    `path` is below site-packages, or, if `is_installed` is False, as the traceback has it.
    """

    path: str
    line: int
    is_installed: bool


@dataclass(frozen=True, slots=True)
class ReleaseStep:
    """A culprit's two releases.

    `dropped` are requirements that the first bad one no longer has, with their modules. `gap` says that releases
    between the two were not judged.
    """

    name: NormalizedName
    last_good: Version
    first_bad: Version
    dropped_requirements: tuple[tuple[NormalizedName, frozenset[str]], ...] = ()
    gap: bool = False

    def to_sentence(self, what: str) -> str:
        """Say what the release did, or what one of several did."""
        if self.gap:
            return f"between {self.last_good} and {self.first_bad}, {self.name} {what}"
        return f"{self.name} {self.first_bad} {what}"


@dataclass(frozen=True, slots=True)
class ApiChange:
    """An API change that both releases' files and a dependent's file show.

    `path` and `line` are the use in the dependent, and empty if no use was found. `detail` says what is there now.
    """

    kind: ApiChangeKind
    owner: str
    name: str
    path: str = ""
    line: int = 0
    detail: str = ""


def find_missing_symbols(failure: Failure) -> tuple[MissingSymbol, ...]:
    """Find the symbols that the failure reports as missing.

    Those of the headline come first, then those of the evidence from its end. At most MOST_SYMBOLS.
    """
    end = failure.evidence[-MOST_CHARS:]
    found = [*_match_symbols(failure.headline), *reversed(list(_match_symbols(end)))]
    return tuple(dict.fromkeys(found))[:MOST_SYMBOLS]


def find_named_words(failure: Failure) -> tuple[str, ...]:
    """Find the identifiers in the error's own sentence, without its type."""
    return tuple(dict.fromkeys(_IDENTIFIER.findall(failure.headline[:MOST_CHARS].partition(": ")[2])))


def is_test_path(path: str) -> bool:
    """Return True for the path of what only tests use."""
    *folders, name = path.split("/")
    is_named_so = name == "tests.py" or name.startswith(("test_", "conftest")) or name.endswith("_test.py")
    return is_named_so or not {"test", "tests", "testing"}.isdisjoint(folders)


def parse_traceback_frames(failure: Failure) -> tuple[TracebackFrame, ...]:
    """Parse the frames of the failure's tracebacks, innermost first.

    At most MOST_FRAMES. They are hints, because the files may have changed.
    """
    matches = list(_FRAMES.finditer(failure.evidence[-MOST_CHARS:]))[-MOST_FRAMES:]
    found = (_build_frame(m["one"] or m["other"], int(m["at"] or m["line"])) for m in reversed(matches))
    return tuple(dict.fromkeys(found))


def format_api_change(step: ReleaseStep, found: ApiChange) -> str:
    """Format one sentence about an API change.

    Example: `kombu 4.2.0 removed the module kombu.async; celery/utils/timer2.py line 19 imports it.`.
    """
    what, use = _CHANGE_PHRASES[found.kind]
    names = {"owner": found.owner, "name": found.name, "full": f"{found.owner}.{found.name}".strip(".")}
    said = step.to_sentence(what.format(**names))
    detail = f" ({found.detail})" if _PLAIN_DETAIL.fullmatch(found.detail) else ""
    return to_one_line(f"{said}{detail}{_format_usage(found, use)}.", 500)


def format_definition(step: ReleaseStep, name: str, path: str, line: int) -> str:
    """Format where the project defines what the error names.

    Empty where the file's name is not plain.
    """
    shown = _PLAIN_PATH.fullmatch(path) and line > 0
    said = f"With {step.name} {step.first_bad} the error is about {name}; {path} line {line} defines it."
    return to_one_line(said, 500) if shown else ""


def format_place(step: ReleaseStep, path: str, line: int) -> str:
    """Format the innermost line outside of the culprit."""
    shown = _PLAIN_PATH.fullmatch(path) and line > 0
    return (
        to_one_line(f"With {step.name} {step.first_bad} the error comes from {path} line {line}.", 500) if shown else ""
    )


def format_dropped_requirement(step: ReleaseStep, requirement: NormalizedName, path: str, line: int) -> str:
    """Format one sentence about a requirement that a release dropped.

    Example: `nbformat 5.2.0 no longer requires ipython-genutils; nbconvert/x.py line 11 imports it.`.
    """
    place = _format_usage(ApiChange(ApiChangeKind.MODULE, "", requirement, path, line), "imports it")
    return to_one_line(f"{step.to_sentence(f'no longer requires {requirement}')}{place}.", 500)


def format_other_uses(places: Sequence[tuple[str, int]]) -> str:
    """Format the other lines that use what was changed, or empty.

    Example: ` It is also used at shop/models.py line 4.`; `parse_used_lines` reads the places.
    """
    good = [f"{path} line {line}" for path, line in places if line > 0 and _PLAIN_PATH.fullmatch(path)]
    if not good:
        return ""
    more = f" and {len(good) - MOST_USES_NAMED} more lines" if len(good) > MOST_USES_NAMED else ""
    return f" It is also used at {', '.join(good[:MOST_USES_NAMED])}{more}."


def shorten_other_uses(explanation: str) -> str:
    """Shorten an explanation that names many lines to the first ones.

    All of them are in the fix brief.
    """
    found = _OTHER_USES.search(explanation)
    named = found[1].split(", ") if found else []
    left = len(named) - _MOST_USES_SHOWN + int((found and found[2]) or 0)
    if not found or left <= 1:
        return explanation
    return f"{explanation[: found.start(1)]}{', '.join(named[:_MOST_USES_SHOWN])} and {left} more lines."


def parse_used_lines(explanation: str) -> tuple[tuple[str, int], ...]:
    """Parse the places that an explanation names, in its order."""
    found = ((match[1], int(match[2])) for match in _USED_LINE.finditer(explanation))
    return tuple(dict.fromkeys(found))


_CHANGE_PHRASES = {
    ApiChangeKind.MODULE: ("removed the module {full}", "imports it"),
    ApiChangeKind.NAME: ("removed {name} from {owner}", "uses it"),
    ApiChangeKind.MEMBER: ("removed the attribute {name} of {owner}", "uses it"),
    ApiChangeKind.PARAMETER: ("no longer takes the parameter {name} in {owner}", "passes it"),
    ApiChangeKind.NEEDED: ("requires the parameter {name} in {owner}", "does not pass it"),
    ApiChangeKind.PLACES: ("takes no more than {name} arguments by position in {owner}", "passes more"),
    ApiChangeKind.REFUSED: ("no longer has {full}, as its own error says", "uses it"),
    ApiChangeKind.DEFAULT: ("changed the default of {name} in {owner}", "does not pass it"),
    ApiChangeKind.SIGNATURE: ("changed the parameters of {owner}", "calls it"),
    ApiChangeKind.OVERRIDE: ("added the parameter {name} to {owner}", "defines the method without it"),
}


def _format_usage(found: ApiChange, use: str) -> str:
    """Format where a dependent uses the symbol, or return an empty string."""
    shown = found.line > 0 and _PLAIN_PATH.fullmatch(found.path)
    return f"; {found.path} line {found.line} {use}" if shown else ""


def _match_symbols(text: str) -> Iterable[MissingSymbol]:
    """Return the missing symbols in a text, in its order."""
    hits = [
        *((m.start(), MissingSymbol(ApiChangeKind.MODULE, "", m[1])) for m in _MODULE.finditer(text)),
        *((m.start(), MissingSymbol(ApiChangeKind.NAME, m[2], m[1])) for m in _NAME.finditer(text)),
        *((m.start(), MissingSymbol(ApiChangeKind.NAME, m[1], m[2])) for m in _ATTRIBUTE.finditer(text)),
        *((m.start(), MissingSymbol(ApiChangeKind.NAME, owner + m[2], m[3])) for owner, m in _match_withdrawn(text)),
        *((m.start(), MissingSymbol(ApiChangeKind.MEMBER, m[1] or m[2], m[3])) for m in _MEMBER.finditer(text)),
        *((m.start(), MissingSymbol(ApiChangeKind.PARAMETER, m[1], m[2])) for m in _PARAMETER.finditer(text)),
        *((m.start(), MissingSymbol(ApiChangeKind.NEEDED, m[1], m[2])) for m in _NEEDED.finditer(text)),
        *((m.start(), each) for m in _ARITY.finditer(text) for each in _interpret_arity_error(m[1].strip("."), m[2])),
    ]
    return (each for _, each in sorted(hits, key=lambda hit: hit[0]))


def _match_withdrawn(text: str) -> Iterable[tuple[str, re.Match[str]]]:
    """Match what a module says of its own removals.

    The first word is its name or an alias of it.
    """
    for match in _WITHDRAWN.finditer(text):
        yield from ((owner, match) for owner in dict.fromkeys((match[4].lower(), match[1])))


def _interpret_arity_error(owner: str, name: str) -> Iterable[MissingSymbol]:
    """Yield the two explanations of an error about the number of arguments.

    Either the caller knows a newer signature of a method that a subclass overrides, or the call does not fit
    the callable.
    """
    if owner:
        yield MissingSymbol(ApiChangeKind.OVERRIDE, owner.rpartition(".")[2], name)
    yield MissingSymbol(ApiChangeKind.PLACES, f"{owner}.{name}".strip("."), "")


def _build_frame(path: str, line: int) -> TracebackFrame:
    """Build a frame, with the path cut at site-packages."""
    below = _SITE.sub("", path)
    return TracebackFrame(below, line, is_installed=below != path)
