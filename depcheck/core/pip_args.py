"""`--pip-args`: what a header may hand on to pip."""

import re
import shlex
from collections.abc import Iterator

from depcheck.core.errors import LockfileError
from depcheck.core.paths import relative

_FLAGS = frozenset(
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
_VALUES = frozenset(
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
_LONGEST = 10_000  # characters
_PATHS = frozenset({"-c", "--constraint", "--build-constraint"})
# Of one run only, or about what the local index and our own cache replace.
_DROPPED = frozenset({"-q", "--quiet", "-v", "-vv", "-vvv", "--verbose", "--no-cache-dir"})
_INDEXES = frozenset({"-i", "--index-url", "--extra-index-url"})
_DROPPED_VALUES = _INDEXES | {"--cache-dir", "--keyring-provider", "--cert", "--client-cert"}


def indexes(value: str) -> Iterator[str]:
    """The addresses of package indexes in `value`, in order; none where it cannot be split."""
    try:
        rest = iter(shlex.split(value))
    except ValueError:
        return
    for word in rest:
        name, joined, text = word.partition("=") if word.startswith("--") else (word, "", "")
        if name in _INDEXES:
            yield text if joined else next(rest, "")


def checked(value: str) -> str:
    """`value` with what is kept of it, quoted for the shell-like splitting that pip-compile does itself.

    Raises LockfileError for an argument that is unknown or could reach outside of the repository.
    """
    if len(value) > _LONGEST:
        raise LockfileError(f"--pip-args in the header has {len(value)} characters, which none needs; shorten it.")
    try:
        words = shlex.split(value)
    except ValueError:
        raise LockfileError(f"--pip-args in the header cannot be split: {value[:200]!r}; correct its quotes.") from None
    return shlex.join(_kept(words))


def _kept(words: list[str]) -> Iterator[str]:
    rest = iter(words)
    for word in rest:
        name, joined, text = word.partition("=") if word.startswith("--") else (word, "", "")
        if name in _FLAGS and not joined:
            yield name
        elif name in _VALUES | _PATHS | _DROPPED_VALUES:
            given = text if joined else next(rest, "")
            yield from _with_value(name, given)
        elif name not in _DROPPED:
            raise LockfileError(
                f"--pip-args in the header holds {word[:80]!r}, which could reach outside of the compile; "
                "compile the lockfile without it, or set it in the environment of those who need it."
            )


def _with_value(name: str, value: str) -> Iterator[str]:
    if name in _DROPPED_VALUES:
        return
    if name in _PATHS:
        relative(value, f"{name} of --pip-args")
    elif not re.fullmatch(r"[\w.,:+*=/@\[\] -]*", value):
        raise LockfileError(f"{name} of --pip-args in the header has the odd value {value[:80]!r}; correct it.")
    yield from (name, value)
