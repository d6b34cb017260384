"""Removal of single walls, by files laid over the image's.

Nothing in production can do that.
"""

from pathlib import Path

ROOT = Path(__file__).parents[2]
CHECKING = "depcheck/checking"
SANDBOX = f"{CHECKING}/sandbox"
LANDLOCK, LAUNCHER = f"{SANDBOX}/launcher/landlock.py", f"{SANDBOX}/launcher/__main__.py"
WATCHING, SECCOMP = f"{SANDBOX}/launcher/limits.py", f"{SANDBOX}/launcher/seccomp.py"

Change = tuple[str, str, str]
WALLS: dict[str, tuple[Change, ...]] = {
    "own user": ((f"{SANDBOX}/policy.py", "worker % GUEST_USER_COUNT if drops else None", "0 if False else None"),),
    "no capabilities": ((LAUNCHER, "_call_prctl(PR_CAPBSET_DROP, capability)", "pass"),),
    "no new privileges": ((LAUNCHER, "sealed = _call_prctl(PR_SET_NO_NEW_PRIVS, 1)", "sealed = False"),),
    "Landlock files": ((LANDLOCK, "    for path in read:\n", '    _allow_path(ruleset, "/", get_file_rights(level))\n    for path in read:\n'),),
    "Landlock network": (
        (LANDLOCK, "net = CONNECT_TCP if ports is not None and level >= NET_ABI else 0", "net = 0"),
        (LANDLOCK, "    for port in ports or ():\n", "    for port in ():\n"),
    ),
    "Landlock scopes": ((LANDLOCK, "[SCOPES] * (level", "[0] * (level"),),
    "seccomp": ((SECCOMP, "    if not is_seccomp_available():\n        return False\n", "    return False\n"),),
    "connections by address": ((SECCOMP, "    if not asked or not can_hand_over_connections():\n        return None\n", "    return None\n"),),
    "clean environment": (
        (f"{SANDBOX}/environ.py", "exclude_loopback({**fixed, **passed})", "exclude_loopback({**outer, **fixed, **passed})"),
        ("depcheck/wiring/checker_process.py", "if name in names or _ALLOWED_VARIABLES.fullmatch(name)}", "if names or True}"),
    ),
    "closed mounts": (("depcheck/wiring/checker_process.py", "folder.chmod(0o700)", "folder.chmod(0o755)"),),
    "sealed processes": (
        (LAUNCHER, "_call_prctl(PR_SET_DUMPABLE, 0)", "pass"),
        ("depcheck/wiring/checker_process.py", "prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)", "prctl(_PR_SET_DUMPABLE, 1, 0, 0, 0)"),
    ),
    "variables in memory": (("depcheck/wiring/checker_process.py", 'elif hasattr(os, "memfd_create"):', "elif False:"),),
    "copy without .git": ((f"{SANDBOX}/workspace_copy.py", 'frozenset({".git", ".hg", ".svn"})', "frozenset()"),),
    "sweep": ((LAUNCHER, '    leftovers.kill_leftovers(child, order["uid"])\n', ""),),
    "tidied folders": ((LAUNCHER, '    leftovers.remove_leftovers(order["shared"], order["uid"], before)\n', ""),),
    "arguments off the command line": (("depcheck/wiring/checker_process.py", '"depcheck", *_ARGUMENTS_ON_STDIN]', '"depcheck", "check", *arguments]'),),
    "credentials off the command line": (("depcheck/wiring/checker_process.py", "    if bare != words:\n", "    if False:\n"),),
    "inert log": (("depcheck/core/text/workflow_commands.py", 'return f"| {neutralize_commands(to_one_line(text, limit))}"', "return text"),
                  ("depcheck/core/text/terminal_safe.py", 'line = " ".join(_CONTROL_CHARACTER.sub(" ", _ESCAPE_SEQUENCE.sub("", text)).split())', "line = text")),
    "own user for installed files": ((f"{CHECKING}/environments/uv_builder.py", '"installer", self.guest.derive_installer())', '"installer", self.guest)'),),
    "read-only environment": ((f"{CHECKING}/checks/running/command_context.py", "writable=(self.results_folder, *([bytecode] if writes_bytecode else []))", "writable=(self.environment.folder,)"),),
    "limits": ((LAUNCHER, 'for name, limit in order["limits"].items():', "for name, limit in ():"),),
    "first to go when memory ends": ((LAUNCHER, 'write_text("1000")', 'write_text("0")'),),
    "watched memory": ((WATCHING, "return self._check_memory() or next(", "return next("),),
    "watched disk": ((WATCHING, 'next(filter(None, (self._check_disk(*each) for each in self._disks)), "")', '""'),),
    "wall clock": ((LAUNCHER, 'limit = order["timeout_s"] if stay_up is None', "limit = 86400.0 if stay_up is None"),),
    "clock of the checker": ((f"{SANDBOX}/guest.py", 'began + order["timeout_s"] + SLACK_S', "began + 86400.0"),),
}  # fmt: skip

# One defence often stands behind others: what each of these stops shows only where those are away as well.
BEHIND: dict[str, tuple[str, ...]] = {
    "no capabilities": ("own user", "sealed processes", "no new privileges"),
    "sealed processes": ("own user", "no capabilities", "no new privileges"),
    "variables in memory": ("own user", "no capabilities", "sealed processes", "no new privileges"),
    "Landlock files": ("closed mounts",),
    "closed mounts": ("Landlock files",),
    "own user for installed files": ("read-only environment",),
    "read-only environment": ("own user for installed files",),
    "arguments off the command line": ("credentials off the command line",),
    "credentials off the command line": ("arguments off the command line",),
    "first to go when memory ends": ("watched memory",),
    "Landlock network": ("connections by address",),
    "Landlock scopes": ("connections by address",),
    "wall clock": ("clock of the checker",),
    "clock of the checker": ("wall clock",),
}


def taken_away(names: list[str], folder: Path) -> dict[str, Path]:
    """Return the changed files, by their path in the image."""
    texts: dict[str, str] = {}
    for path, old, new in (change for name in names for change in WALLS[name]):
        text = texts.get(path) or (ROOT / path).read_text()
        if old not in text:
            raise SystemExit(f"{path} has no {old!r} any more: a wall cannot be taken away; correct {__file__}")
        texts[path] = text.replace(old, new)
    for path, text in texts.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    return {path: folder / path for path in texts}
