"""Settlement: what is done twice is done once."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from depcheck.core.messages.hidden_state import (
    HiddenMarker,
    ProposalForm,
    WorkflowRun,
    compute_short_digest,
    format_commit_trailer,
    is_remark,
    parse_commit_trailer,
    parse_hidden_marker,
    prepend_marker,
    render_remark,
)
from depcheck.core.settlement.actions import (
    CloseAction,
    CreateAction,
    LeaveAction,
    NoteAction,
    RemarkAction,
    RetryAction,
    UpdateAction,
    YieldAction,
)
from depcheck.core.settlement.identity import compute_file_digests
from depcheck.core.settlement.items import Proposal, PublishedItem, Stance
from depcheck.core.settlement.remarks import add_left_note
from depcheck.core.settlement.settle import settle_proposals

KEYS = [compute_short_digest(name) for name in "ab"]
DIGESTS = [compute_short_digest(name) for name in "xyz"]
FILES = compute_file_digests(["a.txt"])
RUN = WorkflowRun(50, 1)
RUNS = st.builds(WorkflowRun, st.sampled_from([0, 40, 50, 60]), st.integers(1, 2))
MARKERS = st.builds(
    HiddenMarker, st.sampled_from(ProposalForm), st.sampled_from(KEYS), st.sampled_from(DIGESTS), RUNS,
    closed=st.booleans(), detail=st.sampled_from(["", *DIGESTS]), files=st.sampled_from([(), FILES]),
)  # fmt: skip
PROPOSALS = st.builds(
    Proposal, st.sampled_from(ProposalForm), st.sampled_from(KEYS), st.just("a.txt"), st.sampled_from(Stance),
    st.just("Because."), st.sampled_from(DIGESTS), st.just("Title"), st.just("Body"), st.just("News."),
    detail=st.sampled_from(["", *DIGESTS]), files=st.sampled_from([(), FILES]),
)  # fmt: skip


@st.composite
def forges(draw):
    """Draw a forge with any open, closed, merged and foreign items.

    Also half-made ones.
    """
    markers = draw(st.lists(MARKERS, max_size=6))
    flags = st.booleans()
    return [
        PublishedItem(
            number, marker, "Title", is_open=draw(flags), is_merged=draw(flags), lacks_labels=draw(flags), has_conflicts=draw(flags),
            has_foreign_commits=draw(flags) and marker.form is ProposalForm.PULL_REQUEST, is_rewritten=draw(flags),
            is_by_others=draw(flags), body=draw(st.sampled_from(["", add_left_note("Body")])), is_patch_issue=draw(flags) and marker.form is ProposalForm.PULL_REQUEST,
        )
        for number, marker in enumerate(markers, 1)
    ]  # fmt: skip


@st.composite
def wishes(draw):
    """At most one proposal for each form of each environment."""
    found = draw(st.lists(PROPOSALS, max_size=4))
    return tuple({(each.form, each.key): each for each in found}.values())


def apply(forge, action, run):
    """Return what the forge shows after an action."""
    known = {each.number: each for each in forge}
    if (now := known.get(getattr(getattr(action, "existing", None), "number", 0))) is not None:
        action = replace(action, existing=now)
    match action:
        case CreateAction(proposal):
            marker = HiddenMarker(
                proposal.form, proposal.key, proposal.digest, run, detail=proposal.detail, files=proposal.files
            )
            known[len(known) + 1] = PublishedItem(len(known) + 1, marker, proposal.title)
        case UpdateAction(existing, proposal):
            marker = replace(
                existing.marker,
                digest=proposal.digest,
                run=run,
                closed=False,
                detail=proposal.detail,
                files=proposal.files,
            )
            body = existing.body if existing.is_rewritten else proposal.body
            known[existing.number] = replace(
                existing, marker=marker, body=body, has_conflicts=False, lacks_labels=False
            )
        case CloseAction(existing):
            known[existing.number] = replace(existing, is_open=False, marker=existing.marker.mark_closed(run))
        case RemarkAction(existing):
            known[existing.number] = replace(existing, posted_remarks=frozenset({existing.rewrite_remark}))
        case NoteAction(existing):
            known[existing.number] = replace(existing, body=add_left_note(existing.body))
    return list(known.values())


def settled(forge, wanted, run=RUN):
    for action in settle_proposals(forge, wanted, run):
        forge = apply(forge, action, run)
    return forge


@given(forges(), wishes())
def test_twice_is_once(forge, wanted):
    """Law: after settling, nothing is left to do."""
    after = settled(forge, wanted)
    assert all(
        isinstance(action, LeaveAction | YieldAction | RetryAction) for action in settle_proposals(after, wanted, RUN)
    )


@given(forges(), wishes(), st.integers(0, 8))
def test_cut_off_and_begun_again(forge, wanted, done):
    """Open no second item after any cut and a new start.

    A law.
    """
    for action in settle_proposals(forge, wanted, RUN)[:done]:
        forge = apply(forge, action, RUN)
    assert settled(forge, wanted) == settled(settled(forge, wanted), wanted)


@given(forges(), wishes())
def test_one_living_of_each(forge, wanted):
    """Leave at most one item of a form and environment open.

    A law for what the newest run settles.
    """
    run = WorkflowRun(99, 1)
    after = settled(forge, wanted, run)
    for each in wanted:
        alive = [one for one in after if one.is_open and (one.marker.form, one.marker.key) == (each.form, each.key)]
        assert each.stance is Stance.LEAVE or len(alive) <= 1


@given(forges(), wishes())
def test_a_newer_finding_is_never_taken_back(forge, wanted):
    """Law: an older run changes nothing of what a newer one wrote."""
    before = {each.number: each for each in forge}
    for each in settled(forge, wanted, WorkflowRun(45, 1)):
        old = before.get(each.number)
        assert old is None or old.marker.run.id <= 45 or old == each


@given(forges(), wishes())
def test_others_commits_are_never_closed_or_overwritten(forge, wanted):
    """Only comment on pull requests with foreign commits.

    A law.
    """
    for action in settle_proposals(forge, wanted, RUN):
        if isinstance(action, UpdateAction) or (isinstance(action, CloseAction) and not action.is_duplicate):
            assert not action.existing.has_foreign_commits


@given(forges(), wishes())
def test_what_is_edited_silently_is_the_same_finding(forge, wanted):
    """Comment exactly when the finding changed or was closed.

    A law.
    """
    for action in settle_proposals(forge, wanted, RUN):
        if isinstance(action, UpdateAction):
            known = action.existing.marker
            assert action.has_remark == (known.digest != action.proposal.digest or known.closed)


@given(forges(), wishes())
def test_what_was_not_judged_is_left(forge, wanted):
    """Law: without a proposal for it, nothing of an environment is touched."""
    named = {(each.form, each.key) for each in wanted}
    after = {each.number: each for each in settled(forge, wanted)}
    assert all(after[each.number] == each for each in forge if (each.marker.form, each.marker.key) not in named)


@given(MARKERS, st.text())
def test_markers_come_back(marker, text):
    """Read a marked body's own marker, and replace it when marking.

    A law, whatever stands below.
    """
    other = replace(marker, digest=compute_short_digest("other"))
    assert parse_hidden_marker(prepend_marker(marker, text)) == marker
    assert parse_hidden_marker(prepend_marker(marker, other.hidden_line + "\n" + text)) == marker
    assert prepend_marker(other, prepend_marker(marker, text)).count("<!-- depcheck form=") == 1 + text.count(
        "<!-- depcheck form="
    )


@pytest.mark.parametrize("text", ["", "<!-- depcheck -->", "<!-- depcheck form=issue key=x -->"])
def test_what_is_no_marker(text):
    """Half a marker is none."""
    assert parse_hidden_marker(text) is None


def test_remarks_and_trailers_are_known_again():
    """Find remarks by identity and commits by trailer alone."""
    assert is_remark(render_remark("a", "Hello"), "a")
    assert not is_remark(render_remark("a", "Hello"), "b")
    assert not is_remark(f"Quoting: {render_remark('a', 'x')}", "a")
    assert parse_commit_trailer(f"Title\n\n{format_commit_trailer(KEYS[0], DIGESTS[0])}\n") == (KEYS[0], DIGESTS[0])
    assert parse_commit_trailer("Title\n\nBody\n") is None
