"""report.html: whole in one file, inert, and true to the report."""

import base64
import hashlib
import json
import re
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from depcheck.core.model.checks import CheckKind, Outcome
from depcheck.core.model.errors import UsageError
from depcheck.core.model.index_facts.caution_reports import AdvisoryReport, WithdrawnReport
from depcheck.core.model.report import (
    ChangeReport,
    CheckReport,
    ChecksReport,
    Confidence,
    Culprit,
    EnvironmentReport,
    LockfileReport,
    ProposalReport,
    Report,
    Tool,
    TrialReport,
)
from depcheck.core.model.report_json import decode_report, encode_report
from depcheck.core.model.status import Status
from depcheck.reporting.folder import read_earlier_reports
from depcheck.reporting.html.document import render_report_page
from depcheck.reporting.html.graph import SOURCE, build_layered_graph

sys.path.insert(0, str(Path(__file__).parent))

from outline import outline, read

NIGHT = datetime(2026, 11, 22, 3, 17, tzinfo=UTC)
GOLDEN = sorted((Path(__file__).parents[1] / "golden").glob("*/report.json"))


def environment(text: str = "werkzeug", **changed: object) -> EnvironmentReport:
    """Return a broken environment with `text` in every foreign place."""
    change = ChangeReport(
        text,
        "2.3.7",
        "3.0.0",
        False,
        ("flask",),
        NIGHT,
        "r.txt",
        why=text,
        warnings=(text,),
        links={"changelog": "https://example.com/changes", text: f"javascript:{text}"},
    )
    others = [ChangeReport(f"p{n}", "1.0", f"1.{n}", True, (), None, "r.txt") for n in range(1, 8)]
    check = CheckReport(CheckKind.SMOKE, text, Outcome.FAIL, 0.4, text, (text, f"{text}2"), 2, 0)
    culprit = Culprit(
        (text,), (f"{text}x",), {text: "2.3.7"}, {text: "3.0.0"}, text, text, NIGHT, (f"{text}<3",), explanation=text
    )
    log = (
        TrialReport((text,), {}, Outcome.FAIL, text, text),
        TrialReport(("p1",), {}, Outcome.FAIL, text, text, other=True),
        TrialReport((), {text: "2.3.8"}, Outcome.PASS, text),
    )
    whole = EnvironmentReport(
        "r.txt",
        "3.12",
        Status.BREAKS,
        text,
        (LockfileReport("r.txt", (text,), "pip-tools", "7.6.2", text),),
        (change, *others),
        ChecksReport((replace(check, outcome=Outcome.PASS, headline="", newly_failing=()),), (check,)),
        (culprit,),
        3,
        Confidence.MINIMAL,
        ProposalReport((text,), tuple(others), verified=True, files={"r.txt": text}, checks=(check,)),
        (text,),
        trial_log=log,
        advisories=(AdvisoryReport(text, "2.3.7", text, (text,), text, ("2.3.8",), "https://osv.dev/x", fresh=True),),
        withdrawn=(WithdrawnReport(text, "2.3.7", "yanked", text, "r.txt"),),
    )
    return replace(whole, **changed)


def report(*environments: EnvironmentReport, at: datetime = NIGHT) -> Report:
    return Report(Tool("depcheck", "1"), at, at, None, "owner/name", "0" * 40, {"user_dropped": True}, environments)


def shapes(html: str) -> list[tuple[str, tuple[str, ...]]]:
    """Every element with the names of its attributes, in order."""
    return [(tag, tuple(attributes)) for tag, attributes in read(html).tags]


@settings(deadline=None, max_examples=40)  # two whole pages an example
@given(st.text(st.sampled_from("<>&\"'/=-a1 \n\t\0\x1b\u202e]["), min_size=1, max_size=40).filter(str.strip))
def test_foreign_text_makes_no_element_and_no_attribute(text):
    """Add no element or attribute for any foreign text.

    A law: the page has those that it has for a plain word.
    """
    assert shapes(render_report_page(report(environment(text)))) == shapes(
        render_report_page(report(environment("werkzeug")))
    )


@pytest.mark.parametrize(
    "text",
    [
        "</pre><script>alert(1)</script>",
        "</title><img src=x onerror=alert(1)>",
        '" onmouseover="alert(1)',
        "<!--",
        "</style><style>*{display:none}",
        "javascript:alert(1)",
    ],
)
def test_known_attacks_are_shown_and_do_nothing(text):
    """Show known attacks as text without effect.

    No handler, no address, no comment comes of it.
    """
    html = render_report_page(report(environment(text)))
    assert text.replace("\n", " ") in outline(html)
    assert not read(html).comments
    for tag, attributes in read(html).tags:
        assert not any(name.startswith("on") or name in {"src", "style"} for name in attributes), tag
        assert attributes.get("href", "#").startswith(("#", "report.", "logs/", "https://"))


def test_secrets_in_output_are_masked():
    """A token that a test printed is not carried into an artifact."""
    assert "hunter2hunter2" not in render_report_page(report(environment("password=hunter2hunter2")))


def test_the_page_asks_nothing_of_a_network_and_trusts_only_its_own_script():
    """Allow only the page's own style and script by policy.

    By their digests.
    """
    html = render_report_page(report(environment()))
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', html)[1]
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    for name in ("style", "script"):
        (text,) = re.findall(rf"<{name}>(.*?)</{name}>", html, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{name}-src 'sha256-{digest}'" in policy
        assert not re.search(r"https?:|url\(|@import|fetch|XMLHttp", text)


def test_what_a_reader_looks_for_is_there():
    """Show causes, checks, trials, releases and the culprit's path."""
    text = outline(render_report_page(report(environment())))
    for part in (
        "werkzeug 3.0.0, released 2026-11-22, is the first bad release",
        "werkzeug | 2.3.7 → 3.0.0 | upgraded, major | flask | 2026-11-22 | werkzeug / ! werkzeug / changelog of werkzeug | culprit",
        "Trial 2: werkzeug. Otherwise: fail.",
        "2.3.8, pass, trial 3",
        "werkzeug is blamed; required by the source → flask → werkzeug",
        "✗ fails 2 failing, 2 newly, 0.4 s",
    ):
        assert part in text


def test_ids_are_unique_and_every_label_leads_somewhere():
    """With several environments of one kind too."""
    tags = read(render_report_page(report(environment(), environment(name="s.txt")))).tags
    ids = [attributes["id"] for _, attributes in tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    wanted = [word for _, a in tags for word in (a.get("aria-labelledby") or "").split()]
    wanted += [a["href"][1:] for _, a in tags if a.get("href", "").startswith("#")]
    assert set(wanted) <= set(ids)


def test_a_huge_report_is_still_a_page():
    """Show less of hundreds of environments, and say so."""
    many = tuple(ChangeReport(f"p{n}", "1", "2", True, (), None, "r.txt") for n in range(300))
    html = render_report_page(report(*[environment(name=f"{n}.txt", changes=many) for n in range(150)]))
    assert len(html) < 8_000_000
    assert "more; all of them are in report.json" in html


NAMES = st.sampled_from("abcdef")


@given(st.lists(st.lists(NAMES, min_size=1, max_size=5), min_size=1, max_size=12))
def test_every_package_stands_right_of_who_asks_for_it(chains):
    """Draw each package once, right of those that require it.

    A law: without circles every edge leads to a later column.
    """
    found = build_layered_graph([SOURCE, *dict.fromkeys(chain)] for chain in chains)
    place = {name: at for at, column in enumerate(found.columns) for name in column}
    assert sorted(place) == sorted({SOURCE} | {name for chain in chains for name in chain})
    assert place[SOURCE] == 0
    if all(chain == sorted(chain) for chain in chains):
        assert all(place[above] < place[below] for above, below in found.edges)


def test_earlier_runs_are_shown():
    """Show since when, the last green run, and past verdicts."""
    past = [
        report(environment(status=status, culprits=()), at=NIGHT - timedelta(days=days))
        for days, status in ((3, Status.QUIET), (2, Status.BREAKS), (1, Status.BREAKS), (4, Status.SAFE))
    ]
    text = outline(render_report_page(report(environment()), past))
    assert "breaks for 3 runs in a row, since 2026-11-20. Last green: 2026-11-19." in text
    assert text.index("2026-11-22 03:17 | ✗ breaks | 8 | werkzeug 3.0.0") < text.index("2026-11-18 03:17 | ✓ safe")
    assert "Earlier runs" not in outline(render_report_page(report(environment())))


def test_reports_of_past_nights_are_found_in_folders(tmp_path):
    """Find past reports in folders four levels deep.

    Files by name; what is no report there is passed over, a named file is not.
    """
    for days in range(3):
        folder = tmp_path / f"run-{days}" / "depcheck-report"
        folder.mkdir(parents=True)
        (folder / "report.json").write_bytes(encode_report(report(environment(), at=NIGHT - timedelta(days=days))))
    (tmp_path / "report.json").write_text(json.dumps({"schema": 0}))
    found = read_earlier_reports([tmp_path, tmp_path / "run-0" / "depcheck-report" / "report.json"])
    assert [each.finished_at.day for each in found] == [20, 21, 22, 22]
    for wrong in ("report.json", "nowhere"):
        with pytest.raises(UsageError, match="--history"):
            read_earlier_reports([tmp_path / wrong])


@pytest.mark.parametrize("frozen", GOLDEN, ids=lambda path: path.parent.name)
def test_the_page_of_a_real_night_is_the_one_that_was_looked_at(frozen):
    """Match the page that was looked at.

    `python tests/reporting/freeze_pages.py` writes the texts anew. Look at what changed.
    """
    text = outline(render_report_page(decode_report(frozen.read_bytes())))
    assert text == frozen.with_name("page.txt").read_text()
