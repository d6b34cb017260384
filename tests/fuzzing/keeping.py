"""The corpus: instructive inputs, one JSON value a line.

In `corpus/<target>.jsonl`.

A line is a text (each character a byte), or an object: `was` says which defect the input has shown, `input` holds
pieces of text, each with how often it is repeated.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).with_name("corpus")


@dataclass(frozen=True)
class Kept:
    """One input, and which defect it has shown, if any."""

    content: bytes
    was: str = ""


def kept(target: str) -> Iterator[Kept]:
    """Return the inputs for a target, in order."""
    path = FOLDER / f"{target}.jsonl"
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        value = json.loads(line)
        if isinstance(value, str):
            yield Kept(value.encode("latin-1"))
        else:
            yield Kept(b"".join(piece.encode("latin-1") * times for piece, times in value["input"]), value["was"])


def keep(target: str, found: Iterable[bytes]) -> None:
    """Replace inputs without remark by `found`, in a stable order."""
    path = FOLDER / f"{target}.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    remarked = [line for line in lines if line.startswith("{")]
    plain = [
        json.dumps(content.decode("latin-1")) for content in sorted(set(found), key=lambda each: (len(each), each))
    ]
    path.write_text("".join(f"{line}\n" for line in (*remarked, *plain)), encoding="utf-8")
