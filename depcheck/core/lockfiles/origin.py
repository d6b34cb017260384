"""Pins from outside the package index, and lockfiles compiled for another platform.

Old headers, and those of uv, do not name the Python. A backport is required only below the Python version
that made it unnecessary, so each one gives an upper bound. The table holds backports that all requirers
bound alike, or names the requirers for which the bound is true.
"""

import re
from collections.abc import Iterable

from packaging.markers import Marker

from depcheck.core.model.pins import Pin

_REMOTE_REFERENCE = re.compile(
    r"(?:^|\s)(?:(?:git|hg|svn|bzr)\+|https?://|ssh://)|@\s*(?:(?:git|hg|svn|bzr)\+|https?://)"
)
_LINUX_ONLY = re.compile(r"^(?:secretstorage|jeepney|pyinotify|inotify-simple)$")
_OTHER_PLATFORM = re.compile(r"windows|macos|darwin|ios|android|pyodide|wasm", re.IGNORECASE)
_ONLY_ON_PLATFORM = {
    "Windows": re.compile(
        r"^(?:colorama|atomicwrites|pywin32(?:-ctypes)?|pypiwin32|pyreadline3?|pywinpty|win-inet-pton|wincertstore"
        r"|windows-curses|win32-setctime|win-unicode-console)$"
    ),
    "macOS": re.compile(r"^(?:appnope|pyobjc(?:-.*)?|macfsevents|rubicon-objc)$"),
}


def describe_remote_pins(pins: Iterable[Pin]) -> str:
    """Describe the pins that come from version control or a URL.

    Returns one sentence, or an empty string if there are no such pins.
    """
    remote = sorted((pin for pin in pins if _REMOTE_REFERENCE.search(pin.reference)), key=lambda pin: pin.name)
    if not remote:
        return ""
    names = ", ".join(pin.name for pin in remote[:3]) + (" and others" if remote[3:] else "")
    return (
        f"{names} {'come' if remote[1:] else 'comes'} from outside the package index ({remote[0].reference[:99]}), "
        "and a compile here reaches the index alone; release it to an index, or keep its wheel beside the sources."
    )


def find_other_platform(options: Iterable[str]) -> str:
    """Find the platform other than Linux that a uv command targets.

    Returns a name such as "windows", or an empty string for Linux and for no platform.
    """
    told = [option.partition("=")[2] for option in options if option.startswith("--python-platform=")]
    return told[-1] if told and _OTHER_PLATFORM.search(told[-1]) else ""


def describe_platform_mismatch(gone: Iterable[str], added: Iterable[str] = ()) -> str:
    """Describe evidence that a lockfile was compiled on another platform.

    `gone` are packages that our compile lacks, `added` those that only our compile has. Returns one sentence,
    or an empty string if no package is specific to a platform.
    """
    names = sorted(gone)
    here = [name for name in sorted(added) if _LINUX_ONLY.match(name)]
    if here and not names:
        return (
            f"{here[0]} is asked for on Linux alone, so the lockfile was compiled elsewhere: compile it on the "
            "platform that it is installed on, or with `uv pip compile --universal`."
        )
    for platform, known in _ONLY_ON_PLATFORM.items():
        found = [name for name in names if known.match(name)]
        if found:
            return (
                f"{found[0]} is asked for on {platform} alone, so the lockfile was compiled there: compile it on the "
                "platform that it is installed on, or with `uv pip compile --universal`."
            )
    return ""


_NEWEST = 20  # beyond every minor version that a marker names
_EVERYWHERE = (
    {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix", "platform_machine": "x86_64"},
    {"sys_platform": "win32", "platform_system": "Windows", "os_name": "nt", "platform_machine": "AMD64"},
    {"sys_platform": "darwin", "platform_system": "Darwin", "os_name": "posix", "platform_machine": "arm64"},
)

_PYTHON_2_BACKPORTS = frozenset(
    [
        "backports-functools-lru-cache",
        "configparser",
        "contextlib2",
        "enum34",
        "funcsigs",
        "functools32",
        "futures",
        "pathlib2",
        "scandir",
        "singledispatch",
        "unittest2",
    ]
)
_ANY_REQUIRER = frozenset({"*"})
# backport: (the first minor version of Python 3 without it, the requirers of which that is true)
_BACKPORT_BOUNDS = {
    "dataclasses": (7, _ANY_REQUIRER),
    "contextvars": (7, _ANY_REQUIRER),
    "importlib-metadata": (8, frozenset({"pluggy", "pytest", "tox", "virtualenv", "click", "flake8", "jsonschema"})),
    "typed-ast": (8, frozenset({"black", "mypy", "astroid"})),
    "cached-property": (8, frozenset({"kombu"})),
    "backports-zoneinfo": (9, _ANY_REQUIRER),
    "pkgutil-resolve-name": (9, _ANY_REQUIRER),
    "graphlib-backport": (9, _ANY_REQUIRER),
    "importlib-resources": (9, frozenset({"jsonschema", "alembic", "limits"})),
    "exceptiongroup": (11, frozenset({"pytest", "anyio", "ipython", "hypothesis", "cattrs"})),
    "tomli": (11, frozenset({"pytest", "black", "mypy", "coverage", "build", "pylint"})),
    "async-timeout": (11, frozenset({"aiohttp", "asyncpg"})),
}


def infer_newest_python(pins: Iterable[Pin]) -> str:
    """Infer the newest Python that the set can have been compiled for.

    Returns "3.7" or "2.7", or an empty string where no backport gives a bound. One Python 2 backport alone
    does not count, because a project can require it directly.
    """
    known = tuple(pins)
    old = {pin.name for pin in known if pin.name in _PYTHON_2_BACKPORTS}
    if len(old) > 1:  # one alone may be asked for in earnest
        return "2.7"
    bounds = [bound for pin in known for bound in _find_python_bounds(pin)]
    return f"3.{min(bounds) - 1}" if bounds else ""


def find_marker_bound(pins: Iterable[Pin]) -> str:
    """Return the newest Python ("3.10") that all pins' markers allow.

    Empty where markers say nothing.

    A compile writes no line that holds for no Python that it was made for: with one for `python_version < "3.11"`,
    it was made for one of those.
    """
    markers = {pin.marker for pin in pins if "python" in pin.marker}
    bounds = [found for found in map(_find_highest, sorted(markers)) if found]
    return f"3.{min(bounds)}" if bounds else ""


def is_for_other_systems(text: str) -> bool:
    """Return True if a marker holds on no Linux, with any Python.

    False for an empty marker, and for one that cannot be read.
    """
    try:
        marker = Marker(text) if text else None
        pythons = [_to_marker_values(minor) for minor in range(6, _NEWEST + 1)]
        return marker is not None and not any(marker.evaluate({**_EVERYWHERE[0], **python}) for python in pythons)
    except (ValueError, KeyError):
        return False


def _find_highest(text: str) -> int:
    """Return the highest minor version for which a marker holds.

    On any platform. 0 for the newest, or for none.
    """
    marker = Marker(text)
    for minor in range(_NEWEST, 5, -1):
        python = _to_marker_values(minor)
        try:
            if any(marker.evaluate({**python, **platform}) for platform in _EVERYWHERE):
                return 0 if minor == _NEWEST else minor
        except (ValueError, KeyError):
            return 0
    return 0


def _to_marker_values(minor: int) -> dict[str, str]:
    return {"python_version": f"3.{minor}", "python_full_version": f"3.{minor}.7", "extra": ""}


def _find_python_bounds(pin: Pin) -> Iterable[int]:
    """Yield the first Python 3 minor version that made the pin unnecessary."""
    below, requirers = _BACKPORT_BOUNDS.get(pin.name, (0, frozenset[str]()))
    asked_by = {requirer.partition("[")[0] for requirer in pin.requirers}
    if not pin.marker and below and (requirers is _ANY_REQUIRER or asked_by & requirers):
        yield below
