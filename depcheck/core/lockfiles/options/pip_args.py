"""The pip options that a header may pass on through `--pip-args`."""

import re
import shlex
from collections.abc import Iterator

from depcheck.core.lockfiles.paths import require_relative_path
from depcheck.core.model.errors import LockfileError

_KEPT_FLAGS = frozenset(
    [
        "--pre",
        "--no-deps",
        "--use-pep517",
        "--no-use-pep517",
        "--prefer-binary",
        "--no-build-isolation",
        "--require-hashes",
        "--no-index",
        "--disable-pip-version-check",
        "--isolated",
        "--no-input",
        "--no-color",
        "--ignore-requires-python",
    ]
)
_KEPT_VALUE_OPTIONS = frozenset(
    [
        "--retries",
        "--timeout",
        "--default-timeout",
        "--resume-retries",
        "--use-feature",
        "--use-deprecated",
        "--no-binary",
        "--only-binary",
        "--platform",
        "--python-version",
        "--implementation",
        "--abi",
        "--trusted-host",
        "--progress-bar",
        "--config-settings",
        "-C",
        "--config-setting",
        "--uploaded-prior-to",
        "--exists-action",
    ]
)
_MAX_CHARS = 10_000  # characters
_PATH_OPTIONS = frozenset({"-c", "--constraint", "--build-constraint"})
# Of one run only, or about what the local index and our own cache replace.
_DROPPED_FLAGS = frozenset({"-q", "--quiet", "-v", "-vv", "-vvv", "--verbose", "--no-cache-dir"})
_INDEX_OPTIONS = frozenset({"-i", "--index-url", "--extra-index-url"})
_DROPPED_VALUE_OPTIONS = _INDEX_OPTIONS | {"--cache-dir", "--keyring-provider", "--cert", "--client-cert"}


def find_index_urls(value: str) -> Iterator[str]:
    """Yield the package index URLs in `value`, in order.

    Yields nothing if `value` cannot be split into words.
    """
    try:
        rest = iter(shlex.split(value))
    except ValueError:
        return
    for word in rest:
        name, joined, text = word.partition("=") if word.startswith("--") else (word, "", "")
        if name in _INDEX_OPTIONS:
            yield text if joined else next(rest, "")


def sanitize_pip_args(value: str) -> str:
    """Return `value` with only the options that are kept.

    The result is quoted for the shell-like splitting that pip-compile does itself.

    Raises:
        LockfileError: An argument is unknown, or could reach outside of the repository.
    """
    if len(value) > _MAX_CHARS:
        raise LockfileError(f"--pip-args in the header has {len(value)} characters, which none needs; shorten it.")
    try:
        words = shlex.split(value)
    except ValueError:
        raise LockfileError(f"--pip-args in the header cannot be split: {value[:200]!r}; correct its quotes.") from None
    return shlex.join(_filter_words(words))


def _filter_words(words: list[str]) -> Iterator[str]:
    rest = iter(words)
    for word in rest:
        name, joined, text = word.partition("=") if word.startswith("--") else (word, "", "")
        if name in _KEPT_FLAGS and not joined:
            yield name
        elif name in _KEPT_VALUE_OPTIONS | _PATH_OPTIONS | _DROPPED_VALUE_OPTIONS:
            given = text if joined else next(rest, "")
            yield from _check_value_option(name, given)
        elif name not in _DROPPED_FLAGS:
            raise LockfileError(
                f"--pip-args in the header holds {word[:80]!r}, which could reach outside of the compile; "
                "compile the lockfile without it, or set it in the environment of those who need it."
            )


def _check_value_option(name: str, value: str) -> Iterator[str]:
    if name in _DROPPED_VALUE_OPTIONS:
        return
    if name in _PATH_OPTIONS:
        require_relative_path(value, f"{name} of --pip-args")
    elif not re.fullmatch(r"[\w.,:+*=/@\[\] -]*", value):
        raise LockfileError(f"{name} of --pip-args in the header has the odd value {value[:80]!r}; correct it.")
    yield from (name, value)
