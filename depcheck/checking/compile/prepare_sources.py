"""Prepare a compile's input files to use the local index alone."""

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path, PurePosixPath

from depcheck.checking.compile.remote_files import RemoteFiles
from depcheck.checking.environments.remote_requirements import PROJECT_URL, REQUIREMENT_URL, RemoteRequirements
from depcheck.core.lockfiles.requirement_line import (
    LogicalLine,
    RequirementLine,
    parse_requirement_line,
    split_logical_lines,
)
from depcheck.untrusted_files import read_beneath, write_beneath

MOST_SOURCE_BYTES = 8 << 20
_PROJECT_SUFFIXES = (".py", ".toml", ".cfg")
_UV_INDEX_TABLE = re.compile(r"^[ \t]*\[\[(?:tool\.uv\.)?index\]\][^\[]*", re.MULTILINE)
_UV_URL_LINE = re.compile(r"""(?P<key>^[ \t]*url[ \t]*=[ \t]*)["'](?P<url>[^"'\n]*)["']""", re.MULTILINE)
_UV_INDEX_KEY = re.compile(
    r"^[ \t]*(?P<key>(?:extra-)?index-url)[ \t]*=[ \t]*(?P<value>\[[^\]]*\]|[^\n]*)", re.MULTILINE
)
_TOML_TEXT = re.compile(r"""["']([^"'\n]*)["']""")


def remove_index_options(root: Path, paths: Iterable[str]) -> None:
    """Blank out the index options of requirement files and their includes.

    `paths` are below `root`. What a compile writes for these options is restored from the committed lockfile.
    """
    for path, text in _walk_included_files(root, [path for path in paths if not path.endswith(_PROJECT_SUFFIXES)]):
        _rewrite_file(root, path, text, _blank_index_options(text))


def _blank_index_options(text: str) -> str:
    """Replace each line with an index option by its line end."""
    return "".join(
        line.text[len(line.text.rstrip("\r\n")) :] if _parse_option(line).is_index_option else line.text
        for line in split_logical_lines(text)
    )


def _parse_option(line: LogicalLine) -> RequirementLine:
    """Parse a line that is an option.

    Other lines, which can be very long, parse as empty.
    """
    return parse_requirement_line(line.content if line.text.lstrip("\ufeff \t").startswith("-") else "")


def trust_remote_urls(root: Path, paths: Iterable[str], remotes: RemoteRequirements) -> None:
    """Trust the remote URLs that committed files and their includes name.

    `paths` are below `root`.
    """
    for path, text in _walk_included_files(root, paths):
        remotes.trust_urls(text, _choose_url_pattern(path))


def localize_remote_urls(root: Path, paths: Iterable[str], remotes: RemoteRequirements) -> None:
    """Replace remote URLs in files and their includes by local addresses.

    `paths` are below `root`.
    """
    for path, text in _walk_included_files(root, paths):
        _rewrite_file(root, path, text, remotes.localize_urls(text, kind=_choose_url_pattern(path)))


def localize_remote_includes(root: Path, paths: Iterable[str], files: RemoteFiles) -> None:
    """Replace URLs of `-r` and `-c` lines in files and includes.

    `paths` are below `root`, a fresh copy of what is committed. Raises LockfileError where a file cannot be had.
    """
    for path, text in _walk_included_files(root, [path for path in paths if not path.endswith(_PROJECT_SUFFIXES)]):
        _rewrite_file(root, path, text, files.localize_includes(text))


def _choose_url_pattern(path: str) -> re.Pattern[str]:
    return PROJECT_URL if path.endswith(_PROJECT_SUFFIXES) else REQUIREMENT_URL


def _walk_included_files(root: Path, paths: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield the regular files among `paths` and their includes, with texts.

    Nothing outside `root` and nothing behind a link.
    """
    seen: set[str] = set()
    todo = list(paths)
    while todo:
        path = posixpath.normpath(todo.pop())
        content = None if path in seen else read_beneath(root, path, MOST_SOURCE_BYTES)
        if content is None:
            continue
        seen.add(path)
        text = content.decode("utf-8", "surrogateescape")
        if not path.endswith(_PROJECT_SUFFIXES):
            included = [_parse_option(line).included_file for line in split_logical_lines(text)]
            todo += [posixpath.join(posixpath.dirname(path), name) for name in included if name]
        yield path, text


def _rewrite_file(root: Path, path: str, text: str, changed: str) -> None:
    if changed != text:
        write_beneath(root, path, changed.encode("utf-8", "surrogateescape"))


def list_config_files(folder: str) -> list[str]:
    """List the files that may configure uv for `folder`."""
    places = (PurePosixPath(folder), *PurePosixPath(folder).parents)
    return [str(place / name) for place in places for name in ("uv.toml", "pyproject.toml")]


def redirect_uv_indexes(root: Path, paths: Iterable[str], choose_url: Callable[[str], str]) -> None:
    """Point uv's configuration at local addresses wherever it names an index.

    `paths` are below `root`; `choose_url` gives the local address of a real one. The indexes keep their names, which a
    project's sources refer to.
    """
    for path in paths:
        content = read_beneath(root, path, MOST_SOURCE_BYTES)
        if content is None:
            continue
        text = content.decode("utf-8", "surrogateescape")
        turned = _UV_INDEX_TABLE.sub(
            lambda block: _UV_URL_LINE.sub(lambda line: f'{line["key"]}"{choose_url(line["url"])}"', block[0]), text
        )
        turned = _UV_INDEX_KEY.sub(lambda key: f"{key['key']} = {_redirect_value(key['value'], choose_url)}", turned)
        _rewrite_file(root, path, text, turned)


def _redirect_value(value: str, choose_url: Callable[[str], str]) -> str:
    """Return a TOML text, or a list of texts, with local addresses."""
    urls = [f'"{choose_url(url)}"' for url in _TOML_TEXT.findall(value)]
    return f"[{', '.join(urls)}]" if value.lstrip().startswith("[") else next(iter(urls), '""')
