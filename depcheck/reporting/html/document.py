"""The whole page: head, verdict, a section per environment, foot.

It loads nothing from the network.
"""

import hashlib
from base64 import b64encode
from collections.abc import Sequence
from importlib.resources import files
from xml.etree.ElementTree import Element

from depcheck.core.messages.summary import find_worst_status, format_summary_line
from depcheck.core.model.report import EnvironmentReport, Report
from depcheck.reporting.html.elements import Child, build_status_badge, build_tag, get_status_grade, render_element
from depcheck.reporting.html.environment_section import build_environment_section
from depcheck.reporting.html.history import list_past_runs

_MAX_ROWS = 6000  # of all tables of changes together: a page that a phone still opens
_MIN_ROWS = 20
_EXIT_STATUS_ORDER = (1, 3, 0)  # exit statuses: what is broken comes first


def render_report_page(report: Report, earlier: Sequence[Report] = ()) -> str:
    """Render `report.html`.

    `earlier` are reports of earlier runs, in any order.
    """
    style, script = _read_resource("style.css"), _read_resource("script.js")
    body = render_element(build_tag("body", _build_header(report), _build_main(report, earlier), _build_footer(report)))
    head = render_element(build_tag("title", f"depcheck: {format_summary_line(report)}"))
    return _PAGE_TEMPLATE.format(
        policy=_build_security_policy(style, script), title=head, style=style, script=script, body=body
    )


_PAGE_TEMPLATE = """\
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


def _build_security_policy(style: str, script: str) -> str:
    """Return the content security policy of the page.

    Nothing is loaded or sent, and only our own style and script, identified by their digests, are allowed.
    """
    return (
        f"default-src 'none'; style-src {_compute_csp_digest(style)}; script-src {_compute_csp_digest(script)}; "
        "base-uri 'none'; form-action 'none'"
    )


def _compute_csp_digest(text: str) -> str:
    return f"'sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _read_resource(name: str) -> str:
    return files("depcheck.reporting.html").joinpath(name).read_text(encoding="utf-8")


def _build_header(report: Report) -> Element:
    moment = report.as_of or report.finished_at
    of_what: Child = [" of ", build_tag("code", report.repository)] if report.repository else None
    at: Child = [" at ", build_tag("code", report.commit[:12])] if report.commit else None
    return build_tag(
        "header",
        build_tag("h1", "depcheck: ", format_summary_line(report).partition(": ")[2] or "nothing was checked"),
        build_tag(
            "p",
            build_status_badge(find_worst_status(report)),
            f" The package index as of {moment:%Y-%m-%d %H:%M} UTC",
            of_what,
            at,
            ".",
        ),
        class_=get_status_grade(find_worst_status(report)),
    )


def _build_main(report: Report, earlier: Sequence[Report]) -> Element:
    ordered = sorted(
        enumerate(report.environments), key=lambda pair: _EXIT_STATUS_ORDER.index(pair[1].status.exit_status)
    )
    rows = max(_MIN_ROWS, _MAX_ROWS // max(1, len(ordered)))
    sections = [
        build_environment_section(each, place, list_past_runs(each.name, [*earlier, report]), rows)
        for place, each in ordered
    ]
    return build_tag("main", _build_contents(ordered), sections, id="main")


def _build_contents(ordered: Sequence[tuple[int, EnvironmentReport]]) -> Child:
    if len(ordered) < 2:  # noqa: PLR2004  # one section needs no contents
        return None
    items = [
        build_tag(
            "li",
            build_tag("a", each.name, href=f"#e{place}"),
            " ",
            build_status_badge(each.status),
            f" {each.reason[:160]}",
        )
        for place, each in ordered
    ]
    return build_tag(
        "nav", build_tag("h2", "Environments", id="contents"), build_tag("ul", items), aria_labelledby="contents"
    )


def _build_footer(report: Report) -> Element:
    walls = ", ".join(f"{name.replace('_', ' ')}: {_format_value(value)}" for name, value in report.isolation.items())
    took_s = (report.finished_at - report.started_at).total_seconds()
    return build_tag(
        "footer",
        build_tag(
            "p",
            f"{report.tool.name} {report.tool.version}; {took_s:.0f} s. Beside this page: ",
            _build_file_links(),
            ".",
        ),
        build_tag("p", f"Isolation: {walls}.") if walls else None,
    )


def _build_file_links() -> Child:
    names = ("report.json", "report.md", "logs/")
    return [[", " if at else "", build_tag("a", name, href=name)] for at, name in enumerate(names)]


def _format_value(value: bool | int | str) -> str:  # noqa: FBT001  # as the report has it
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
