"""Plug-ins that another package loads by itself, as entry points say.

Readers of entry points differ by their age: newer ones pass over what they do not understand, and strip each line. What
any of them takes for a heading is one here.
"""

from collections.abc import Iterator

from depcheck.core.start_hooks.added_hooks import HookKind, StartHook

PYTEST_GROUP = "pytest11"
# Groups whose packages load every plug-in, whoever imports them and for whatever.
UNASKED_GROUPS = frozenset(
    {PYTEST_GROUP, "pydantic", "hypothesis", "torch.backends", "jax_plugins", "numba_extensions"}
)


def list_plugins(entry_points: bytes) -> tuple[StartHook, ...]:
    """List the plug-ins that are loaded unasked."""
    found = set()
    for group, line in _read_lines(entry_points.decode(errors="replace")):
        name, sign, _ = line.partition("=")
        if group in UNASKED_GROUPS and sign:
            plugin = name.strip()
            pytest = group == PYTEST_GROUP
            found.add(
                StartHook(HookKind.PYTEST_PLUGIN if pytest else HookKind.PLUGIN, plugin, other="" if pytest else group)
            )
    return tuple(sorted(found, key=lambda hook: (hook.kind, hook.name)))


def leave_out_plugins(entry_points: str) -> str:
    """Return entry points without those that are loaded unasked."""
    return "".join(f"{line}\n" for group, line in _read_lines(entry_points) if group not in UNASKED_GROUPS)


def _read_lines(text: str) -> Iterator[tuple[str, str]]:
    """Yield each line, headings too, with its likely group."""
    group = ""
    for line in text.splitlines():
        if line.strip().startswith("["):
            group = line.strip().rpartition("]")[0].strip("[] ")
        yield group, line
