"""The whole page: head, verdict, one section an environment, foot. No address of the network is in it."""

import hashlib
from base64 import b64encode
from collections.abc import Sequence
from importlib.resources import files
from xml.etree.ElementTree import Element

from depcheck.core.report import EnvironmentReport, Report
from depcheck.core.summary import summary_line, worst
from depcheck.reporting.page.elements import Child, tag, written
from depcheck.reporting.page.environment import environment
from depcheck.reporting.page.history import nights
from depcheck.reporting.page.words import badge, grade

_MOST_ROWS = 6000  # of all tables of changes together: a page that a phone still opens
_FEWEST_ROWS = 20
_URGENCY = (1, 3, 0)  # exit statuses: what is broken comes first


def page(report: Report, earlier: Sequence[Report] = ()) -> str:
    """`report.html`. `earlier` are reports of past nights, in any order."""
    style, script = _resource("style.css"), _resource("script.js")
    body = written(tag("body", _header(report), _main(report, earlier), _footer(report)))
    head = written(tag("title", f"depcheck: {summary_line(report)}"))
    return _SHELL.format(policy=_policy(style, script), title=head, style=style, script=script, body=body)


_SHELL = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="color-scheme" content="light dark">
{title}
<style>{style}</style>
</head>
{body}
<script>{script}</script>
</html>
"""


def _policy(style: str, script: str) -> str:
    """Nothing is loaded, nothing is sent, and only our own style and script have a say, known by their digests."""
    return (
        f"default-src 'none'; style-src {_digest(style)}; script-src {_digest(script)}; "
        "base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    return f"'sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _resource(name: str) -> str:
    return files("depcheck.reporting.page").joinpath(name).read_text(encoding="utf-8")


def _header(report: Report) -> Element:
    moment = report.as_of or report.finished_at
    of_what: Child = [" of ", tag("code", report.repository)] if report.repository else None
    at: Child = [" at ", tag("code", report.commit[:12])] if report.commit else None
    return tag(
        "header",
        tag("h1", "depcheck: ", summary_line(report).partition(": ")[2] or "nothing was judged"),
        tag("p", badge(worst(report)), f" The package index as of {moment:%Y-%m-%d %H:%M} UTC", of_what, at, "."),
        class_=grade(worst(report)),
    )


def _main(report: Report, earlier: Sequence[Report]) -> Element:
    ordered = sorted(enumerate(report.environments), key=lambda pair: _URGENCY.index(pair[1].status.exit_status))
    rows = max(_FEWEST_ROWS, _MOST_ROWS // max(1, len(ordered)))
    sections = [environment(each, place, nights(each.name, [*earlier, report]), rows) for place, each in ordered]
    return tag("main", _contents(ordered), sections, id="main")


def _contents(ordered: Sequence[tuple[int, EnvironmentReport]]) -> Child:
    if len(ordered) < 2:  # noqa: PLR2004  # one section needs no contents
        return None
    items = [
        tag("li", tag("a", each.name, href=f"#e{place}"), " ", badge(each.status), f" {each.reason[:160]}")
        for place, each in ordered
    ]
    return tag("nav", tag("h2", "Environments", id="contents"), tag("ul", items), aria_labelledby="contents")


def _footer(report: Report) -> Element:
    walls = ", ".join(f"{name.replace('_', ' ')}: {_word(value)}" for name, value in report.isolation.items())
    took_s = (report.finished_at - report.started_at).total_seconds()
    return tag(
        "footer",
        tag("p", f"{report.tool.name} {report.tool.version}; {took_s:.0f} s. Beside this page: ", _files(), "."),
        tag("p", f"Isolation: {walls}.") if walls else None,
    )


def _files() -> Child:
    names = ("report.json", "report.md", "logs/")
    return [[", " if at else "", tag("a", name, href=name)] for at, name in enumerate(names)]


def _word(value: bool | int | str) -> str:  # noqa: FBT001  # as the report has it
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
