"""The last lines of a body."""

from depcheck.core.messages.foot.boxes import FOOTER_BEGIN, render_boxes
from depcheck.core.messages.run_stamp import RunStamp
from depcheck.core.text.markdown import join_paragraphs


def render_run_link(run: RunStamp, *, brief: bool = False) -> str:
    """Link the workflow's run, with what its artifacts hold."""
    if not run.run_url:
        return ""
    more = ", and fix-brief.md with each line that uses what changed" if brief else ""
    return (
        f"[Log of this run]({run.run_url}) · [Artifacts]({run.run_url}#artifacts): where the workflow uploads the "
        f"report, report.html{more}"
    )


def render_pull_request_footer(run: RunStamp) -> str:
    """Render the foot of a pull request."""
    return join_paragraphs(
        render_run_link(run),
        render_boxes(run.moment.date(), has_branch=True),
        f"{FOOTER_BEGIN}. Close it to skip this set of updates. Push to the branch to take over. GitHub may "
        "ask you to approve the workflows here: that is its rule for the default token. The checks above are "
        "depcheck's own.</sub>",
    )


def render_issue_footer(run: RunStamp, *, brief: bool) -> str:
    """Render the foot of an issue."""
    return join_paragraphs(
        render_run_link(run, brief=brief),
        render_boxes(run.moment.date(), has_branch=False),
        f"{FOOTER_BEGIN}, and closes it when a run passes again. Close it to ignore this finding.</sub>",
    )
