"""What the options of a compiler are to us: kept, dropped, replaced or refused."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from enum import Enum, auto

from depcheck.core.errors import LockfileError


class Treatment(Enum):
    """What becomes of an option that stands in a header."""

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


@dataclass(frozen=True, slots=True)
class CompilerOption:
    """One option: `name` is the long one; `since` the compiler's first version to know it ("" for all)."""

    name: str
    treatment: Treatment = Treatment.KEEP
    value: bool = False
    short: str = ""
    since: str = ""


Table = Mapping[str, CompilerOption]
"""Options by every name that they have, `-o` as well as `--output-file`."""


def table(options: Iterable[CompilerOption], aliases: Mapping[str, str]) -> Table:
    """The options by long, short and other names."""
    known = {option.name: option for option in options}
    shorts = {option.short: option for option in known.values() if option.short}
    return known | shorts | {alias: known[name] for alias, name in aliases.items()}


@dataclass(frozen=True, slots=True)
class Argument:
    """One word or pair of a command: an option with its value, or (`option` None) a positional value."""

    option: CompilerOption | None
    value: str = ""


def arguments(words: Iterable[str], known: Table) -> Iterator[Argument]:
    """Read the words after the command's name: long, short, joined, combined, and `--`.

    Raises LockfileError for an unknown option, a missing value, and a value for an option that takes none.
    """
    rest = iter(words)
    for word in rest:
        if word == "--":
            yield from (Argument(None, value) for value in rest)
        elif word.startswith("--"):
            name, joined, value = word.partition("=")
            yield _with_value(_option(name, known), value if joined else None, rest)
        elif word.startswith("-") and word != "-":
            yield from _combined(word, known, rest)
        else:
            yield Argument(None, word)


def _combined(word: str, known: Table, rest: Iterator[str]) -> Iterator[Argument]:
    """Short options in one word; the first that takes a value takes what is left of it."""
    letters = word[1:]
    while letters:
        option = _option(f"-{letters[0]}", known)
        letters = letters[1:]
        if option.value:
            yield _with_value(option, letters.removeprefix("=") or None, rest)
            return
        yield Argument(option)


def _with_value(option: CompilerOption, joined: str | None, rest: Iterator[str]) -> Argument:
    if not option.value:
        if joined is not None:
            raise LockfileError(
                f"The header gives {option.name} a value, {joined[:80]!r}, but it takes none; correct it."
            )
        return Argument(option)
    value = next(rest, None) if joined is None else joined
    if value is None:
        raise LockfileError(f"The header gives {option.name} no value; compile the lockfile again to correct it.")
    return Argument(option, value)


def _option(name: str, known: Table) -> CompilerOption:
    if name in known:
        return known[name]
    nearest = get_close_matches(name, known, 1)
    hint = f"the nearest known one is {nearest[0]}" if nearest else "no known one resembles it"
    raise LockfileError(
        f"The header holds the unknown option {name[:80]!r} ({hint}); so it is not run. "
        "Compile the lockfile again with options that the compiler has."
    )
