"""Links from a release's metadata.

The metadata is untrusted. Only plain https links are used.
"""

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum

_LONGEST_LINK = 300
# No user, no port, nothing that ends a link in Markdown or HTML: no bracket, quote, backslash, asterisk or space.
_PLAIN_LINK = re.compile(
    r"https://(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,24}(?:/[\w./~%+,;=?&#:!-]*)?", re.ASCII
)
_FORGE_REPOSITORY = re.compile(
    r"https://(github\.com|gitlab\.com|codeberg\.org)/([\w.-]+)/([\w.-]+?)(?:\.git)?(?=[/#?]|$)", re.ASCII
)
# A link to one of these leaves a mark there ("mentioned this"), which a stranger's metadata must not make us do.
_MENTIONING_PATH = re.compile(r"/(?:issues|pull|discussions|commit|merge_requests)/\w", re.ASCII)
_NOT_OWNERS = frozenset({"sponsors", "orgs", "users", "login", "apps", "marketplace"})


class LinkKind(StrEnum):
    """The kinds of page that a link leads to."""

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


def sanitize_link(address: str) -> str:
    """Return the address if it is safe, else an empty string.

    A safe link uses https, has a public host, no user and no port, and leaves no mention on a forge.
    """
    scheme, mark, rest = address.strip().partition("://")
    host, slash, path = rest.partition("/")
    plain = f"{scheme.lower()}{mark}{host.lower()}{slash}{path}"
    taken = len(plain) <= _LONGEST_LINK and _PLAIN_LINK.fullmatch(plain) and not _MENTIONING_PATH.search(plain)
    return plain if taken else ""


def collect_release_links(urls: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Collect links by kind from (label, address) pairs of metadata.

    Links that follow from a forge's repository are added.
    """
    known = [(re.sub(r"[^a-z]", "", label.lower()), sanitize_link(address)) for label, address in urls]
    found: dict[str, str] = {}
    for kind, labels in _LABELS.items():
        named = (address for label in labels for given, address in known if given == label and address)
        address = next((each for each in named if kind is not LinkKind.SOURCE or _FORGE_REPOSITORY.match(each)), "")
        if address:
            found[kind] = address
    repository = next((root for _, address in known if (root := _find_repository(address))), "")
    return {**_derive_forge_links(repository), **found} if repository else found


def build_comparison_link(found: Mapping[str, str], before: str, after: str) -> str:
    """Build the link to a forge's comparison of two releases.

    Returns an empty string if no forge is known. Tags are assumed to be `v` and the version, the most common
    form, unless another link shows a different form.
    """
    repository = _find_repository(found.get(LinkKind.SOURCE, ""))
    tag = re.compile(rf"/(?:tag|archive|tree|blob)/([A-Za-z_-]{{0,16}}){re.escape(after)}\b")
    shown = tag.search(" ".join(found.values()))
    lead = shown[1] if shown else "v"
    page = "-/compare" if "gitlab.com" in repository else "compare"
    return sanitize_link(f"{repository}/{page}/{lead}{before}...{lead}{after}") if repository else ""


def _derive_forge_links(repository: str) -> dict[str, str]:
    """Derive the links of a forge's repository."""
    deep = f"{repository}/-" if "gitlab.com" in repository else repository
    return {
        LinkKind.SOURCE: repository,
        LinkKind.TRACKER: f"{deep}/issues",
        LinkKind.CHANGELOG: f"{deep}/releases",
    }


def _find_repository(address: str) -> str:
    """Find the forge's repository in an address, or return an empty string."""
    match = _FORGE_REPOSITORY.match(address)
    if match is None or match[2].lower() in _NOT_OWNERS:
        return ""
    return f"https://{match[1]}/{match[2]}/{match[3]}"
