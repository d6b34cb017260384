"""The options of a compiler and their treatment in a header.

Keys of the file are checked against the same table of options as a command.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from enum import Enum, Flag, auto
from typing import Any

from depcheck.core.model.errors import LockfileError


class Treatment(Enum):
    """The ways to treat an option that a header holds."""

    KEEP = auto()
    PATH = auto()  # kept; its value is a path, which must stay inside the repository
    CONSTRAINT = auto()  # the same, and it may be a lower layer
    CONFIG = auto()  # kept, unless it is where the compiler looks anyway
    DROP = auto()  # of one run only, or about what the local index and our own cache replace
    DROP_PATH = auto()  # dropped, but refused where it leads out of the repository
    FOLDER = auto()  # the working directory, which is found by itself: dropped, but refused where it leads out
    TORCH = auto()  # PyTorch's own index, asked as a further one; refused where the machine decides
    OUTPUT = auto()
    INDEX = auto()  # replaced by the local index, which asks this one
    EXTRA_INDEX = auto()
    FIND_LINKS = auto()  # kept; a path inside the repository or an https address
    UPGRADE_PACKAGE = auto()  # kept with a specifier, for upgrades: it bounds; dropped without
    PIP_ARGS = auto()
    PYTHON = auto()  # dropped: which interpreter is decided for the whole environment
    PYTHON_VERSION = auto()  # kept, and it says for which Python the lockfile is
    GROUP = auto()  # kept; `path:name` has a path
    FORMAT = auto()  # kept as long as it is requirements.txt
    REFUSE = auto()


class OptionEffect(Flag):
    """What an option does, for code that leaves compiles out.

    A new option has none of these, so its compiles always run.
    """

    NONE = 0
    STYLE = auto()  # how the lockfile is written, and nothing of which pins it holds
    INDEXED = auto()  # brings in nothing but what the index shows and what the files say that it names
    CHOOSING = auto()  # changes which releases may be taken: the pages alone do not say it then
    WRITTEN = STYLE | INDEXED
    CHOSEN = INDEXED | CHOOSING


@dataclass(frozen=True, slots=True)
class CompilerOption:
    """One option of a compiler.

    `name` is the long name, `short` the short one. `since` is the first version of the compiler that knows
    the option, or empty for all versions.
    """

    name: str
    treatment: Treatment = Treatment.KEEP
    takes_value: bool = False
    short: str = ""
    since: str = ""
    effect: OptionEffect = OptionEffect.NONE


OptionTable = Mapping[str, CompilerOption]
"""Options by every name that they have, `-o` as well as `--output-file`."""


def build_option_table(options: Iterable[CompilerOption], aliases: Mapping[str, str]) -> OptionTable:
    """Build a table of options by long, short and alias names."""
    known = {option.name: option for option in options}
    shorts = {option.short: option for option in known.values() if option.short}
    return known | shorts | {alias: known[name] for alias, name in aliases.items()}


def has_effect(option: str, known: OptionTable, effect: OptionEffect) -> bool:
    """Return True if an option, as `--name` or `--name=value`, has an effect."""
    found = known.get(option.partition("=")[0])
    return found is not None and effect in found.effect


@dataclass(frozen=True, slots=True)
class CommandArgument:
    """One argument of a command.

    It is an option with its value, or (with `option` None) a positional value.
    """

    option: CompilerOption | None
    value: str = ""


def parse_compiler_arguments(words: Iterable[str], known: OptionTable) -> Iterator[CommandArgument]:
    """Parse the words after the command's name.

    Understood are long, short, joined (`--a=b`) and combined (`-ab`) options, and `--`. Raises LockfileError
    for an unknown option, a missing value, and a value for an option that takes none.
    """
    rest = iter(words)
    for word in rest:
        if word == "--":
            yield from (CommandArgument(None, value) for value in rest)
        elif word.startswith("--"):
            name, joined, value = word.partition("=")
            yield _read_option_value(_find_option(name, known), value if joined else None, rest)
        elif word.startswith("-") and word != "-":
            yield from _parse_short_options(word, known, rest)
        else:
            yield CommandArgument(None, word)


def _parse_short_options(word: str, known: OptionTable, rest: Iterator[str]) -> Iterator[CommandArgument]:
    """Parse several short options in one word.

    The first one that takes a value gets the rest of the word.
    """
    letters = word[1:]
    while letters:
        option = _find_option(f"-{letters[0]}", known)
        letters = letters[1:]
        if option.takes_value:
            yield _read_option_value(option, letters.removeprefix("=") or None, rest)
            return
        yield CommandArgument(option)


def _read_option_value(option: CompilerOption, joined: str | None, rest: Iterator[str]) -> CommandArgument:
    """Read an option's value, from its own word or the next."""
    if not option.takes_value:
        if joined is not None:
            raise LockfileError(
                f"The header gives {option.name} a value, {joined[:80]!r}, but it takes none; correct it."
            )
        return CommandArgument(option)
    value = next(rest, None) if joined is None else joined
    if value is None:
        raise LockfileError(f"The header gives {option.name} no value; compile the lockfile again to correct it.")
    return CommandArgument(option, value)


def _find_option(name: str, known: OptionTable) -> CompilerOption:
    """Find an option by name.

    Raises LockfileError with the nearest known name for an unknown one.
    """
    if name in known:
        return known[name]
    nearest = get_close_matches(name, known, 1)
    hint = f"the nearest known one is {nearest[0]}" if nearest else "no known one resembles it"
    raise LockfileError(
        f"The header holds the unknown option {name[:80]!r} ({hint}); so it is not run. "
        "Compile the lockfile again with options that the compiler has."
    )


# Keys of pip-sync, which shares the table, and those that are no options on the command line.
_IGNORED_KEYS = frozenset({"ask", "force", "python-executable", "user", "user-only", "src-files"})
_OPTION_NAMES = {
    "extras": "extra",
    "upgrade-packages": "upgrade-package",
    "resolver-name": "resolver",
    "constraints": "constraint",
    "find-link": "find-links",
    "build-deps-targets": "build-deps-for",
    "pip-args-str": "pip-args",
    "unsafe-packages": "unsafe-package",
}


def build_config_arguments(
    keys: Mapping[str, Any], known: OptionTable, path: str, given: Collection[str] = ()
) -> Iterator[str]:
    """Build complete arguments from the keys of the configuration file at `path`.

    Keys are spelled with hyphens. Keys in `given`, which the command decides, are skipped. Raises
    LockfileError for a key that no version of the compiler has.
    """
    for key, value in keys.items():
        name = _OPTION_NAMES.get(key, key)
        if name in _IGNORED_KEYS or name.removeprefix("no-") in given:
            continue
        option = known.get(f"--{name}")
        if option is None:
            raise LockfileError(f"{path} sets {key!r} for the compiler, which no version of it has; correct the key.")
        yield from _format_config_option(name, value, known, value_taken=option.takes_value)


def _format_config_option(name: str, value: object, known: OptionTable, *, value_taken: bool) -> Iterator[str]:
    """Yield the arguments of one option for a configured value."""
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
