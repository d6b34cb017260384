"""Foreign text in Markdown is shown, and does nothing."""

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from depcheck.core.messages import bodies, dashboard
from depcheck.core.messages.run_stamp import RunStamp
from depcheck.core.model.report import ChangeReport, Culprit, EnvironmentReport, LockfileReport, ProposalReport
from depcheck.core.model.status import Status
from depcheck.core.text.markdown import (
    BODY_LIMIT_BYTES,
    escape_prose,
    is_within_body_limit,
    neutralize_line,
    render_code_block,
    render_code_span,
    render_markdown_table,
)
from depcheck.core.text.terminal_safe import redact_secrets

PARSER = MarkdownIt("commonmark").enable("table")
ATTACKS = (
    "@owner", "owner/repo#1", "fixes #12", "Closes GH-3", "deadbeefcafe1234", "<script>alert(1)</script>", "<!-- depcheck",
    "```\nout", "~~~", "</details>", "[x](javascript:1)", "![](https://evil.example/x.png)", "https://evil.example", "www.evil.example",
    "| a | b |", "\n\n# Head", "\r::set-output name=x::y", "##[error]x", "\x1b[31m", "1. one", "- item", "> quote", "`", "``", "\\|", "\\",
    "***", "&lt;", "a@b.example", "\u202e", "===", "    code", "$x$", "[^1]: note", "<a href=x>", "`````` text",
)  # fmt: skip
HOSTILE = st.lists(st.sampled_from(ATTACKS) | st.text(max_size=12), max_size=8).map("".join)
DANGERS = re.compile(r"@\w|#\w|\bGH-\d|\b[0-9a-f]{7,40}\b|://|\bwww\.", re.IGNORECASE)

OUR_LINKS = re.compile(r"\]\(https://[a-z0-9.-]+\.[a-z]+(?:/[\w./~%+,;=?&#:!-]*)?\)", re.ASCII)


def rendered(markdown):
    """Return plain text, code text and token kinds of rendered Markdown."""
    texts, codes, kinds = [], [], set()
    for token in PARSER.parse(markdown):
        kinds.add(token.type)
        if token.type == "fence":
            codes.append(token.content)
        inside = False
        for child in token.children or ():
            kinds.add(child.type)
            if child.type == "html_inline":
                assert child.content in {"<code>", "</code>"}, child.content
                inside = child.content == "<code>"
            elif child.type == "text":
                (codes if inside else texts).append(child.content)
            elif child.type == "code_inline":
                codes.append(child.content)
        assert not inside
    return "".join(texts), codes, kinds


@settings(max_examples=60)
@given(HOSTILE)
def test_prose_is_words_only(text):
    """Law: no structure, no HTML, nobody mentioned, nothing referenced, closed or linked."""
    for markdown in (escape_prose(text), f"So: {escape_prose(text)} it is."):
        plain, _, kinds = rendered(markdown)
        assert kinds <= {"paragraph_open", "inline", "text", "paragraph_close"}
        assert not DANGERS.search(plain)


@settings(max_examples=60)
@given(HOSTILE)
def test_code_stays_in_its_element(text):
    """Keep code in one element, in tables of exactly its cells."""
    _, _, kinds = rendered(f"It is {render_code_span(text)}.")
    assert kinds <= {"paragraph_open", "inline", "text", "html_inline", "paragraph_close"}
    cells = [
        token
        for token in PARSER.parse(render_markdown_table(("a", "b"), [(render_code_span(text), escape_prose(text))]))
        if token.type == "td_open"
    ]
    assert len(cells) == 2


@settings(max_examples=60)
@given(HOSTILE)
def test_no_text_escapes_its_fence(text):
    """Keep all text inside its fence and the rest outside."""
    tokens = PARSER.parse(f"{render_code_block(text)}\n\nAfter.")
    kinds = [token.type for token in tokens if token.level == 0]
    after = ["paragraph_open", "paragraph_close"]
    assert kinds in (["fence", *after], after)
    assert tokens[-2].content == "After."


@settings(max_examples=60)
@given(HOSTILE)
def test_titles_are_one_harmless_line(text):
    """Law: a title names nobody and nothing, on one line."""
    title = neutralize_line(text)
    assert not DANGERS.search(title)
    assert len(title.splitlines()) <= 1


@settings(max_examples=40)
@given(st.lists(HOSTILE, min_size=6, max_size=6), st.sampled_from([Status.BREAKS, Status.STALE, Status.UNRESOLVABLE]))
def test_whole_bodies_hold_foreign_text(texts, status):
    """Keep blocks intact, mention no user, run no workflow command.

    A law for whole bodies, whatever a report says.
    """
    name, version, headline, evidence, note, path = texts
    culprit = Culprit(
        (name,),
        (note,),
        {name: version},
        {name: version},
        headline,
        evidence,
        None,
        (note,),
        explanation=note,
        trackers={name: note},
    )
    links = {"changelog": note, "diff": headline, "tracker": evidence}
    change = ChangeReport(
        name, version, None, False, (note,), None, path, note, note, note, headline, links, (note, evidence)
    )
    environment = EnvironmentReport(
        path,
        version,
        status,
        headline,
        (LockfileReport(path, (path,), "x", None, note),),
        (change,),
        culprits=(culprit,),
        notes=(note,),
        fresh={name: version},
        setup=note,
    )
    proposal = ProposalReport((name,), (change,), True, {path: "x"})
    run = RunStamp(datetime(2026, 1, 1, tzinfo=UTC), "f" * 40)
    board = dashboard.DashboardInput(run.moment, (environment,))
    rows = dashboard.update_dashboard_rows(board, ())
    shown = (
        bodies.render_pull_request_body(environment, proposal, run),
        bodies.render_issue_body(environment, run),
    )
    for body in (*shown, dashboard.render_dashboard_body(board, rows)):
        outside = re.sub(r"(?ms)^(`{3,})\w+\n.*?^\1$|<code>.*?</code>", "", body)
        outside = re.sub(r"(?m)^<!-- depcheck (?:story|row [\w.=/~%+! -]*) -->$", "", outside)
        outside = outside.replace("<!-- depcheck counterpart -->", "")
        outside = OUR_LINKS.sub("", re.sub(r"^###.*$", "", outside, flags=re.MULTILINE))
        assert not DANGERS.search(outside)
        assert set(re.findall(r"<(?!/?(?:details|summary|sub|code|br)>)[a-z!/]", re.sub(r"\\<", "", outside))) == set()
        assert not re.search(r"(?m)^\s*::\w", outside)
        assert is_within_body_limit(body)


@pytest.mark.parametrize("size", [10, 1_000, 30_000])
def test_bodies_of_any_size_fit(size):
    """Fit bodies under GitHub's limit, verdict first, most useful kept."""
    culprit = Culprit(
        ("kombu",), (), {"kombu": "1"}, {"kombu": "2"}, "boom " * size, "line\n" * size, None, ("kombu<2",)
    )
    change = ChangeReport("n" * 60, "1" * 50, "2" * 50, False, ("via" * 20,), None, "requirements.txt")
    environment = EnvironmentReport(
        "requirements.txt", "3.12", Status.BREAKS, "x", (), (change,) * size, culprits=(culprit,) * (size // 10)
    )
    run = RunStamp(datetime(2026, 1, 1, tzinfo=UTC))
    assert is_within_body_limit(bodies.render_issue_body(environment, run))
    body = bodies.render_pull_request_body(environment, ProposalReport(("kombu",), (change,) * size, True, {}), run)
    assert is_within_body_limit(body)
    assert body.startswith(f"**{size} updates for")
    assert (
        len(bodies.format_pull_request_title(replace(environment, name="n" * 900), ProposalReport((), (), True, {})))
        <= 256
    )


def test_a_patch_fits_or_is_left_out():
    """A stand-in's body is never too long."""
    for size in (10, 70_000, 7_000_000):
        assert is_within_body_limit(
            bodies.render_patch_issue_body("x" * 60_000, "+six==1\n" * (size // 8), "https://github.test"),
            BODY_LIMIT_BYTES,
        )


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("https://user:hunter2secret@pypi.example/simple", "hunter2secret"),
        ("https://token123456@pypi.example/simple", "token123456"),
        ("remote: ghp_" + "a1" * 18, "a1a1"),
        ("ghs_" + "Z9" * 18 + " rejected", "Z9Z9"),
        ("github_pat_" + "11AA" * 10, "11AA11AA"),
        ("AKIAIOSFODNN7EXAMPLE is", "IOSFODNN7"),
        ("Authorization: Basic dXNlcjpwYXNz", "dXNlcjpwYXNz"),
        ("PASSWORD='correct-horse'", "correct-horse"),
        ("api_key=abcdef123456", "abcdef123456"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----", "MIIEow"),
        ("pypi-" + "AgEIcHlwaS5vcmc" * 3, "AgEIcHlwaS5vcmc"),
    ],
)
def test_secrets_are_masked_everywhere(text, secret):
    """Credentials in addresses, tokens, keys and named values are shown nowhere."""
    for shown in (
        redact_secrets(text),
        escape_prose(text),
        render_code_span(text),
        render_code_block(text),
        neutralize_line(text),
    ):
        assert secret not in shown
        assert "***" in shown.replace("\\", "")


def test_ordinary_output_is_not_masked():
    """Versions, hashes and plain words stay."""
    text = "six==1.11.0 --hash=sha256:0123456789abcdef token expected, got 'password'"
    assert redact_secrets(text) == text
