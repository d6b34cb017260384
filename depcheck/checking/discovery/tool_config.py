"""Read the compilers' own configuration, to understand how a lockfile was made.

It is never passed on to a compiler.
"""

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from depcheck.checking.discovery.repo_files import RepoFiles
from depcheck.core.model.errors import LockfileError
from depcheck.core.text import toml

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


def read_uv_index_urls(tree: RepoFiles, folder: str) -> Iterator[str]:
    """Read the index URLs of uv's configuration, from `folder` upwards."""
    above = [folder]
    while above[-1]:
        above.append(posixpath.dirname(above[-1]))
    for place in above:
        for name, way in (("uv.toml", ()), ("pyproject.toml", ("tool", "uv"))):
            path = posixpath.join(place, name)
            if tree.has_file(path):
                yield from _list_table_index_urls(_get_table(read_repo_toml(tree, path), *way))


def _list_table_index_urls(table: Mapping[str, Any]) -> Iterator[str]:
    """List the http(s) index URLs of `[tool.uv]` and `[tool.uv.pip]`.

    Other addresses are left to uv.
    """
    indexes = table.get("index")
    named = [index.get("url") for index in indexes if isinstance(index, dict)] if isinstance(indexes, list) else []
    pip = _get_table(table, "pip")
    for keys in (table, pip):
        named += [*_as_list(keys.get("index-url")), *_as_list(keys.get("extra-index-url"))]
    yield from (url for url in named if isinstance(url, str) and url.startswith(("http://", "https://")))


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
