"""Git repositories and archives that a uv.lock takes packages from."""

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from depcheck.core.lockfiles.formats.uv_lock.uv_lockfile import UvLockfile
from depcheck.core.lockfiles.lockfile_parser import Lockfile

_COMMIT = re.compile(r"[0-9a-f]{40,64}")
_REFERENCE = re.compile(r"\w[\w./+-]*", re.ASCII)
_KINDS = {"branch": ("refs/heads/",), "tag": ("refs/tags/",), "rev": ("refs/heads/", "refs/tags/")}


@dataclass(frozen=True, slots=True)
class GitSource:
    """A repository's address, the locked commit, and the names that mean it."""

    address: str
    commit: str
    names: tuple[str, ...] = ()


def list_git_sources(lockfile: Lockfile) -> tuple[GitSource, ...]:
    """List the repositories that can be fetched over HTTP, each once."""
    packages = lockfile.graph.packages if isinstance(lockfile, UvLockfile) else ()
    found = (parse_git_source(each.source.place) for each in packages if each.source.kind == "git")
    return tuple(dict.fromkeys(source for source in found if source))


def list_archives(lockfile: Lockfile) -> tuple[str, ...]:
    """List the addresses of packages that are single files."""
    packages = lockfile.graph.packages if isinstance(lockfile, UvLockfile) else ()
    found = (each.source.place for each in packages if each.source.kind == "url")
    return tuple(dict.fromkeys(place for place in found if place.startswith(("http://", "https://"))))


def get_file_name(url: str) -> str:
    """Return the name of the file at a URL."""
    return urlsplit(url).path.rpartition("/")[2]


def parse_git_source(place: str) -> GitSource | None:
    """Parse `https://host/owner/name?rev=main#commit`, or return None."""
    try:
        parts = urlsplit(place)
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or not parts.hostname or not _COMMIT.fullmatch(parts.fragment):
        return None
    names = [f"{prefix}{value}" for key, value in parse_qsl(parts.query) for prefix in _list_prefixes(key, value)]
    return GitSource(urlunsplit((*parts[:3], "", "")), parts.fragment, tuple(names))


def _list_prefixes(key: str, value: str) -> tuple[str, ...]:
    plain = _REFERENCE.fullmatch(value) and ".." not in value and not value.endswith((".lock", "/", "."))
    return _KINDS.get(key, ()) if plain else ()
