"""Reads the repository's own configuration: `depcheck.toml`, or `[tool.depcheck]` in `pyproject.toml`."""

from pathlib import Path

from depcheck.core.config import Source, check_settings, from_toml
from depcheck.core.errors import UsageError
from depcheck.core.settings import Settings

_LIMIT_BYTES = 1024 * 1024
_FILES = (("depcheck.toml", ()), ("pyproject.toml", ("tool", "depcheck")))


def settled(source: Source) -> Settings:
    """The settings: what `source` gives, above what the repository configures."""
    repo = check_settings({"repo": source["repo"]} if "repo" in source else {}).repo
    return check_settings(configured(Path(repo)), source)


def configured(repo: Path) -> Source:
    """The options that the repository sets; empty where it sets none. Raises UsageError when it says so twice."""
    if not repo.is_dir():
        raise UsageError(f"{repo} is not a folder, so there is nothing to judge; give --repo DIR.")
    found = {name: source for name, table in _FILES if (source := _options(repo / name, table))}
    if len(found) > 1:
        raise UsageError(f"{' and '.join(found)} both configure depcheck in {repo}; keep one of them.")
    return next(iter(found.values()), {})


def _options(path: Path, table: tuple[str, ...]) -> Source:
    if not path.is_file():
        return {}
    try:
        with path.open("rb") as file:
            content = file.read(_LIMIT_BYTES + 1)
        text = content.decode()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read ({error}), so its options are unknown; mend it.") from None
    if len(content) > _LIMIT_BYTES:
        raise UsageError(f"{path} is larger than {_LIMIT_BYTES} bytes, which no configuration is; shorten it.")
    return from_toml(text, path.name, table=table)
