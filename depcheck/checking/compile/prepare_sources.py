"""Prepare a compile's input files to use the local index alone."""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path, PurePosixPath

from depcheck.checking.environments.remote_requirements import PROJECT_URL, REQUIREMENT_URL, RemoteRequirements
from depcheck.core.lockfiles.requirement_line import (
    LogicalLine,
    RequirementLine,
    parse_requirement_line,
    split_logical_lines,
)

_PROJECT_SUFFIXES = (".py", ".toml", ".cfg")
_UV_INDEX_TABLE = re.compile(r"^[ \t]*\[\[(?:tool\.uv\.)?index\]\][^\[]*", re.MULTILINE)
_UV_URL_LINE = re.compile(r"""(?P<key>^[ \t]*url[ \t]*=[ \t]*)(?:"[^"\n]*"|'[^'\n]*')""", re.MULTILINE)
_UV_INDEX_KEY = re.compile(r"^[ \t]*(?P<key>(?:extra-)?index-url)[ \t]*=[ \t]*(?:\[[^\]]*\]|[^\n]*)", re.MULTILINE)


def remove_index_options(root: Path, paths: Iterable[str]) -> None:
    """Blank out the index options of requirement files and their includes.

    `paths` are below `root`. What a compile writes for these options is restored from the committed lockfile.
    """
    for path in _walk_included_files(root, [path for path in paths if not path.endswith(_PROJECT_SUFFIXES)]):
        _rewrite_file(path, _blank_index_options)


def _blank_index_options(text: str) -> str:
    """Replace each line with an index option by its line end."""
    return "".join(
        line.text[len(line.text.rstrip("\r\n")) :] if _parse_option(line).is_index_option else line.text
        for line in split_logical_lines(text)
    )


def _parse_option(line: LogicalLine) -> RequirementLine:
    """Parse a line if it is an option; others are long at times."""
    return parse_requirement_line(line.content if line.text.lstrip("\ufeff \t").startswith("-") else "")


def trust_remote_urls(root: Path, paths: Iterable[str], remotes: RemoteRequirements) -> None:
    """Trust the remote URLs that committed files and their includes name.

    `paths` are below `root`.
    """
    for path in _walk_included_files(root, paths):
        remotes.trust_urls(path.read_bytes().decode("utf-8", "surrogateescape"), _choose_url_pattern(path))


def localize_remote_urls(root: Path, paths: Iterable[str], remotes: RemoteRequirements) -> None:
    """Replace remote URLs in files and their includes by local addresses.

    `paths` are below `root`.
    """
    for path in _walk_included_files(root, paths):
        _rewrite_file(path, partial(remotes.localize_urls, kind=_choose_url_pattern(path)))


def _choose_url_pattern(path: Path) -> re.Pattern[str]:
    return PROJECT_URL if path.name.endswith(_PROJECT_SUFFIXES) else REQUIREMENT_URL


def _walk_included_files(root: Path, paths: Iterable[str]) -> Iterator[Path]:
    """Yield the regular files among `paths` and all files that they include.

    Nothing outside `root` and no symlink.
    """
    seen: set[Path] = set()
    todo = [root / path for path in paths]
    while todo:
        path = todo.pop()
        if path in seen or path.is_symlink() or not path.is_file() or not path.resolve().is_relative_to(root.resolve()):
            continue
        seen.add(path)
        if not path.name.endswith(_PROJECT_SUFFIXES):
            lines = split_logical_lines(path.read_bytes().decode("utf-8", "surrogateescape"))
            included = [_parse_option(line).included_file for line in lines]
            todo += [path.parent / PurePosixPath(name) for name in included if name]
        yield path


def _rewrite_file(path: Path, change: Callable[[str], str]) -> None:
    text = path.read_bytes().decode("utf-8", "surrogateescape")
    changed = change(text)
    if changed != text:
        path.write_bytes(changed.encode("utf-8", "surrogateescape"))


def redirect_uv_indexes(root: Path, folder: str, url: str) -> None:
    """Point uv's configuration at the index `url` wherever it names an index.

    Reads the files from `folder` upwards, below `root`. The indexes keep their names, which a project's
    sources refer to.
    """
    places = [root / folder, *(root / folder).parents]
    inside = [place for place in places if place.is_relative_to(root)]
    for path in (place / name for place in inside for name in ("uv.toml", "pyproject.toml")):
        if path.is_symlink() or not path.is_file():
            continue
        text = path.read_bytes().decode("utf-8", "surrogateescape")
        turned = _UV_INDEX_TABLE.sub(lambda block: _UV_URL_LINE.sub(rf'\g<key>"{url}"', block[0]), text)
        turned = _UV_INDEX_KEY.sub(
            lambda key: f"{key['key']} = {_format_toml_value(url, many=key['key'].startswith('extra'))}", turned
        )
        if turned != text:
            path.write_bytes(turned.encode("utf-8", "surrogateescape"))


def _format_toml_value(url: str, *, many: bool) -> str:
    return f'["{url}"]' if many else f'"{url}"'
