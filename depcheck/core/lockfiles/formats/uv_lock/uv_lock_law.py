"""What a proposed uv.lock may say, held against the committed one."""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from depcheck.core.lockfiles.formats.uv_lock.locked_package import LockedPackage, PackageSource
from depcheck.core.lockfiles.formats.uv_lock.uv_lockfile import UvLockfile
from depcheck.core.lockfiles.lockfile_parser import Lockfile
from depcheck.core.text.terminal_safe import to_one_line
from depcheck.core.text.toml import parse_toml

PYPI_REGISTRY, _PYPI_FILES = "https://pypi.org/simple", "files.pythonhosted.org"
_HASH = re.compile(r"sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128}")
_STRING = re.compile(r'"(?:[^"\\\n]|\\.)*"')
_LINE = re.compile(r"\[\[?[a-z.-]+\]?\]|[\w.-]+ = .+| *[{\"].*,|[\]}]|", re.ASCII)
_SPAN = "exclude-newer-span"
_DAY_COMMENT = re.compile(r'exclude-newer = "" # This has no effect and is included for backwards compat[\w .-]*')
_FREE_HEAD_KEYS = frozenset({"revision", "resolution-markers"})
_OWN_TABLES = ("metadata",)


def find_uv_lock_violations(before: Lockfile, after: Lockfile) -> Iterator[str]:
    """Yield what the proposed lockfile `after` must not say.

    Registries, other sources, options and the projects' own requirements are those of `before`. Files have hashes, and
    come from hosts that `before` takes files from.
    """
    if not isinstance(before, UvLockfile) or not isinstance(after, UvLockfile):
        yield "is another kind of lockfile than on the base branch"
        return
    yield from _find_odd_lines(before, after)
    yield from _find_head_changes(before, after)
    yield from _find_new_sources(before, after)
    yield from _find_file_problems(before, after)
    if _list_own_tables(before) != _list_own_tables(after):
        yield "would change what a project of the repository requires"


def _find_odd_lines(before: UvLockfile, after: UvLockfile) -> Iterator[str]:
    """Yield lines that uv does not write, such as comments."""
    known = set(before.text.splitlines())
    for line in after.text.splitlines():
        bare = _STRING.sub('""', line)
        if line in known or _DAY_COMMENT.fullmatch(bare):
            continue
        if "#" in bare or "'" in bare or not line.isprintable() or not _LINE.fullmatch(bare):
            yield f"would get the line {to_one_line(line, 120)!r}, which uv does not write"
            return


def _find_head_changes(before: UvLockfile, after: UvLockfile) -> Iterator[str]:
    old, new = _parse_head(before), _parse_head(after)
    _forget_moving_day(old.get("options"), new.get("options"))
    for key in sorted((old.keys() | new.keys()) - _FREE_HEAD_KEYS):
        if old.get(key) != new.get(key):
            yield f"would change {key!r}, which the project's own files decide"


def _forget_moving_day(old: object, new: object) -> None:
    """Drop the day of a moving window, which moves with each upgrade.

    Where there was a day, a newer uv may add the window's length.
    """
    if isinstance(old, dict) and isinstance(new, dict) and "exclude-newer" in old and _SPAN in new:
        for options in (old, new):
            options.pop("exclude-newer", None)
        old.setdefault(_SPAN, new[_SPAN])


def _parse_head(lockfile: UvLockfile) -> dict[str, Any]:
    head = lockfile.parts[0] if lockfile.parts else ""
    return parse_toml(head if isinstance(head, str) else "")


def _find_new_sources(before: UvLockfile, after: UvLockfile) -> Iterator[str]:
    registries = _list_registries(before)
    others = {(each.name, each.source) for each in before.graph.packages}
    for package in after.graph.packages:
        sources = [(package.name, package.source)]
        sources += [(edge.name, edge.source) for edge in package.edges if edge.source]
        for name, source in sources:
            known = source.place in registries if source.kind == "registry" else (name, source) in others
            if not known:
                yield f"would take {name} from {_describe_source(source)}, which is new"
                return


def _list_registries(lockfile: UvLockfile) -> frozenset[str]:
    found = {each.source.place for each in lockfile.graph.packages if each.source.kind == "registry"}
    return frozenset(found or {PYPI_REGISTRY})


def _describe_source(source: PackageSource) -> str:
    return f"the {source.kind} {to_one_line(source.place, 120)!r}"


def _find_file_problems(before: UvLockfile, after: UvLockfile) -> Iterator[str]:
    known = {(file.place, file.hash) for package in before.graph.packages for file in package.files}
    places = {place for place, _ in known}
    hosts = {registry: _list_hosts(before, registry) for registry in _list_registries(before)}
    for package in after.graph.packages:
        for file in package.files if package.source.kind == "registry" else ():
            if (file.place, file.hash) in known:
                continue
            place = to_one_line(file.place, 120)
            if file.place in places:
                yield f"would give {place!r} another hash"
            elif not _HASH.fullmatch(file.hash):
                yield f"would get {place!r} without a hash"
            elif not _is_from(file.place, hosts.get(package.source.place, frozenset())):
                yield f"would get {place!r}, from a host that its index has no other file from"
            else:
                continue
            return


def _list_hosts(lockfile: UvLockfile, registry: str) -> frozenset[str]:
    packages = [each for each in lockfile.graph.packages if each.source.place == registry]
    found = {_parse_host(file.place) for package in packages for file in package.files}
    return frozenset(found or {_PYPI_FILES}) - {""}


def _is_from(address: str, hosts: frozenset[str]) -> bool:
    return _parse_host(address) in hosts if "://" in address else not hosts


def _parse_host(address: str) -> str:
    """Return scheme and host of a plain address, or nothing."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    plain = parts.scheme in {"http", "https"} and not parts.username and not parts.query
    host = parts.netloc if parts.scheme == "https" else f"http://{parts.netloc}"
    return host if plain else ""


def _list_own_tables(lockfile: UvLockfile) -> Mapping[str, Any]:
    """Return what the lockfile repeats of the projects' own files."""
    found: dict[str, Any] = {}
    for part in lockfile.parts[1:]:
        table = next(iter(parse_toml(part if isinstance(part, str) else part.text).values()))[0]
        if _is_own(table, lockfile.graph.packages):
            found[table["name"]] = _strip_markers({key: table.get(key) for key in _OWN_TABLES})
    return found


def _strip_markers(value: Any) -> Any:  # noqa: ANN401  # any TOML
    """Return a table without markers, whose wording changes with uv."""
    if isinstance(value, dict):
        return {key: _strip_markers(each) for key, each in value.items() if key != "marker"}
    if isinstance(value, list):
        return frozenset(repr(_strip_markers(each)) for each in value)
    return value


def _is_own(table: Mapping[str, Any], packages: tuple[LockedPackage, ...]) -> bool:
    return "metadata" in table and any(each.name == table["name"] for each in packages)
