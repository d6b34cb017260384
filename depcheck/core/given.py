"""What was given for options, and where, before anything is made of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Given:
    """The texts given for one option, and where: `--as-of`, `as-of in depcheck.toml`.

    `tables` are the tables of an array of tables, each with options of its own.
    """

    place: str
    texts: tuple[str, ...] = ()
    tables: tuple["Source", ...] = ()


Source: TypeAlias = Mapping[str, Given]  # by option name
