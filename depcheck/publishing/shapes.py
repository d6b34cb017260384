"""The parts of GitHub's answers that are read; anything else in their place is no answer."""

import msgspec


class User(msgspec.Struct):
    """Who."""

    login: str


class Label(msgspec.Struct):
    """A label."""

    name: str


class LabelOfIssue(msgspec.Struct):
    """A label as issues show it; old ones came as plain strings, which count as no label of ours."""

    name: str | None = None


class PullOfIssue(msgspec.Struct):
    """What an issue says of the pull request that it is."""

    merged_at: str | None = None


class Item(msgspec.Struct):
    """An issue, or a pull request as the list of issues shows it."""

    number: int
    title: str
    state: str
    html_url: str
    user: User | None = None
    body: str | None = None
    labels: list[LabelOfIssue | str] = []
    pull_request: PullOfIssue | None = None


class Tip(msgspec.Struct):
    """One end of a pull request."""

    ref: str
    sha: str


class Pull(msgspec.Struct):
    """A pull request. `mergeable` is None while GitHub works it out, and in lists."""

    number: int
    title: str
    state: str
    html_url: str
    head: Tip
    base: Tip
    user: User | None = None
    body: str | None = None
    labels: list[Label] = []
    merged_at: str | None = None
    mergeable: bool | None = None


class Comment(msgspec.Struct):
    """A comment."""

    id: int
    user: User | None = None
    body: str | None = None


class Repository(msgspec.Struct):
    """The repository; `archived` and `has_issues` as its settings say."""

    default_branch: str
    html_url: str
    archived: bool = False
    has_issues: bool = True


class Sha(msgspec.Struct):
    """Anything that a hash names."""

    sha: str


class Ref(msgspec.Struct):
    """A branch."""

    ref: str
    object: Sha


class CommitText(msgspec.Struct):
    """What git knows of a commit."""

    message: str
    tree: Sha


class Commit(msgspec.Struct):
    """A commit; the users are None for addresses that GitHub does not know, and may come as empty objects."""

    sha: str
    commit: CommitText
    parents: list[Sha]
    author: dict[str, object] | None = None
    committer: dict[str, object] | None = None


class TreeEntry(msgspec.Struct):
    """A file, a folder, a link or a submodule."""

    path: str
    mode: str
    type: str
    sha: str


class Tree(msgspec.Struct):
    """One folder."""

    sha: str
    tree: list[TreeEntry]


class Blob(msgspec.Struct):
    """A file's content."""

    content: str
    encoding: str


class Viewer(msgspec.Struct):
    """Who we are."""

    viewer: User


class ViewerAnswer(msgspec.Struct):
    """GraphQL's answer."""

    data: Viewer | None = None
