"""Reader of the repository's `depcheck.toml` or `[tool.depcheck]` in `pyproject.toml`."""

from pathlib import Path

from depcheck.core.config.from_sources import (
    RawOptions,
    build_check_settings,
    build_publish_options,
    read_toml_options,
)
from depcheck.core.config.settings import PublishOptions, Settings
from depcheck.core.model.errors import UsageError

_MAX_CONFIG_BYTES = 1024 * 1024
_CONFIG_FILES = (("depcheck.toml", ()), ("pyproject.toml", ("tool", "depcheck")))


def load_settings(source: RawOptions) -> Settings:
    """Build the settings from `source` and the repository's configuration.

    `source` takes precedence.
    """
    return build_check_settings(load_repository_options(_find_repository(source)), source)


def load_publish_options(source: RawOptions) -> PublishOptions:
    """Build the options of `publish` likewise.

    Where nothing is checked out, as in a job that only publishes, there is no configuration.
    """
    return build_publish_options(load_repository_options(_find_repository(source)), source)


def _find_repository(source: RawOptions) -> Path:
    return Path(build_check_settings({"repo": source["repo"]} if "repo" in source else {}).repo)


def load_repository_options(repo: Path) -> RawOptions:
    """Read the options that the repository configures.

    Empty if it configures none.

    Raises:
        UsageError: Both files configure depcheck, or one cannot be read.
    """
    if not repo.is_dir():
        raise UsageError(f"{repo} is not a folder, so there is nothing to check; give --repo DIR.")
    found = {name: source for name, table in _CONFIG_FILES if (source := _read_options_file(repo / name, table))}
    if len(found) > 1:
        raise UsageError(f"{' and '.join(found)} both configure depcheck in {repo}; keep one of them.")
    return next(iter(found.values()), {})


def _read_options_file(path: Path, table: tuple[str, ...]) -> RawOptions:
    if not path.is_file():
        return {}
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_CONFIG_BYTES + 1)
        text = content.decode()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read ({error}), so its options are unknown; mend it.") from None
    if len(content) > _MAX_CONFIG_BYTES:
        raise UsageError(f"{path} is larger than {_MAX_CONFIG_BYTES} bytes, which no configuration is; shorten it.")
    return read_toml_options(text, path.name, table=table)
