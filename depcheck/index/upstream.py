"""Upstream indexes and their credentials, which live here and go to their own host alone."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit, urlunsplit

from depcheck.core.errors import UsageError
from depcheck.index.credentials import Credentials, from_netrc

PYPI_URL = "https://pypi.org/simple/"
_VARIABLE = re.compile(r"\$\{([A-Z0-9_]+)\}")  # the form that pip expands in requirements files
_URL_VARIABLES = (
    "DEPCHECK_INDEX_URL",  # where `rings` puts what must not stand on a command line
    "PIP_INDEX_URL",
    "PIP_EXTRA_INDEX_URL",
    "UV_DEFAULT_INDEX",
    "UV_INDEX",
    "UV_INDEX_URL",
    "UV_EXTRA_INDEX_URL",
)
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Upstream:
    """One real index: the base of its project pages, without credentials in the URL.

    Credentials written in `url` are moved to `credentials`, so that the URL can be shown to anyone.
    Raises UsageError when the URL is not http or https.
    """

    url: str
    credentials: Credentials | None = None

    def __post_init__(self) -> None:
        if not _is_usable(self.url):
            raise UsageError(
                f"The index URL {self.url.rpartition('@')[2]!r} is not usable: only http and https can be asked. "
                "Give the address of the index's project pages, such as https://pypi.org/simple/, "
                "and write @ / ? # in a password as %40 %2F %3F %23."
            )
        if self.credentials is None:
            object.__setattr__(self, "credentials", userinfo(self.url))
        object.__setattr__(self, "url", without_userinfo(self.url).rstrip("/") + "/")


def upstreams(urls: Sequence[str], environ: Mapping[str, str]) -> tuple[Upstream, ...]:
    """The indexes to ask, in order; PyPI when `urls` is empty.

    `${NAME}` in a URL is taken from `environ`. Credentials come from the URL, else from an index variable
    of pip or uv in `environ` that names the same scheme, host and port, else from netrc. The keyring is asked later,
    by `Fetch`, when an index wants credentials and has none: it may ask the person in turn.
    """
    known = dict(_credentials_by_origin(environ))
    found = []
    for url in urls or (PYPI_URL,):
        upstream = Upstream(_VARIABLE.sub(lambda match: environ.get(match[1], match[0]), url))
        given = upstream.credentials or known.get(origin(upstream.url))
        found.append(Upstream(upstream.url, given or from_netrc(upstream.url, environ)))
    return tuple(dict.fromkeys(found))


def _credentials_by_origin(environ: Mapping[str, str]) -> Iterable[tuple[tuple[str, str, int], Credentials]]:
    for variable in _URL_VARIABLES:
        for word in environ.get(variable, "").split():
            name, equals, url = word.partition("=")
            if not equals or "://" in name:
                name, url = "", word
            credentials = (userinfo(url) or _named(name, environ)) if _is_usable(url) else None
            if credentials:
                yield origin(url), credentials


def _named(name: str, environ: Mapping[str, str]) -> Credentials | None:
    """Credentials of uv's index `name`: UV_INDEX_<NAME>_USERNAME and _PASSWORD."""
    prefix = "UV_INDEX_" + re.sub(r"[^A-Z0-9]", "_", name.upper())
    username, password = environ.get(f"{prefix}_USERNAME", ""), environ.get(f"{prefix}_PASSWORD", "")
    return Credentials(username, password) if name and (username or password) else None


def _is_usable(url: str) -> bool:
    """Whether `url` has the parts of an index's address; an @ behind the host is a password that was cut."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    cut = "@" in parts.path + parts.query + parts.fragment
    return parts.scheme in _PORTS and bool(parts.hostname) and port != 0 and not cut


def userinfo(url: str) -> Credentials | None:
    """The credentials that stand in `url`."""
    parts = urlsplit(url)
    if parts.username is None and parts.password is None:
        return None
    return Credentials(unquote(parts.username or ""), unquote(parts.password or ""))


def without_userinfo(url: str) -> str:
    """`url` less its credentials."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def public(url: str) -> str:
    """`url` as anyone may see it: no credentials, no query, no fragment."""
    return without_userinfo(urlunsplit(urlsplit(url)._replace(query="", fragment="")))


def origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port: what credentials are bound to."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 0)
