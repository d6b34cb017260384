"""Format pins as requirement lines that uv installs without resolving."""

import re
from collections.abc import Iterator
from pathlib import Path

from depcheck.core.lockfiles.paths import get_repository_path
from depcheck.core.lockfiles.spec import EnvironmentSpec, LockfileSpec
from depcheck.core.model.pins import Pin, Pins

_EDITABLE_PREFIX = re.compile(r"^(?:-e|--editable)[ =]\s*")
_LOCAL_PREFIX = re.compile(r"^(?:file:(?!/)(?://)?|(?=\.{1,2}(?:/|\[|$)))")
_REFERENCE_PARTS = re.compile(
    r"^(?P<name>[\w.-]+(?:\[[^\]]*\])?\s*@\s*)?(?P<target>[^;]*?)(?P<rest>\s*(?:;.*)?)$", re.DOTALL
)


def format_install_lines(spec: EnvironmentSpec, pins: Pins, copy: Path) -> Iterator[tuple[str, Pin]]:
    """Format one line for each pin, with marker and hashes.

    Local references point into `copy`, the copy of the repository.
    """
    for pin in pins.values():
        if pin.reference:
            yield _format_reference(pin, spec, copy), pin
        else:
            yield format_pin(pin), pin


def format_pin(pin: Pin) -> str:
    """Format an index pin as one line with marker and hashes."""
    marker = f" ; {pin.marker}" if pin.marker else ""
    hashes = "".join(f" --hash={value}" for value in sorted(pin.hashes))
    return f"{pin.name}=={pin.version}{marker}{hashes}"


def is_editable_pin(pin: Pin) -> bool:
    """Whether the lockfile asks for an editable installation."""
    return bool(_EDITABLE_PREFIX.match(pin.reference.strip()))


def is_repository_pin(pin: Pin, spec: EnvironmentSpec, copy: Path) -> bool:
    """Return True if the pin is the repository itself (`-e .`)."""
    line = _format_reference(pin, spec, copy) if pin.reference else ""
    return bool(line) and _REFERENCE_PARTS.sub(r"\g<target>", line).strip().removeprefix("file://").rstrip("/") == str(
        copy
    )


def _find_holding_lockfile(spec: EnvironmentSpec, pin: Pin) -> LockfileSpec | None:
    """Find the lockfile that holds the pin."""
    return next((lock for lock in spec.lockfiles if pin.reference in lock.lockfile.references), None)


def _format_reference(pin: Pin, spec: EnvironmentSpec, copy: Path) -> str:
    text = _EDITABLE_PREFIX.sub("", pin.reference.strip())
    match, lock = _REFERENCE_PARTS.match(text), _find_holding_lockfile(spec, pin)
    if match is None:
        return text
    target = match["target"]
    extras = target[target.find("[") :] if target.endswith("]") else ""
    known = get_repository_path(target.removesuffix(extras), lock.root if lock else "")
    if known is None and not _LOCAL_PREFIX.match(target):
        return text
    path = _LOCAL_PREFIX.sub("", target.removesuffix(extras)) if known is None else known
    inside = (copy / (lock.folder if lock and known is None else ".") / path).resolve()
    return f"{match['name'] or ''}{'file://' if match['name'] else ''}{inside}{extras}{match['rest']}"
