"""Links that a release's metadata gives: hostile text, of which only plain https addresses are taken."""

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum

_LONGEST = 300
# No user, no port, nothing that ends a link in Markdown or HTML: no bracket, quote, backslash, asterisk or space.
_ADDRESS = re.compile(r"https://(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,24}(?:/[\w./~%+,;=?&#:!-]*)?", re.ASCII)
_FORGE = re.compile(
    r"https://(github\.com|gitlab\.com|codeberg\.org)/([\w.-]+)/([\w.-]+?)(?:\.git)?(?=[/#?]|$)", re.ASCII
)
# A link to one of these leaves a mark there ("mentioned this"), which a stranger's metadata must not make us do.
_REMARKED = re.compile(r"/(?:issues|pull|discussions|commit|merge_requests)/\w", re.ASCII)
_NOT_OWNERS = frozenset({"sponsors", "orgs", "users", "login", "apps", "marketplace"})


class LinkKind(StrEnum):
    """What a link leads to."""

    PAGE = "page"  # of the release on its index
    CHANGELOG = "changelog"
    DIFF = "diff"
    SOURCE = "source"
    TRACKER = "tracker"


# Labels of Project-URL as the packaging specification has them, without case, spaces and punctuation.
_LABELS = {
    LinkKind.CHANGELOG: ("changelog", "changes", "whatsnew", "history", "releasenotes", "releases", "news"),
    LinkKind.SOURCE: ("source", "repository", "sourcecode", "github", "code", "homepage", "home"),
    LinkKind.TRACKER: ("issues", "bugs", "issue", "tracker", "issuetracker", "bugtracker", "bugreports"),
}


def https(address: str) -> str:
    """`address` if it is a plain https link to a public name that leaves no mark on a forge, else empty."""
    scheme, mark, rest = address.strip().partition("://")
    host, slash, path = rest.partition("/")
    plain = f"{scheme.lower()}{mark}{host.lower()}{slash}{path}"
    taken = len(plain) <= _LONGEST and _ADDRESS.fullmatch(plain) and not _REMARKED.search(plain)
    return plain if taken else ""


def links(urls: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The links by kind from (label, address) pairs of metadata, and those that a forge's repository implies."""
    known = [(re.sub(r"[^a-z]", "", label.lower()), https(address)) for label, address in urls]
    found: dict[str, str] = {}
    for kind, labels in _LABELS.items():
        named = (address for label in labels for given, address in known if given == label and address)
        address = next((each for each in named if kind is not LinkKind.SOURCE or _FORGE.match(each)), "")
        if address:
            found[kind] = address
    repository = next((root for _, address in known if (root := _root(address))), "")
    return {**_implied(repository), **found} if repository else found


def comparison(found: Mapping[str, str], before: str, after: str) -> str:
    """The forge's page of what changed between two releases; empty where no forge is known.

    That their tags are `v` and the version is a guess, the commonest; a link that shows another shape corrects it.
    """
    repository = _root(found.get(LinkKind.SOURCE, ""))
    tag = re.compile(rf"/(?:tag|archive|tree|blob)/([A-Za-z_-]{{0,16}}){re.escape(after)}\b")
    shown = tag.search(" ".join(found.values()))
    lead = shown[1] if shown else "v"
    page = "-/compare" if "gitlab.com" in repository else "compare"
    return https(f"{repository}/{page}/{lead}{before}...{lead}{after}") if repository else ""


def _implied(repository: str) -> dict[str, str]:
    deep = f"{repository}/-" if "gitlab.com" in repository else repository
    return {
        LinkKind.SOURCE: repository,
        LinkKind.TRACKER: f"{deep}/issues",
        LinkKind.CHANGELOG: f"{deep}/releases",
    }


def _root(address: str) -> str:
    match = _FORGE.match(address)
    if match is None or match[2].lower() in _NOT_OWNERS:
        return ""
    return f"https://{match[1]}/{match[2]}/{match[3]}"
