"""The options of `publish`: what is written to the forge."""

from depcheck.core.config import option_types as types
from depcheck.core.config.option_form import Option, OptionForm

_MANY, _SWITCH = OptionForm.MANY, OptionForm.SWITCH

PUBLISH_OPTIONS = (
    Option("dry-run", "dry_run", types.BOOLEAN, "Print what would be published.", "", "false", _SWITCH),
    Option("pull-request", "pull_request", types.BOOLEAN, "Open pull requests.", "", "true", _SWITCH),
    Option(
        "group",
        "group",
        types.BOOLEAN,
        "Open one pull request for all environments instead of one each.",
        "",
        "false",
        _SWITCH,
    ),
    Option("issue", "issue", types.BOOLEAN, "Open issues.", "", "true", _SWITCH),
    Option(
        "dashboard",
        "dashboard",
        types.BOOLEAN,
        "Keep one issue that shows every environment, what is held back and since when.",
        "",
        "false",
        _SWITCH,
    ),
    Option("labels", "labels", types.LABEL_LIST, "A label for what is published.", "NAME", "dependencies", _MANY),
    Option("assignees", "assignees", types.LABEL_LIST, "Who is assigned.", "LOGIN", "none", _MANY),
    Option(
        "reviewers",
        "reviewers",
        types.LABEL_LIST,
        "Who is asked to review; a team is ORG/TEAM.",
        "LOGIN",
        "none",
        _MANY,
    ),
    Option("milestone", "milestone", types.COUNT, "The number of a milestone for what is published.", "N", "none"),
    Option(
        "target-branch",
        "target_branch",
        types.BRANCH_NAME,
        "The branch that is checked out and that pull requests go to.",
        "BRANCH",
        "the branch of the run",
    ),
    Option(
        "branch-prefix", "branch_prefix", types.BRANCH_PREFIX, "How our branches' names begin.", "TEXT", "depcheck/"
    ),
    Option(
        "title-prefix",
        "title_prefix",
        types.TITLE_PREFIX,
        "How titles of pull requests and commits begin, such as chore(deps):",
        "TEXT",
        "none",
    ),
    Option(
        "auto-merge",
        "auto_merge",
        types.BOOLEAN,
        "Let GitHub merge by itself what tests have passed with, and what is older than the cooldown and 3 days.",
        "",
        "false",
        _SWITCH,
    ),
    Option("draft", "draft", types.BOOLEAN, "Open pull requests as drafts.", "", "false", _SWITCH),
)
