"""HTML elements of the page.

Foreign text enters through `build_tag` and `build_output_block` alone: cleaned, secrets masked, escaped when
serialized.

A mark is shown beside every color.
"""

from collections.abc import Iterable
from typing import TypeAlias
from xml.etree.ElementTree import Element, tostring

from depcheck.core.model.checks import Outcome
from depcheck.core.model.report import EnvironmentReport
from depcheck.core.model.status import Status
from depcheck.core.text.process_output import clean_text
from depcheck.core.text.terminal_safe import redact_secrets, to_one_line

Child: TypeAlias = "Element | str | Iterable[Child] | None"

_MAX_TEXT_CHARS = 2000
_MAX_BLOCK_CHARS = 8000


def build_tag(name: str, /, *children: Child, **attributes: str | float | bool | None) -> Element:
    """Build an element.

    Texts are shown on one line. The attribute `class_` is written as class, `_` in a name as `-`; None and
    False leave an attribute out.
    """
    element = Element(name)
    for key, value in attributes.items():
        if value is not None and value is not False:
            element.set(key.rstrip("_").replace("_", "-"), "" if value is True else _clean_line(str(value)))
    _append_child(element, children)
    return element


def build_output_block(text: str, limit: int = _MAX_BLOCK_CHARS) -> Element:
    """Build a block of program output with its lines.

    At most the last `limit` characters are shown. It scrolls and is reachable by keyboard.
    """
    shown = redact_secrets(clean_text(text[-2 * limit :])).strip("\n")
    element = build_tag("pre", tabindex=0, role="group", aria_label="Output")
    element.text = shown if len(shown) <= limit else f"[the beginning is left out]\n{shown[-limit:]}"
    return element


def build_hidden_text(text: str) -> Element:
    """Build text for screen readers only."""
    return build_tag("span", text, class_="heard")


def is_web_address(url: str) -> bool:
    """Return True if a foreign text may be a link target.

    It must be an https address without spaces and quotes.
    """
    return url.startswith("https://") and url.isprintable() and not any(letter in url for letter in " \"'<>\\")


def build_details(summary: Child, *children: Child, open_: bool = False) -> Element:
    """Build content that opens by a click, or by Enter."""
    return build_tag("details", build_tag("summary", summary), *children, open=open_)


def build_scrollable(label: str, *children: Child) -> Element:
    """Build a box that scrolls if its content is wide.

    It may be wider than a phone, and is reachable by keyboard.
    """
    return build_tag("div", *children, class_="wide", tabindex=0, role="group", aria_label=label)


def build_table(caption: str, head: Iterable[str], rows: Iterable[Iterable[Child]], class_: str = "") -> Element:
    """Build a table whose first column names its rows."""
    return build_tag(
        "table",
        build_tag("caption", caption),
        build_tag("thead", build_tag("tr", [build_tag("th", name, scope="col") for name in head])),
        build_tag("tbody", [_build_table_row(cells) for cells in rows]),
        class_=class_ or None,
    )


def _build_table_row(cells: Iterable[Child]) -> Element:
    first, *rest = cells
    return build_tag("tr", build_tag("th", first, scope="row"), [build_tag("td", cell) for cell in rest])


def render_element(element: Element) -> str:
    """Render the element as HTML."""
    return tostring(element, encoding="unicode", method="html")


def _append_child(element: Element, child: Child) -> None:
    if child is None:
        return
    if isinstance(child, Element):
        element.append(child)
    elif isinstance(child, str):
        _add_text(element, _clean_line(child, ends=True))
    else:
        for each in child:
            _append_child(element, each)


def _add_text(element: Element, text: str) -> None:
    last = element[-1] if len(element) else None
    if last is None:
        element.text = (element.text or "") + text
    else:
        last.tail = (last.tail or "") + text


def _clean_line(text: str, *, ends: bool = False) -> str:
    """Return `text` on one line, cleaned and with secrets masked.

    With `ends`, spaces that separate it from its neighbors stay.
    """
    line = to_one_line(redact_secrets(clean_text(text[: 2 * _MAX_TEXT_CHARS])), _MAX_TEXT_CHARS)
    if not ends or not line:
        return line or (" " if ends and text else "")
    return f"{' ' * text[0].isspace()}{line}{' ' * text[-1].isspace()}"


OUTCOME_MARKS = {Outcome.PASS: "✓", Outcome.FAIL: "✗", Outcome.UNRESOLVED: "?"}
OUTCOME_WORDS = {Outcome.PASS: "passes", Outcome.FAIL: "fails", Outcome.UNRESOLVED: "gave no answer"}
OTHER_FAILURE_MARK, OTHER_FAILURE_WORDS = "≠", "fails otherwise"
GRADES = {0: "good", 1: "bad", 3: "unsure"}
_STATUS_MARKS = {0: "✓", 1: "✗", 3: "?"}


def build_status_badge(status: Status) -> Element:
    """Build a verdict with its color and mark."""
    mark = build_tag("span", _STATUS_MARKS[status.exit_status], aria_hidden="true")
    return build_tag("span", mark, f" {status}", class_=f"badge {get_status_grade(status)}")


def get_status_grade(status: Status) -> str:
    """Return the CSS class of a status: `good`, `bad` or `unsure`."""
    return GRADES[status.exit_status]


def build_outcome_label(outcome: Outcome, *, other: bool = False) -> Element:
    """Build an outcome with its color and mark."""
    mark = build_tag("span", OTHER_FAILURE_MARK if other else OUTCOME_MARKS[outcome], aria_hidden="true")
    return build_tag(
        "span", mark, f" {OTHER_FAILURE_WORDS if other else OUTCOME_WORDS[outcome]}", class_=f"result {outcome}"
    )


def list_blamed_packages(environment: EnvironmentReport) -> frozenset[str]:
    """Return the packages that are blamed."""
    return frozenset(name for culprit in environment.culprits for name in culprit.packages)


def list_companion_packages(environment: EnvironmentReport) -> frozenset[str]:
    """Return the packages that cannot move without a blamed one."""
    return frozenset(name for culprit in environment.culprits for name in culprit.companions) - list_blamed_packages(
        environment
    )
