"""Elements of the page. Foreign text enters through `tag` alone: cleaned, secrets masked, escaped when written."""

from collections.abc import Iterable
from typing import TypeAlias
from xml.etree.ElementTree import Element, tostring

from depcheck.core.outputs import clean
from depcheck.core.plain import one_line
from depcheck.core.redaction import redact

Child: TypeAlias = "Element | str | Iterable[Child] | None"

_TEXT_CHARS = 2000
_BLOCK_CHARS = 8000


def tag(name: str, /, *children: Child, **attributes: str | float | bool | None) -> Element:
    """An element. Texts are shown on one line; `class_` is class, `_` in a name is `-`, None and False leave it out."""
    element = Element(name)
    for key, value in attributes.items():
        if value is not None and value is not False:
            element.set(key.rstrip("_").replace("_", "-"), "" if value is True else _line(str(value)))
    _append(element, children)
    return element


def block(text: str, limit: int = _BLOCK_CHARS) -> Element:
    """Output of programs with its lines, at most the last `limit` characters; reachable by keyboard, it scrolls."""
    shown = redact(clean(text[-2 * limit :])).strip("\n")
    element = tag("pre", tabindex=0, role="group", aria_label="Output")
    element.text = shown if len(shown) <= limit else f"[the beginning is left out]\n{shown[-limit:]}"
    return element


def hidden(text: str) -> Element:
    """Words for those who hear the page."""
    return tag("span", text, class_="heard")


def is_address(url: str) -> bool:
    """Whether a foreign text may be where a link leads: to the web, in one word."""
    return url.startswith("https://") and url.isprintable() and not any(letter in url for letter in " \"'<>\\")


def folded(summary: Child, *children: Child, open_: bool = False) -> Element:
    """What opens by a click, or by Enter."""
    return tag("details", tag("summary", summary), *children, open=open_)


def scrolling(label: str, *children: Child) -> Element:
    """What may be wider than a phone, reachable by keyboard."""
    return tag("div", *children, class_="wide", tabindex=0, role="group", aria_label=label)


def table(caption: str, head: Iterable[str], rows: Iterable[Iterable[Child]], class_: str = "") -> Element:
    """A table whose first column names its rows."""
    return tag(
        "table",
        tag("caption", caption),
        tag("thead", tag("tr", [tag("th", name, scope="col") for name in head])),
        tag("tbody", [_row(cells) for cells in rows]),
        class_=class_ or None,
    )


def _row(cells: Iterable[Child]) -> Element:
    first, *rest = cells
    return tag("tr", tag("th", first, scope="row"), [tag("td", cell) for cell in rest])


def written(element: Element) -> str:
    """The element as HTML."""
    return tostring(element, encoding="unicode", method="html")


def _append(element: Element, child: Child) -> None:
    if child is None:
        return
    if isinstance(child, Element):
        element.append(child)
    elif isinstance(child, str):
        _add_text(element, _line(child, ends=True))
    else:
        for each in child:
            _append(element, each)


def _add_text(element: Element, text: str) -> None:
    last = element[-1] if len(element) else None
    if last is None:
        element.text = (element.text or "") + text
    else:
        last.tail = (last.tail or "") + text


def _line(text: str, *, ends: bool = False) -> str:
    """`text` on one line; with `ends`, spaces that part it from its neighbours stay."""
    line = one_line(redact(clean(text[: 2 * _TEXT_CHARS])), _TEXT_CHARS)
    if not ends or not line:
        return line or (" " if ends and text else "")
    return f"{' ' * text[0].isspace()}{line}{' ' * text[-1].isspace()}"
