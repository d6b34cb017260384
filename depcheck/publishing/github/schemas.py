"""The parts of GitHub's responses that are read.

A response of another shape is treated as a failed one.
"""

import msgspec


class GitHubUser(msgspec.Struct):
    """A GitHub account."""

    login: str


class RepositoryLabel(msgspec.Struct):
    """A label of the repository."""

    name: str


class IssueLabel(msgspec.Struct):
    """A label in the list of issues.

    Old ones came as plain strings, which never count as our label.
    """

    name: str | None = None


class IssuePullRequest(msgspec.Struct):
    """The pull request data of an issue that is a pull request."""

    merged_at: str | None = None


class IssueItem(msgspec.Struct):
    """An issue, or a pull request in the list of issues."""

    number: int
    title: str
    state: str
    html_url: str
    user: GitHubUser | None = None
    body: str | None = None
    labels: list[IssueLabel | str] = []
    assignees: list[GitHubUser] = []
    pull_request: IssuePullRequest | None = None


class PullRequestEnd(msgspec.Struct):
    """The head or the base of a pull request."""

    ref: str
    sha: str


class PullRequest(msgspec.Struct):
    """A pull request.

    `mergeable` is None in lists and while GitHub computes it.
    """

    number: int
    title: str
    state: str
    html_url: str
    head: PullRequestEnd
    base: PullRequestEnd
    user: GitHubUser | None = None
    body: str | None = None
    labels: list[RepositoryLabel] = []
    merged_at: str | None = None
    mergeable: bool | None = None
    node_id: str = ""
    auto_merge: dict[str, object] | None = None


class IssueComment(msgspec.Struct):
    """A comment on an issue or pull request."""

    id: int
    user: GitHubUser | None = None
    body: str | None = None


class RepositoryInfo(msgspec.Struct):
    """The repository, with the settings `archived` and `has_issues`."""

    default_branch: str
    html_url: str
    archived: bool = False
    has_issues: bool = True


class GitObject(msgspec.Struct):
    """Any object with a hash."""

    sha: str


class GitRef(msgspec.Struct):
    """A branch and the commit that it refers to."""

    ref: str
    object: GitObject


class CommitDetails(msgspec.Struct):
    """The git data of a commit."""

    message: str
    tree: GitObject


class GitCommit(msgspec.Struct):
    """A commit.

    The users are None for addresses that GitHub does not know, and may come as empty objects.
    """

    sha: str
    commit: CommitDetails
    parents: list[GitObject]
    author: dict[str, object] | None = None
    committer: dict[str, object] | None = None


class GitTreeEntry(msgspec.Struct):
    """A file, folder, link or submodule in a folder."""

    path: str
    mode: str
    type: str
    sha: str


class GitTree(msgspec.Struct):
    """One folder."""

    sha: str
    tree: list[GitTreeEntry]


class GitBlob(msgspec.Struct):
    """A file's content."""

    content: str
    encoding: str


class ViewerData(msgspec.Struct):
    """The account of the token."""

    viewer: GitHubUser


class ViewerResponse(msgspec.Struct):
    """The GraphQL response."""

    data: ViewerData | None = None


class GraphQLError(msgspec.Struct):
    """An error of a GraphQL request, which comes with status 200."""

    message: str


class MutationResponse(msgspec.Struct):
    """The response to a GraphQL mutation."""

    errors: list[GraphQLError] = []
