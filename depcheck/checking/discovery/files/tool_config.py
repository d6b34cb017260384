"""Read the compilers' own configuration, to understand how a lockfile was made.

It is never passed on to a compiler.
"""

import posixpath
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from packaging.utils import canonicalize_name

from depcheck.checking.discovery.files.repo_files import RepoFiles
from depcheck.core.lockfiles.index_choice import IndexChoice
from depcheck.core.model.errors import LockfileError
from depcheck.core.text import toml

_REMOTE = ("http://", "https://")
_CONFIG_FILES = (".pip-tools.toml", "pyproject.toml")


@dataclass(frozen=True, slots=True)
class PipToolsConfig:
    """The table `[tool.pip-tools]` as pip-compile sees it.

    Command-specific keys win. Keys are spelled with hyphens.
    """

    path: str = ""
    keys: Mapping[str, Any] = field(default_factory=dict)

    def get_texts(self, *names: str) -> tuple[str, ...]:
        """Return the texts under any of these key names.

        A key may hold one text or a list of texts.
        """
        found = [value for name in names for value in _as_list(self.keys.get(name))]
        return tuple(value for value in found if isinstance(value, str))


def read_pip_tools_config(tree: RepoFiles, *folders: str, named: str = "") -> PipToolsConfig:
    """Read the configuration that pip-compile finds for sources in `folders`.

    The folders are searched in order. With `named`, that file is read instead.

    Raises:
        LockfileError: The file is not valid TOML.
    """
    for path in [named] if named else [posixpath.join(folder, name) for folder in folders for name in _CONFIG_FILES]:
        if tree.has_file(path):
            table = _get_table(read_repo_toml(tree, path), "tool", "pip-tools")
            if table or path.endswith(_CONFIG_FILES[0]) or named:
                return PipToolsConfig(path, _normalize_keys(table) | _normalize_keys(_get_table(table, "compile")))
    return PipToolsConfig()


def read_repo_toml(tree: RepoFiles, path: str) -> dict[str, Any]:
    """Read a TOML file of the repository.

    Raises:
        LockfileError: It cannot be read or is not valid TOML.
    """
    try:
        return toml.parse_toml(tree.read_text(path))
    except ValueError as error:
        raise LockfileError(f"{path} is not valid TOML ({error}); correct it.") from None


def read_uv_index_choice(tree: RepoFiles, folder: str) -> IndexChoice:
    """Return the indexes of uv's configuration, the nearest file first.

    From `folder` upwards.
    """
    above = [folder]
    while above[-1]:
        above.append(posixpath.dirname(above[-1]))
    found, is_union = IndexChoice(), False
    for place in reversed(above):
        for name, way in (("pyproject.toml", ("tool", "uv")), ("uv.toml", ())):
            path = posixpath.join(place, name)
            if tree.has_file(path):
                each = _read_uv_table(_get_table(read_repo_toml(tree, path), *way))
                found, is_union = found.override(each), is_union or each.is_union
    return replace(found, is_union=is_union)


def _read_uv_table(table: Mapping[str, Any]) -> IndexChoice:
    """Return the indexes of `[tool.uv]` and `[tool.uv.pip]`.

    Those that are no http addresses are uv's own matter.

    An explicit index is asked for the projects alone whose `[tool.uv.sources]` name it.
    """
    listed = table.get("index")
    indexes = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    named = {str(each.get("name", "")): str(each.get("url", "")) for each in indexes}
    default = [each.get("url") for each in indexes if each.get("default") is True]
    extras = [each.get("url") for each in indexes if True not in (each.get("default"), each.get("explicit"))]
    pip = _get_table(table, "pip")
    for keys in (table, pip):
        default += _as_list(keys.get("index-url"))
        extras += _as_list(keys.get("extra-index-url"))
    pairs = [(canonicalize_name(project), named.get(each, "")) for project, each in _list_index_sources(table)]
    strategy = str(pip.get("index-strategy") or table.get("index-strategy") or "")
    return IndexChoice(
        next(iter(_list_remote(default)), ""),
        tuple(_list_remote(extras)),
        tuple((project, url) for project, url in pairs if url.startswith(_REMOTE)),
        is_union=strategy.startswith("unsafe-"),
        names=tuple((url, name) for name, url in named.items() if name and url.startswith(_REMOTE)),
    )


def _list_index_sources(table: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield each project that `[tool.uv.sources]` takes from an index."""
    for project, stated in _get_table(table, "sources").items():
        for source in _as_list(stated):
            if isinstance(source, dict) and isinstance(source.get("index"), str):
                yield project, source["index"]


def _list_remote(urls: Iterable[object]) -> Iterator[str]:
    return (url for url in urls if isinstance(url, str) and url.startswith(_REMOTE))


def _get_table(found: Mapping[str, Any], *way: str) -> dict[str, Any]:
    for key in way:
        deeper = found.get(key)
        found = deeper if isinstance(deeper, dict) else {}
    return dict(found)


def _normalize_keys(table: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key.lstrip("-").replace("_", "-").lower(): value for key, value in table.items() if not isinstance(value, dict)
    }


def _as_list(value: object) -> list[object]:
    return list(value) if isinstance(value, list) else [value]
