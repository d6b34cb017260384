"""Upstream indexes and their credentials, which go to their own host only.

They are used when the index URL contains none.
"""

import netrc
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

from depcheck.core.lockfiles.index_choice import IndexChoice
from depcheck.core.model.errors import UsageError

_LAST_LATIN = 0xFF  # of the letters that HTTP headers had first


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user name and a secret for HTTP basic authentication."""

    username: str = field(repr=False)
    password: str = field(repr=False)

    def to_header(self) -> dict[str, str]:
        """Return the header that sends them.

        In Latin-1 as pip sends it, in UTF-8 what that does not have.
        """
        from base64 import b64encode  # noqa: PLC0415  # few indexes want a password

        pair = f"{self.username}:{self.password}"
        latin = all(ord(letter) <= _LAST_LATIN for letter in pair)
        return {"Authorization": f"Basic {b64encode(pair.encode('latin-1' if latin else 'utf-8')).decode()}"}


def read_netrc_credentials(url: str, environ: Mapping[str, str]) -> Credentials | None:
    """Read the credentials for the host of `url` from netrc.

    The file is the one that NETRC names, else `~/.netrc`. A broken file gives None. netrc knows hosts only, so
    None is returned too for URLs whose traffic others could read (see `is_secure_url`).
    """
    home = environ.get("HOME", "")
    path = Path(environ["NETRC"]) if environ.get("NETRC") else Path(home, ".netrc")
    if not (environ.get("NETRC") or home) or not path.is_file() or not is_secure_url(url):
        return None
    try:
        found = netrc.netrc(str(path)).authenticators(urlsplit(url).hostname or "")
    except (netrc.NetrcParseError, OSError, UnicodeDecodeError):
        return None
    return Credentials(found[0] or found[1], found[2] or "") if found else None


def read_keyring_credentials(url: str, username: str = "") -> Credentials | None:
    """Read the credentials for `url`, or its host, from the keyring.

    The lookup order is that of pip and uv. The library `keyring` is called in this process if it is installed
    (`depcheck-action[keyring]`): its command would be a process outside the one place that starts processes. A
    keyring that fails gives None, and so does a URL that is not secure.
    """
    if not is_secure_url(url):
        return None
    try:
        import keyring  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415  # an extra, and slow to load
    except ImportError:
        return None
    for service in (url, urlsplit(url).netloc):
        try:
            found = keyring.get_credential(service, username or None)
        except Exception:  # noqa: BLE001  # plug-ins of anybody: locked, without a desktop, broken
            return None
        if found is not None and (not username or found.username == username):
            return Credentials(found.username or "", found.password or "")
    return None


def is_secure_url(url: str) -> bool:
    """Return True if others cannot read what is sent to `url`.

    That is so for https and for addresses of this machine.
    """
    parts = urlsplit(url)
    if parts.scheme == "https" or parts.hostname == "localhost":
        return True
    try:
        return ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return False


PYPI_URL = "https://pypi.org/simple/"
_VARIABLE_PATTERN = re.compile(r"\$\{([A-Z0-9_]+)\}")  # the form that pip expands in requirements files
_URL_VARIABLES = (
    "DEPCHECK_INDEX_URL",  # where `rings` puts what must not stand on a command line
    "PIP_INDEX_URL",
    "PIP_EXTRA_INDEX_URL",
    "UV_DEFAULT_INDEX",
    "UV_INDEX",
    "UV_INDEX_URL",
    "UV_EXTRA_INDEX_URL",
)
_REDACTED = "****"  # what pip-compile writes into a header
_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Upstream:
    """One real index, by the base of its project pages.

    Without credentials in the URL.

    Where an exclusive index has a project, those after it are not asked about it. With `projects`, it is asked for
    them alone, and nobody else is. Credentials written in `url` are moved to `credentials`, so that the URL can be
    shown to anyone.
    Raises UsageError when the URL is not http or https.
    """

    url: str
    credentials: Credentials | None = None
    is_exclusive: bool = False
    projects: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if not _is_usable_url(self.url):
            raise UsageError(
                f"The index URL {self.url.rpartition('@')[2]!r} is not usable: only http and https can be asked. "
                "Give the address of the index's project pages, such as https://pypi.org/simple/, "
                "and write @ / ? # in a password as %40 %2F %3F %23."
            )
        if self.credentials is None:
            object.__setattr__(self, "credentials", parse_userinfo(self.url))
        object.__setattr__(self, "url", strip_userinfo(self.url).rstrip("/") + "/")


def choose_upstreams(choice: IndexChoice, environ: Mapping[str, str], own: Sequence[str] = ()) -> tuple[Upstream, ...]:
    """Return the indexes of `choice` in its tool's order.

    Those named by the user, `own`, last.

    pip puts all of them together, the default first. uv asks the default last, and takes a project from the first
    index that has it.
    """
    default = choice.default or PYPI_URL
    order = (default, *choice.extras, *own) if choice.is_union else (*own, *choice.extras, default)
    found = resolve_upstreams(tuple(dict.fromkeys(order)), environ)
    by_url: dict[str, set[str]] = {}
    for project, url in choice.for_projects:
        by_url.setdefault(url, set()).add(project)
    special = [
        replace(upstream, projects=frozenset(by_url[url]))
        for url in by_url
        for upstream in resolve_upstreams((url,), environ)
    ]
    chosen = (*special, *(replace(upstream, is_exclusive=not choice.is_union) for upstream in found))
    return tuple(_add_named_credentials(upstream, dict(choice.names), environ) for upstream in chosen)


def _add_named_credentials(upstream: Upstream, names: Mapping[str, str], environ: Mapping[str, str]) -> Upstream:
    """Return the index with uv's credentials for its name.

    Those of variables, if it has none yet.
    """
    name = next((name for url, name in names.items() if f"{strip_userinfo(url).rstrip('/')}/" == upstream.url), "")
    found = None if upstream.credentials else _read_named_index_credentials(name, environ)
    return replace(upstream, credentials=found) if found else upstream


def resolve_upstreams(urls: Sequence[str], environ: Mapping[str, str]) -> tuple[Upstream, ...]:
    """Return the indexes to query, in order.

    PyPI is used if `urls` is empty. `${NAME}` in a URL is replaced from `environ`. Credentials come from the
    URL, else from an index variable of pip or uv in `environ` that names the same scheme, host and port, else
    from netrc. The keyring is queried later, by `HttpClient`, when an index wants credentials and has none,
    because the keyring may prompt the user.
    """
    known = dict(_read_variable_credentials(environ))
    found = []
    for url in urls or (PYPI_URL,):
        upstream = Upstream(_VARIABLE_PATTERN.sub(lambda match: environ.get(match[1], match[0]), url))
        stated = upstream.credentials
        given = stated if stated and stated.password != _REDACTED else known.get(parse_origin(upstream.url))
        found.append(Upstream(upstream.url, given or read_netrc_credentials(upstream.url, environ)))
    return tuple(dict.fromkeys(found))


def _read_variable_credentials(environ: Mapping[str, str]) -> Iterable[tuple[tuple[str, str, int], Credentials]]:
    for variable in _URL_VARIABLES:
        for word in environ.get(variable, "").split():
            name, equals, url = word.partition("=")
            if not equals or "://" in name:
                name, url = "", word
            credentials = (
                (parse_userinfo(url) or _read_named_index_credentials(name, environ)) if _is_usable_url(url) else None
            )
            if credentials:
                yield parse_origin(url), credentials


def _read_named_index_credentials(name: str, environ: Mapping[str, str]) -> Credentials | None:
    """Read the credentials of uv's index `name` from its variables.

    They are UV_INDEX_<NAME>_USERNAME and UV_INDEX_<NAME>_PASSWORD.
    """
    prefix = "UV_INDEX_" + re.sub(r"[^A-Z0-9]", "_", name.upper())
    username, password = environ.get(f"{prefix}_USERNAME", ""), environ.get(f"{prefix}_PASSWORD", "")
    return Credentials(username, password) if name and (username or password) else None


def _is_usable_url(url: str) -> bool:
    """Return True if `url` has the parts of an index's address.

    An @ behind the host is refused: it means that a password was cut.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    cut = "@" in parts.path + parts.query + parts.fragment
    return parts.scheme in _DEFAULT_PORTS and bool(parts.hostname) and port != 0 and not cut


def parse_userinfo(url: str) -> Credentials | None:
    """Return the credentials in `url`, or None."""
    parts = urlsplit(url)
    if parts.username is None and parts.password is None:
        return None
    return Credentials(unquote(parts.username or ""), unquote(parts.password or ""))


def strip_userinfo(url: str) -> str:
    """Return `url` without its credentials."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def to_public_url(url: str) -> str:
    """Return `url` without credentials, query and fragment."""
    return strip_userinfo(urlunsplit(urlsplit(url)._replace(query="", fragment="")))


def parse_origin(url: str) -> tuple[str, str, int]:
    """Return scheme, host and port of `url`, to which credentials are bound."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or _DEFAULT_PORTS.get(parts.scheme, 0)


def build_auth_header(upstreams: Iterable[Upstream], url: str) -> dict[str, str]:
    """Return the header with the credentials for `url`, if any."""
    known = (each.credentials for each in upstreams if each.credentials and parse_origin(each.url) == parse_origin(url))
    return next((credentials.to_header() for credentials in known), {})
