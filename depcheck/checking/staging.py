"""The files that a compile reads, without their index options: tools are to see the local index alone."""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path, PurePosixPath

from depcheck.checking.remotes import LINE, STATED, Remotes

_INDEX_OPTION = re.compile(
    r"^[ \t]*(?:-i|--index-url|--pypi-url|--extra-index-url|--trusted-host)(?:[ \t=][^\n]*)?$", re.MULTILINE
)
_INCLUDE = re.compile(r"^[ \t]*(?:-r|-c|--requirement|--constraint)[ \t=]*([^\s#]+)", re.MULTILINE)
_NO_REQUIREMENTS = (".py", ".toml", ".cfg")
_UV_INDEX = re.compile(r"^[ \t]*\[\[(?:tool\.uv\.)?index\]\][^\[]*", re.MULTILINE)
_UV_URL = re.compile(r"""(?P<key>^[ \t]*url[ \t]*=[ \t]*)(?:"[^"\n]*"|'[^'\n]*')""", re.MULTILINE)
_UV_KEY = re.compile(r"^[ \t]*(?P<key>(?:extra-)?index-url)[ \t]*=[ \t]*(?:\[[^\]]*\]|[^\n]*)", re.MULTILINE)


def take_out_index_options(root: Path, paths: Iterable[str]) -> None:
    """Blank out the index options of these requirement files under `root`, and of all that they include.

    What a compile writes for them is put back from the committed lockfile.
    """
    for path in _reached(root, [path for path in paths if not path.endswith(_NO_REQUIREMENTS)]):
        _change(path, lambda text: _INDEX_OPTION.sub("", text))


def trust_remotes(root: Path, paths: Iterable[str], remotes: Remotes) -> None:
    """Trust what these files under `root`, and all that they include, name of what stands elsewhere: as committed."""
    for path in _reached(root, paths):
        remotes.trust(path.read_bytes().decode("utf-8", "surrogateescape"), _kind(path))


def turn_remotes(root: Path, paths: Iterable[str], remotes: Remotes) -> None:
    """Let these files under `root`, and all that they include, name local addresses for what stands elsewhere."""
    for path in _reached(root, paths):
        _change(path, partial(remotes.turned, kind=_kind(path)))


def _kind(path: Path) -> re.Pattern[str]:
    return STATED if path.name.endswith(_NO_REQUIREMENTS) else LINE


def _reached(root: Path, paths: Iterable[str]) -> Iterator[Path]:
    """The plain files among `paths` and all that they include; nothing outside `root`, nothing through a link."""
    seen: set[Path] = set()
    todo = [root / path for path in paths]
    while todo:
        path = todo.pop()
        if path in seen or path.is_symlink() or not path.is_file() or not path.resolve().is_relative_to(root.resolve()):
            continue
        seen.add(path)
        if not path.name.endswith(_NO_REQUIREMENTS):
            included = _INCLUDE.findall(path.read_bytes().decode("utf-8", "surrogateescape"))
            todo += [path.parent / PurePosixPath(name) for name in included if "://" not in name]
        yield path


def _change(path: Path, change: Callable[[str], str]) -> None:
    text = path.read_bytes().decode("utf-8", "surrogateescape")
    changed = change(text)
    if changed != text:
        path.write_bytes(changed.encode("utf-8", "surrogateescape"))


def turn_uv_indexes(root: Path, folder: str, url: str) -> None:
    """Let uv's configuration, from `folder` upwards under `root`, name the index at `url` wherever it names one.

    Its indexes keep their names, which the sources of a project refer to.
    """
    places = [root / folder, *(root / folder).parents]
    inside = [place for place in places if place.is_relative_to(root)]
    for path in (place / name for place in inside for name in ("uv.toml", "pyproject.toml")):
        if path.is_symlink() or not path.is_file():
            continue
        text = path.read_bytes().decode("utf-8", "surrogateescape")
        turned = _UV_INDEX.sub(lambda block: _UV_URL.sub(rf'\g<key>"{url}"', block[0]), text)
        turned = _UV_KEY.sub(lambda key: f"{key['key']} = {_listed(url, many=key['key'].startswith('extra'))}", turned)
        if turned != text:
            path.write_bytes(turned.encode("utf-8", "surrogateescape"))


def _listed(url: str, *, many: bool) -> str:
    return f'["{url}"]' if many else f'"{url}"'
