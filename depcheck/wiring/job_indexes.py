"""Indexes from variables and pip's configuration files.

What pip and uv are told outside of the repository.
"""

import configparser
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from depcheck.core.lockfiles.index_choice import IndexChoice

_MOST_BYTES = 256 << 10
_REMOTE = ("http://", "https://")
_NAMED = re.compile(r"^[A-Za-z0-9_-]+=(?=https?://)")


def read_pip_indexes(environ: Mapping[str, str]) -> IndexChoice:
    """Return the indexes of pip's files and variables.

    Variables win over files. Addresses that are no HTTP are left out.
    """
    found = IndexChoice()
    for path in _list_pip_files(environ):
        found = found.override(_read_pip_file(path))
    variables = IndexChoice(
        next(_list_remote(environ.get("PIP_INDEX_URL", "")), ""),
        tuple(_list_remote(environ.get("PIP_EXTRA_INDEX_URL", ""))),
    )
    return found.override(variables)


def read_uv_indexes(environ: Mapping[str, str]) -> IndexChoice:
    """Return the indexes of uv's variables.

    `UV_DEFAULT_INDEX`, `UV_INDEX`, and the older names of both.
    """
    default = next(_list_remote(environ.get("UV_DEFAULT_INDEX") or environ.get("UV_INDEX_URL", "")), "")
    extras = [*_list_remote(environ.get("UV_INDEX", "")), *_list_remote(environ.get("UV_EXTRA_INDEX_URL", ""))]
    return IndexChoice(default, tuple(dict.fromkeys(extras)))


def _list_remote(value: str) -> Iterator[str]:
    """Yield the HTTP addresses of a list.

    uv's may have names, as `company=https://...`.
    """
    words = (_NAMED.sub("", word) for word in value.split())
    return (word for word in words if word.startswith(_REMOTE))


def _list_pip_files(environ: Mapping[str, str]) -> list[Path]:
    """Return pip's configuration files, the weakest first."""
    named = environ.get("PIP_CONFIG_FILE", "")
    if named == os.devnull:
        return []
    home = Path(environ.get("HOME") or "/nonexistent")
    settings = Path(environ.get("XDG_CONFIG_HOME") or home / ".config")
    files = [Path("/etc/xdg/pip/pip.conf"), Path("/etc/pip.conf"), home / ".pip/pip.conf", settings / "pip/pip.conf"]
    files += [Path(environ["VIRTUAL_ENV"], "pip.conf")] if environ.get("VIRTUAL_ENV") else []
    return [*files, *([Path(named)] if named else [])]


def _read_pip_file(path: Path) -> IndexChoice:
    """Return the indexes of one file.

    A file that is missing, broken or no file says nothing.
    """
    parser = configparser.RawConfigParser()
    try:
        if not path.is_file() or path.stat().st_size > _MOST_BYTES:
            return IndexChoice()
        parser.read_string(path.read_text(encoding="utf-8", errors="replace"))
    except (OSError, configparser.Error):
        return IndexChoice()
    default, extras = "", list[str]()
    for section in ("global", "install"):
        if parser.has_section(section):
            default = next(_list_remote(parser.get(section, "index-url", fallback="")), default)
            extras += _list_remote(parser.get(section, "extra-index-url", fallback=""))
    return IndexChoice(default, tuple(dict.fromkeys(extras)))
