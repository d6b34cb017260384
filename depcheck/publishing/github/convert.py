"""Conversion of GitHub's responses to a forge's neutral values."""

from dataclasses import replace

from depcheck.publishing.forge import ForgeComment, ForgeCommit, ForgeItem, ForgePull, ForgeRepository, TreeEntry
from depcheck.publishing.github import schemas


def to_repository(found: schemas.RepositoryInfo) -> ForgeRepository:
    """Convert a repository."""
    return ForgeRepository(found.default_branch, found.html_url, found.archived, found.has_issues)


def to_item(found: schemas.IssueItem) -> ForgeItem:
    """Convert an issue, or a pull request in the list of issues.

    Labels that came as plain strings never count as our label.
    """
    labels = frozenset(each.name for each in found.labels if isinstance(each, schemas.IssueLabel) and each.name)
    item, pull = _to_neutral_item(found, labels), found.pull_request
    return replace(item, is_pull=pull is not None, is_merged=pull is not None and pull.merged_at is not None)


def to_pull(found: schemas.PullRequest) -> ForgePull:
    """Convert a pull request."""
    item = _to_neutral_item(found, frozenset(label.name for label in found.labels))
    item = replace(item, is_pull=True, is_merged=found.merged_at is not None)
    return ForgePull(item, found.head.ref, found.head.sha, has_conflicts=found.mergeable is False, base=found.base.ref)


def _to_neutral_item(found: schemas.IssueItem | schemas.PullRequest, labels: frozenset[str]) -> ForgeItem:
    return ForgeItem(
        number=found.number,
        title=found.title,
        body=found.body or "",
        url=found.html_url,
        is_open=found.state == "open",
        author=_get_login(found.user),
        labels=labels,
    )


def to_comment(found: schemas.IssueComment) -> ForgeComment:
    """Convert a comment."""
    return ForgeComment(_get_login(found.user), found.body or "")


def to_commit(found: schemas.GitCommit) -> ForgeCommit:
    """Convert a commit."""
    author, committer = (str((user or {}).get("login", "")) for user in (found.author, found.committer))
    return ForgeCommit(found.commit.message, tuple(parent.sha for parent in found.parents), author, committer)


def to_tree_entry(found: schemas.GitTreeEntry) -> TreeEntry:
    """Convert an entry of a folder."""
    return TreeEntry(found.path, found.mode, found.type == "tree", found.sha)


def _get_login(user: schemas.GitHubUser | None) -> str:
    return user.login if user else ""
