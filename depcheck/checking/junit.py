"""Read JUnit XML that a stranger's test run has written: no entities, no document type, bounded, nothing kept twice."""

from dataclasses import dataclass, field
from xml.parsers.expat import ExpatError, ParserCreate

MOST_BYTES = 64 << 20
MOST_TEXT_CHARS = 256 << 10
MOST_CASES = 200_000
_BAD = frozenset({"failure", "error"})


class UnreadableResultsError(Exception):
    """The file is not the JUnit XML of an honest run."""


@dataclass(slots=True)
class Case:
    """One test. `problem` is None for one that passed or was skipped, else message and text of what went wrong."""

    id: str
    problem: tuple[str, str] | None = None
    skipped: bool = False


@dataclass(slots=True)
class _Reading:
    cases: list[Case] = field(default_factory=list)
    message: str = ""
    text: list[str] = field(default_factory=list)
    room: int = 0
    inside: str = ""

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "testcase":
            if len(self.cases) >= MOST_CASES:
                raise UnreadableResultsError(f"it holds more than {MOST_CASES:,} tests")
            place, name = attributes.get("classname", ""), attributes.get("name", "")
            self.cases.append(Case(f"{place}::{name}" if place else name))
        elif tag in _BAD and self.cases:
            self.inside, self.message, self.text, self.room = tag, attributes.get("message", ""), [], MOST_TEXT_CHARS
        elif tag == "skipped" and self.cases:
            self.cases[-1].skipped = True

    def characters(self, text: str) -> None:
        if self.inside and self.room > 0:
            self.text.append(text[: self.room])
            self.room -= len(text)

    def end(self, tag: str) -> None:
        if tag == self.inside:
            self.cases[-1].problem = self.cases[-1].problem or (self.message[:MOST_TEXT_CHARS], "".join(self.text))
            self.inside = ""


def _refuse(*_: object) -> None:
    raise UnreadableResultsError("it declares a document type or entities")


def read_cases(content: bytes) -> list[Case]:
    """The tests of one file, in order.

    Raises:
        UnreadableResultsError: It is no XML, or declares what no test runner writes.
    """
    reading = _Reading()
    parser = ParserCreate("utf-8")
    parser.buffer_text = True
    parser.StartElementHandler = reading.start
    parser.EndElementHandler = reading.end
    parser.CharacterDataHandler = reading.characters
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = _refuse
    try:
        parser.Parse(content, True)
    except ExpatError as error:
        raise UnreadableResultsError(str(error)) from None
    return reading.cases
