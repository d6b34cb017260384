"""The bar that tells where the time of a run went."""

from collections.abc import Iterator, Mapping
from xml.etree.ElementTree import Element

from depcheck.core.text.phrases import format_spent_time
from depcheck.reporting.html.elements import Child, build_tag

_WIDTH, _HEIGHT, _GAP = 600, 14, 2
_MOST_PARTS, _SHADES = 12, 6
_LEAST_S = 1.0  # below it nobody asks where the time went


def build_time_bar(spent_s: Mapping[str, float]) -> Child:
    """Build a bar of the parts, with their seconds below it.

    None for a run that took no time.
    """
    parts = {name: max(0.0, seconds) for name, seconds in list(spent_s.items())[:_MOST_PARTS]}
    whole = sum(parts.values())
    if not _LEAST_S <= whole < float("inf"):
        return None
    told = format_spent_time(parts)
    bar = build_tag(
        "svg",
        *_build_parts(parts, whole),
        viewBox=f"0 0 {_WIDTH} {_HEIGHT}",
        preserveAspectRatio="none",
        class_="spent",
        role="img",
        aria_label=f"{whole:.0f} s: {told}",
    )
    keys = [
        build_tag("li", build_tag("span", "", class_=f"key shade{number % _SHADES}", aria_hidden="true"), f" {each}")
        for number, each in enumerate(told.split(", "))
    ]
    return [bar, build_tag("ul", keys, class_="legend")]


def _build_parts(parts: Mapping[str, float], whole: float) -> Iterator[Element]:
    left = 0.0
    for number, seconds in enumerate(parts.values()):
        width = _WIDTH * seconds / whole
        yield build_tag(
            "rect",
            x=f"{left:.1f}",
            width=f"{max(0.0, width - _GAP):.1f}",
            height=_HEIGHT,
            class_=f"shade{number % _SHADES}",
        )
        left += width
