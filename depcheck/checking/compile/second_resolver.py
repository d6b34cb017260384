"""Ask uv where a resolver that proves nothing finds no set.

pip-tools for old interpreters has pip's legacy resolver alone: it takes the newest release of each package, and
calls it a conflict if those do not fit together. The later one gives up after many rounds.
"""

import posixpath
import re
from dataclasses import dataclass, field, replace

from packaging.utils import canonicalize_name

from depcheck.core.lockfiles.formats.known_formats import PIP_COMPILE, UV_PIP_COMPILE, parse_lockfile
from depcheck.core.lockfiles.spec import LockfileSpec
from depcheck.core.model.errors import LockfileError
from depcheck.core.tool_output.compile_errors import has_given_up, parse_compile_failure

MOST_NAMED = 6
_SET_FILE = ".depcheck-second-set.txt"
_SHARED_OPTIONS = frozenset({"--extra", "--all-extras", "--constraint", "-c", "--find-links", "-f"})
_OWN_OPTIONS = ("--no-header", "--no-annotate", "--no-strip-extras")
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(slots=True)
class SecondOpinions:
    """What another resolver found in a compile.

    `notes` are for people; `sets` describe, by lockfile, sets that the lockfile's own compiler does not accept.
    """

    notes: list[str] = field(default_factory=list)
    sets: dict[str, str] = field(default_factory=dict)


def needs_second_opinion(lock: LockfileSpec, output: str) -> bool:
    """Return True if the compiler's resolver proves no conflict."""
    return lock.compiler == PIP_COMPILE.compiler and has_given_up(output)


def is_resolver_chosen(lock: LockfileSpec) -> bool:
    """Return True if the lockfile's own command names the resolver."""
    return any(option.startswith("--resolver") for option in lock.options)


def build_second_lockfile(lock: LockfileSpec) -> LockfileSpec:
    """Return the lockfile as uv would write it beside the real one."""
    shared, words = [], list(lock.options)
    for place, word in enumerate(words):
        takes_value = place > 0 and words[place - 1] in _SHARED_OPTIONS - {"--all-extras"}
        if word.partition("=")[0] in _SHARED_OPTIONS or takes_value:
            shared.append(word)
    path = posixpath.join(posixpath.dirname(lock.path), _SET_FILE)
    return replace(lock, path=path, compiler=UV_PIP_COMPILE.compiler, options=(*shared, *_OWN_OPTIONS))


def describe_accepted(lock: LockfileSpec, tool: str, text: str, output: str) -> str:
    """Say that the judged lockfile comes from another resolver's set."""
    conflict = parse_compile_failure(output).failure.headline
    return (
        f"{tool} finds no set for {lock.path}, because its resolver does not go back to older releases ({conflict}). "
        f"uv finds one ({_list_named_pins(text, conflict)}), and {tool} accepts its pins: that set is judged here."
    )


def describe_refused(tool: str, text: str, output: str) -> str:
    """Say which set exists that the lockfile's own compiler does not find."""
    conflict = parse_compile_failure(output).failure.headline
    return f"{tool} finds none by itself, and uv does: {_list_named_pins(text, conflict)}"


def _list_named_pins(text: str, conflict: str) -> str:
    """List the pins that the conflict is about, or the first ones."""
    try:
        pins = [entry.pin for entry in parse_lockfile(text).entries]
    except LockfileError:
        return ""
    words = {canonicalize_name(word) for word in _WORD.findall(conflict)}
    named = [pin for pin in pins if pin.name in words] or pins
    more = f" and {len(pins) - len(named[:MOST_NAMED])} more" if len(pins) > len(named[:MOST_NAMED]) else ""
    return f"{', '.join(map(str, named[:MOST_NAMED]))}{more}"
