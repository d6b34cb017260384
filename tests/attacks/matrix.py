"""The attack suite with each wall taken away in turn: which attacks each one stops. A wall that stops nothing is told of.

    python3 tests/attacks/matrix.py IMAGE BASE [--tools FOLDER]

Needs what `suite.py` needs; a run takes one to three minutes, and there are as many as walls and pairs of walls.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Collection, Iterable
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import judging  # noqa: E402  # beside this file
import walls  # noqa: E402  # beside this file

NEEDS = {
    "limits": ("fork_bomb", "one_large_file"),
    "first to go when memory ends": ("memory_bomb",),
    "watched memory": ("memory_of_many",),
    "watched disk": ("disk_filler", "inode_filler"),
    "wall clock": ("hang",),
}


def without(names: tuple[str, ...], words: list[str]) -> dict[str, str]:
    """What got through without these walls, by attack."""
    exhaustion = [each for name in names for each in NEEDS.get(name, ())]
    with tempfile.NamedTemporaryFile(suffix=".json") as told:
        command = [sys.executable, str(HERE / "suite.py"), *words, "--json", told.name]
        command += ["--exhaustion", *exhaustion, "--without", *names]
        subprocess.run(command, capture_output=True, check=False)
        found = json.loads(Path(told.name).read_text() or '{"attacks": {"the run itself": "it left nothing"}}')
    return {name: why for name, why in found["attacks"].items() if why and not why.startswith(judging.NEVER_TRIED)}


def table(runs: Iterable[tuple[tuple[str, ...], Collection[str]]]) -> str:
    """The rows for docs/security.md: each attack, what it tries, and the walls without which it got through."""
    told: dict[str, list[tuple[str, ...]]] = {name: [] for name in judging.catalogue()}
    for names, through in runs:
        for name in through:
            if name in told and not any(set(less) <= set(names) for less in told[name]):
                told[name].append(names)
    lines = [
        f"| `{name}` | {line} | {'; '.join(' + '.join(names) for names in told[name]) or '-'} |"
        for name, line in judging.catalogue().items()
    ]
    return "\n".join(["| attack | tries | gets through without |", "| --- | --- | --- |", *lines])


def main() -> int:
    """Take away each wall, then those that stand behind one another."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("image")
    arguments.add_argument("base")
    arguments.add_argument("--tools", type=Path, required=True)
    asked = arguments.parse_args()
    idle: list[str] = []
    runs = []
    for names in [*((name,) for name in walls.WALLS), *walls.TOGETHER]:
        through = without(names, [asked.image, asked.base, "--tools", str(asked.tools)])
        print(f"without {' + '.join(names)}: {', '.join(sorted(through)) or 'nothing gets through'}", flush=True)
        runs.append((names, through))
        idle += [] if through else [" + ".join(names)]
    print(table(runs))
    together = {name for names in walls.TOGETHER for name in names}
    unproven = [name for name in idle if name not in together]
    print(
        f"stopped nothing by itself: {', '.join(idle) or 'none'}; and not with others either: {', '.join(unproven) or 'none'}"
    )
    return 1 if unproven else 0


if __name__ == "__main__":
    raise SystemExit(main())
