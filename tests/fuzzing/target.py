"""A fuzzing target: a reader, its documented errors, and its law."""

import signal
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass

Run = Callable[[bytes], None]
"""Reads one input; raises nothing where the reader keeps its promises."""


@dataclass(frozen=True)
class Target:
    """A reader of hostile input.

    `words` are what its grammar is made of. `most_bytes` bounds the guided search.
    """

    name: str
    run: Run
    words: tuple[str, ...] = ()
    most_bytes: int = 4096


class TooSlowError(Exception):
    """An input took more processor time than honest ones do."""


@contextmanager
def limited(seconds: float):
    """Raise TooSlowError after `seconds` of this process's own time."""

    def stop(*_: object) -> None:
        raise TooSlowError(f"more than {seconds} s of processor time")

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def text_of(content: bytes) -> str:
    """Decode any bytes as text, with surrogates as file names have."""
    return content.decode("utf-8", "surrogateescape")


def parts_of(content: bytes, number: int) -> list[str]:
    """Split the content at NUL bytes into so many texts.

    Missing ones are empty.
    """
    found = [text_of(part) for part in content.split(b"\0", number - 1)]
    return found + [""] * (number - len(found))
