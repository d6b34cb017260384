"""The attack suite with each wall removed in turn.

Which attacks each one stops; a wall that stops nothing is reported.

    python3 tests/attacks/matrix.py IMAGE BASE --tools FOLDER [--only WALL ...]

A wall that stands behind others is taken away from where those are away: what gets through then and did not before is
what it stops. Needs what `suite.py` needs; a run takes about a minute (five where an attack hangs it), and there are
some 35.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import judging  # noqa: E402  # beside this file
import walls  # noqa: E402  # beside this file

LIMIT_S = "300"  # few ways of using the machine up are tried in one run: it takes a minute
Runs = dict[frozenset[str], dict[str, str]]
"""What got through without these walls, by attack, and how."""
NEEDS = {
    "limits": ("fork_bomb", "one_large_file"),
    "first to go when memory ends": ("memory_bomb",),
    "watched memory": ("memory_of_many",),
    "watched disk": ("disk_filler", "inode_filler"),
    "wall clock": ("hang",),
    "clock of the checker": ("hang",),
}


def without(names: tuple[str, ...], words: list[str]) -> dict[str, str]:
    """Return what got through without these walls, by attack."""
    exhaustion = [each for name in names for each in NEEDS.get(name, ())]
    with tempfile.NamedTemporaryFile(suffix=".json") as told:
        command = [sys.executable, str(HERE / "suite.py"), *words, "--json", told.name]
        command += ["--exhaustion", *exhaustion, "--limit-s", LIMIT_S, "--without", *names]
        subprocess.run(command, capture_output=True, check=False)
        found = json.loads(Path(told.name).read_text() or '{"attacks": {"the run itself": "it left nothing"}}')
    return {name: why for name, why in found["attacks"].items() if why and not why.startswith(judging.NEVER_TRIED)}


def table(runs: Runs) -> str:
    """Build the table of attacks for docs/security.md.

    Each attack, what it tries, and the fewest walls without which it got through.
    """
    order = list(walls.WALLS)
    lines = []
    for name, line in judging.catalogue().items():
        got = [names for names, through in runs.items() if name in through]
        fewest = [names for names in got if not any(less < names for less in got)]
        told = "; ".join(" + ".join(sorted(names, key=order.index)) for names in sorted(fewest, key=len))
        lines.append(f"| `{name}` | {line} | {told or '-'} |")
    return "\n".join(["| attack | tries | gets through without |", "| --- | --- | --- |", *lines])


def stopped(wall: str, runs: Runs) -> set[str]:
    """Return what gets through for want of this wall.

    Alone, and where those that it stands behind are away as well.
    """
    others = walls.BEHIND.get(wall, ())
    behind = set(runs[frozenset({*others, wall})]) - set(runs[frozenset(others)]) if others else set()
    return set(runs[frozenset({wall})]) | behind


def merits(wanted: Sequence[str], runs: Runs) -> str:
    """Build the table of walls for docs/security.md.

    Each wall, those that stand before it, and what got through for want of it alone.
    """
    lines = ["| wall | stands behind | for want of it |", "| --- | --- | --- |"]
    for wall in wanted:
        told = ", ".join(f"`{name}`" if "." in name else name for name in sorted(stopped(wall, runs)))
        lines.append(f"| {wall} | {', '.join(walls.BEHIND.get(wall, ())) or '-'} | {told or 'nothing'} |")
    return "\n".join(lines)


def removals(wanted: Sequence[str]) -> list[tuple[str, ...]]:
    """Plan the runs: which walls are removed in each.

    Each alone, those that it stands behind, and these with it.
    """
    behind = [(walls.BEHIND[wall], wall) for wall in wanted if wall in walls.BEHIND]
    runs = [(wall,) for wall in wanted] + [each for others, wall in behind for each in (others, (*others, wall))]
    return list({frozenset(names): names for names in runs}.values())


def main() -> int:
    """Remove walls in turn and report what each one stops."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("image")
    arguments.add_argument("base")
    arguments.add_argument("--tools", type=Path, required=True)
    arguments.add_argument("--only", nargs="*", default=list(walls.WALLS), choices=list(walls.WALLS), metavar="WALL")
    asked = arguments.parse_args()
    runs: Runs = {}
    for names in removals(asked.only):
        through = without(names, [asked.image, asked.base, "--tools", str(asked.tools)])
        print(f"without {' + '.join(names)}: {', '.join(sorted(through)) or 'nothing gets through'}", flush=True)
        runs[frozenset(names)] = through
    print(table(runs), merits(asked.only, runs), sep="\n\n")
    idle = [wall for wall in asked.only if not stopped(wall, runs)]
    print(f"walls that were seen to stop nothing: {', '.join(idle) or 'none'}")
    return 1 if idle else 0


if __name__ == "__main__":
    raise SystemExit(main())
