"""Parse results of tests that are written as JUnit's XML.

No entities, no document type, bounded size, each test's problem stored once.
"""

import re
from dataclasses import dataclass, field
from xml.parsers.expat import ExpatError, ParserCreate

MOST_TEXT_CHARS = 256 << 10
MOST_CASES = 200_000
_PROBLEM_TAGS = frozenset({"failure", "error"})
_ESCAPED = re.compile(r"#x1B\[[0-9;]*m|#x(?:[01][0-9A-F]|7F)")  # how pytest writes colours and what XML has no room for


class UnreadableResultsError(Exception):
    """A result file that no honest test run has written."""


@dataclass(slots=True)
class JunitCase:
    """One test of a JUnit file.

    `problem` is None for a test that passed or was skipped, else the message and text of the failure or
    error.
    """

    id: str
    problem: tuple[str, str] | None = None
    is_skipped: bool = False


@dataclass(slots=True)
class _JunitHandler:
    cases: list[JunitCase] = field(default_factory=list)
    message: str = ""
    text: list[str] = field(default_factory=list)
    chars_left: int = 0
    open_tag: str = ""

    def start_element(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "testcase":
            if len(self.cases) >= MOST_CASES:
                raise UnreadableResultsError(f"it holds more than {MOST_CASES:,} tests")
            place, name = attributes.get("classname", ""), attributes.get("name", "")
            self.cases.append(JunitCase(f"{place}::{name}" if place else name))
        elif tag in _PROBLEM_TAGS and self.cases:
            self.open_tag, self.message, self.text, self.chars_left = (
                tag,
                attributes.get("message", ""),
                [],
                MOST_TEXT_CHARS,
            )
        elif tag == "skipped" and self.cases:
            self.cases[-1].is_skipped = True

    def add_characters(self, text: str) -> None:
        if self.open_tag and self.chars_left > 0:
            self.text.append(text[: self.chars_left])
            self.chars_left -= len(text)

    def finish_element(self, tag: str) -> None:
        if tag == self.open_tag:
            said = (_ESCAPED.sub("", self.message[:MOST_TEXT_CHARS]), _ESCAPED.sub("", "".join(self.text)))
            self.cases[-1].problem = self.cases[-1].problem or said
            self.open_tag = ""


def _refuse_declaration(*_: object) -> None:
    raise UnreadableResultsError("it declares a document type or entities")


def parse_junit_cases(content: bytes) -> list[JunitCase]:
    """Parse the tests of one file, in order.

    Raises:
        UnreadableResultsError: It is no XML, or declares what no test runner writes.
    """
    reading = _JunitHandler()
    parser = ParserCreate("utf-8")
    parser.buffer_text = True
    parser.StartElementHandler = reading.start_element
    parser.EndElementHandler = reading.finish_element
    parser.CharacterDataHandler = reading.add_characters
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = _refuse_declaration
    try:
        parser.Parse(content, True)
    except ExpatError as error:
        raise UnreadableResultsError(str(error)) from None
    return reading.cases
