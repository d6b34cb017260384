"""The compiler's own configuration: read to understand the lockfile, never to be passed again."""

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from depcheck.checking.tree import Tree
from depcheck.core import toml
from depcheck.core.errors import LockfileError

_NAMES = (".pip-tools.toml", "pyproject.toml")


@dataclass(frozen=True, slots=True)
class ToolConfig:
    """`[tool.pip-tools]` as pip-compile sees it: command-specific keys win. Keys are spelled with hyphens."""

    path: str = ""
    keys: Mapping[str, Any] = field(default_factory=dict)

    def texts(self, *names: str) -> tuple[str, ...]:
        """The values of a key that holds a text or a list of texts, under any of these names."""
        found = [value for name in names for value in _listed(self.keys.get(name))]
        return tuple(value for value in found if isinstance(value, str))


def read_config(tree: Tree, *folders: str, named: str = "") -> ToolConfig:
    """The configuration that pip-compile finds from `folders`, the sources', in order; or the file `named`.

    Raises LockfileError where it is no TOML.
    """
    for path in [named] if named else [posixpath.join(folder, name) for folder in folders for name in _NAMES]:
        if tree.has(path):
            table = _table(read_toml(tree, path), "tool", "pip-tools")
            if table or path.endswith(_NAMES[0]) or named:
                return ToolConfig(path, _spelled(table) | _spelled(_table(table, "compile")))
    return ToolConfig()


def read_toml(tree: Tree, path: str) -> dict[str, Any]:
    """A TOML file of the repository. Raises LockfileError where it is none."""
    try:
        return toml.parse(tree.read(path))
    except ValueError as error:
        raise LockfileError(f"{path} is not valid TOML ({error}); correct it.") from None


def uv_indexes(tree: Tree, folder: str) -> Iterator[str]:
    """The addresses of the indexes that uv's configuration names, from `folder` upwards."""
    above = [folder]
    while above[-1]:
        above.append(posixpath.dirname(above[-1]))
    for place in above:
        for name, way in (("uv.toml", ()), ("pyproject.toml", ("tool", "uv"))):
            path = posixpath.join(place, name)
            if tree.has(path):
                yield from _addresses(_table(read_toml(tree, path), *way))


def _addresses(table: Mapping[str, Any]) -> Iterator[str]:
    """The indexes of `[tool.uv]` and `[tool.uv.pip]`; those that are no http addresses are uv's own matter."""
    indexes = table.get("index")
    named = [index.get("url") for index in indexes if isinstance(index, dict)] if isinstance(indexes, list) else []
    pip = _table(table, "pip")
    for keys in (table, pip):
        named += [*_listed(keys.get("index-url")), *_listed(keys.get("extra-index-url"))]
    yield from (url for url in named if isinstance(url, str) and url.startswith(("http://", "https://")))


def _table(found: Mapping[str, Any], *way: str) -> dict[str, Any]:
    for key in way:
        deeper = found.get(key)
        found = deeper if isinstance(deeper, dict) else {}
    return dict(found)


def _spelled(table: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key.lstrip("-").replace("_", "-").lower(): value for key, value in table.items() if not isinstance(value, dict)
    }


def _listed(value: object) -> list[object]:
    return list(value) if isinstance(value, list) else [value]
