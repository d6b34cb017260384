"""What is said beside bodies: about people's work, and about what came."""

from collections.abc import Mapping

from packaging.version import Version

from depcheck.core.lockfiles.formats.known_formats import parse_lockfile
from depcheck.core.model.errors import LockfileError
from depcheck.core.text.markdown import render_code_span

_MOST_NAMES = 30
_LEFT_BEGIN, _LEFT_END = "<!-- depcheck left begins -->", "<!-- depcheck left ends -->"
_LEFT_NOTE = (
    f"{_LEFT_BEGIN}\n**Others' commits are on this branch, so depcheck leaves it to them.** "
    f"Close this pull request and delete its branch to let depcheck begin again.\n{_LEFT_END}\n\n"
)
REWRITTEN_REMARK = (
    "A person wrote this description, so depcheck leaves it as it is. Close this and depcheck writes a new one when "
    "the finding changes."
)
QUIET_IS_OVER = "The quiet time that was asked for is over, and this is still found."
SPLIT_REASON = "Each environment has a pull request of its own now."
GONE_REASON = (
    "This environment is no longer checked: its lockfile was removed, moved or renamed, or it left the configuration."
)


def is_left_note_shown(body: str) -> bool:
    """Whether a body says that others' commits are on the branch."""
    return _LEFT_BEGIN in body


def add_left_note(body: str) -> str:
    """Say above `body` that others' commits are on the branch."""
    return body if is_left_note_shown(body) else f"{_LEFT_NOTE}{body}"


def describe_new_releases(before: Mapping[str, str], after: Mapping[str, str]) -> str:
    """Say which releases came, by the texts of the lockfiles.

    Empty if none did: what only goes back or away, and comments, are no news.
    """
    came = sorted({each for path, text in after.items() for each in _find_new(before.get(path, ""), text)})
    if not came:
        return ""
    shown = ", ".join(render_code_span(f"{name} {version}") for name, version in came[:_MOST_NAMES])
    more = f" and {len(came) - _MOST_NAMES} more" if len(came) > _MOST_NAMES else ""
    return f"New here: {shown}{more}."


def _find_new(before: str, after: str) -> list[tuple[str, str]]:
    """Find packages that are added or newer, with their versions."""
    old = _read_versions(before)
    return [
        (name, str(version))
        for name, versions in _read_versions(after).items()
        for version in versions
        if not any(version <= known for known in old.get(name, ()))
    ]


def _read_versions(text: str) -> dict[str, set[Version]]:
    try:
        entries = parse_lockfile(text).entries
    except LockfileError:
        return {}
    found: dict[str, set[Version]] = {}
    for entry in entries:
        if entry.pin.version is not None:
            found.setdefault(entry.pin.name, set()).add(entry.pin.version)
    return found
