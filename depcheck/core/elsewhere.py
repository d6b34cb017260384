"""What in a lockfile comes from elsewhere: from outside the package index, or from a compile on another platform."""

import re
from collections.abc import Iterable

from depcheck.core.pins import Pin

_REMOTE = re.compile(r"(?:^|\s)(?:(?:git|hg|svn|bzr)\+|https?://|ssh://)|@\s*(?:(?:git|hg|svn|bzr)\+|https?://)")
_LINUX = re.compile(r"^(?:secretstorage|jeepney|pyinotify|inotify-simple)$")
_NO_LINUX = re.compile(r"windows|macos|darwin|ios|android|pyodide|wasm", re.IGNORECASE)
_PLATFORMS = {
    "Windows": re.compile(
        r"^(?:colorama|atomicwrites|pywin32(?:-ctypes)?|pypiwin32|pyreadline3?|pywinpty|win-inet-pton|wincertstore"
        r"|windows-curses|win32-setctime|win-unicode-console)$"
    ),
    "macOS": re.compile(r"^(?:appnope|pyobjc(?:-.*)?|macfsevents|rubicon-objc)$"),
}


def outside(pins: Iterable[Pin]) -> str:
    """A sentence about pins that are fetched from version control or an address; empty where there are none."""
    remote = sorted((pin for pin in pins if _REMOTE.search(pin.reference)), key=lambda pin: pin.name)
    if not remote:
        return ""
    names = ", ".join(pin.name for pin in remote[:3]) + (" and others" if remote[3:] else "")
    return (
        f"{names} {'come' if remote[1:] else 'comes'} from outside the package index ({remote[0].reference[:99]}), "
        "and a compile here reaches the index alone; release it to an index, or keep its wheel beside the sources."
    )


def told_platform(options: Iterable[str]) -> str:
    """The platform that a command of uv compiles for ("windows"), where it is no Linux; else empty."""
    told = [option.partition("=")[2] for option in options if option.startswith("--python-platform=")]
    return told[-1] if told and _NO_LINUX.search(told[-1]) else ""


def other_platform(gone: Iterable[str], added: Iterable[str] = ()) -> str:
    """A sentence where what our compile does not give is for another platform, or what it adds for this; else empty."""
    names = sorted(gone)
    here = [name for name in sorted(added) if _LINUX.match(name)]
    if here and not names:
        return (
            f"{here[0]} is asked for on Linux alone, so the lockfile was compiled elsewhere: compile it on the "
            "platform that it is installed on, or with `uv pip compile --universal`."
        )
    for platform, known in _PLATFORMS.items():
        found = [name for name in names if known.match(name)]
        if found:
            return (
                f"{found[0]} is asked for on {platform} alone, so the lockfile was compiled there: compile it on the "
                "platform that it is installed on, or with `uv pip compile --universal`."
            )
    return ""
