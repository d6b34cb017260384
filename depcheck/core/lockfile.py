"""Lockfiles: text to values and back, to the byte."""

from dataclasses import dataclass

from depcheck.core.pins import Pin


@dataclass(frozen=True, slots=True)
class Entry:
    """One requirement of a lockfile: its pin and the exact text it stands in, annotations and hashes included."""

    pin: Pin
    text: str


@dataclass(frozen=True, slots=True)
class Lockfile:
    """A parsed lockfile: the concatenation of `parts` is its text, to the byte."""

    header: str
    parts: tuple[Entry | str, ...]
