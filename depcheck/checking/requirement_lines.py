"""Pins as lines of a requirements file that uv installs without resolving anything."""

import re
from collections.abc import Iterator
from pathlib import Path

from depcheck.core.environments import EnvironmentSpec, LockfileSpec
from depcheck.core.local_references import within
from depcheck.core.pins import Pin, Pins

_EDITABLE = re.compile(r"^(?:-e|--editable)[ =]\s*")
_LOCAL = re.compile(r"^(?:file:(?!/)(?://)?|(?=\.{1,2}(?:/|\[|$)))")
_INSIDE = re.compile(r"^(?P<name>[\w.-]+(?:\[[^\]]*\])?\s*@\s*)?(?P<target>[^;]*?)(?P<rest>\s*(?:;.*)?)$", re.DOTALL)


def lines(spec: EnvironmentSpec, pins: Pins, copy: Path) -> Iterator[tuple[str, Pin]]:
    """One line for each pin, with marker and hashes. Local references point into `copy`, the copy of the repository."""
    for pin in pins.values():
        if pin.reference:
            yield _reference(pin, spec, copy), pin
        else:
            marker = f" ; {pin.marker}" if pin.marker else ""
            hashes = "".join(f" --hash={value}" for value in sorted(pin.hashes))
            yield f"{pin.name}=={pin.version}{marker}{hashes}", pin


def is_editable_pin(pin: Pin) -> bool:
    """Whether the lockfile asks for an editable installation."""
    return bool(_EDITABLE.match(pin.reference.strip()))


def is_repository(pin: Pin, spec: EnvironmentSpec, copy: Path) -> bool:
    """Whether the pin is the repository itself (`-e .`)."""
    line = _reference(pin, spec, copy) if pin.reference else ""
    return bool(line) and _INSIDE.sub(r"\g<target>", line).strip().removeprefix("file://").rstrip("/") == str(copy)


def _holder(spec: EnvironmentSpec, pin: Pin) -> LockfileSpec | None:
    """The lockfile that holds the pin."""
    return next((lock for lock in spec.lockfiles if pin.reference in lock.lockfile.text), None)


def _reference(pin: Pin, spec: EnvironmentSpec, copy: Path) -> str:
    text = _EDITABLE.sub("", pin.reference.strip())
    match, lock = _INSIDE.match(text), _holder(spec, pin)
    if match is None:
        return text
    target = match["target"]
    extras = target[target.find("[") :] if target.endswith("]") else ""
    known = within(target.removesuffix(extras), lock.root if lock else "")
    if known is None and not _LOCAL.match(target):
        return text
    path = _LOCAL.sub("", target.removesuffix(extras)) if known is None else known
    inside = (copy / (lock.folder if lock and known is None else ".") / path).resolve()
    return f"{match['name'] or ''}{'file://' if match['name'] else ''}{inside}{extras}{match['rest']}"
