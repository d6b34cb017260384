"""Why an install failed, read from what uv printed."""

import re
from dataclasses import replace

from packaging.utils import canonicalize_name
from packaging.version import Version

from depcheck.core.checks import Failure
from depcheck.core.compilation import NotCompiled, Obstacle
from depcheck.core.obstacles import blocked_by_network, obstacle
from depcheck.core.outputs import evidence
from depcheck.core.plain import one_line

_BLOCKED = re.compile(
    r"error sending request|[Cc]onnection (?:refused|reset)|HTTP status server error|status code 5\d\d"
    r"|[Nn]o space left|os error 28\b"
    r"|Disk quota exceeded|Read-only file system|dns error|operation timed out|Temporary failure in name resolution"
)
_STRANGERS = re.compile(r"^[ \t]*\[std(?:err|out)\]$", re.MULTILINE)
_NAMED = (
    re.compile(r"`(?P<name>[A-Za-z0-9][\w.-]*)==(?P<version>[^`\s]+)`"),
    re.compile(r"you require (?P<name>[A-Za-z0-9][\w.-]*)(?:==(?P<version>[\w.!+]+\w))?"),
)
_LABEL = re.compile(r"^\s*(?:error|cause|warning): |^\s{2,}")


def said(output: str) -> str:
    """The sentences of uv itself, joined."""
    lines = [_LABEL.sub("", line).strip() for line in _own_part(output).splitlines()]
    return one_line(
        "; ".join(line.rstrip(".:") for line in lines if line and not line.startswith(("hint:", "Using Python")))
    )


def _own_part(output: str) -> str:
    """What uv says itself, before it quotes what a build printed."""
    return _STRANGERS.split(output, maxsplit=1)[0]


def blocked(output: str) -> str:
    """Why no package is to blame: the network, the index or the disk; empty where that was not it."""
    own = _own_part(output)
    return said(own) if _BLOCKED.search(own) or blocked_by_network(own) else ""


def refused(output: str) -> NotCompiled:
    """What could not be installed, and uv's or the build's own sentence about it."""
    found = obstacle(output)
    if found.obstacle is not Obstacle.UNBUILDABLE or _LABEL.match(found.failure.headline):
        found = replace(found, failure=Failure("", said(output), evidence(output)))
    if found.package is not None:
        return found
    named = next((match for pattern in _NAMED if (match := pattern.search(_own_part(output)))), None)
    if named is None:
        return found
    try:
        version = Version(named["version"]) if named["version"] else None
    except ValueError:
        version = None
    return replace(found, package=canonicalize_name(named["name"]), version=version)
