"""The compiler's configuration as words of a command: what stands in a file goes through the same table of options."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from depcheck.core.compiler_options import Table
from depcheck.core.errors import LockfileError

# Keys of pip-sync, which shares the table, and those that are no options on the command line.
_NOT_OURS = frozenset({"ask", "force", "python-executable", "user", "user-only", "src-files"})
_DESTINATIONS = {
    "extras": "extra",
    "upgrade-packages": "upgrade-package",
    "resolver-name": "resolver",
    "constraints": "constraint",
    "find-link": "find-links",
    "build-deps-targets": "build-deps-for",
    "pip-args-str": "pip-args",
    "unsafe-packages": "unsafe-package",
}


def words(keys: Mapping[str, Any], known: Table, path: str, given: Collection[str] = ()) -> Iterator[str]:
    """Complete arguments for the keys of the configuration at `path`; `given` is what the command decides.

    Keys are spelled with hyphens. Raises LockfileError for a key that the compiler does not have.
    """
    for key, value in keys.items():
        name = _DESTINATIONS.get(key, key)
        if name in _NOT_OURS or name.removeprefix("no-") in given:
            continue
        option = known.get(f"--{name}")
        if option is None:
            raise LockfileError(f"{path} sets {key!r} for the compiler, which no version of it has; correct the key.")
        yield from _words(name, value, known, value_taken=option.value)


def _words(name: str, value: object, known: Table, *, value_taken: bool) -> Iterator[str]:
    if isinstance(value, bool) and not value_taken:
        opposite = name.removeprefix("no-") if name.startswith("no-") else f"no-{name}"
        shown = name if value else opposite
        if f"--{shown}" in known:
            yield f"--{shown}"
    elif isinstance(value, list):
        yield from (f"--{name}={item}" for item in value)
    elif value_taken:
        yield f"--{name}={value}"
    elif value:
        yield f"--{name}"
