"""The attack suite: a taken-over package against the action's container.

As GitHub's runner runs it.

    python3 tests/attacks/suite.py IMAGE BASE [--without WALL ...]

Needs a docker engine and root. Ends with 1 where an attack got through or the verdict is wrong.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import container
import judging
import walls


def main() -> int:
    """Run once, judge, and say what came of each attack."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("image")
    words.add_argument("base")
    words.add_argument("--without", nargs="*", default=[], choices=sorted(walls.WALLS), help="walls to take away")
    words.add_argument("--tools", type=Path, default=None, help="a folder that keeps the tools' wheels between runs")
    words.add_argument("--keep", type=Path, default=None, help="keep everything that the run left in this folder")
    words.add_argument("--limit-s", type=float, default=container.LIMIT_S, help="when a run without an end is ended")
    words.add_argument("--json", type=Path, default=None, help="write what came of each attack to this file")
    words.add_argument(
        "--exhaustion",
        nargs="*",
        default=container.EXHAUSTION,
        choices=container.EXHAUSTION,
        help="ways of using the machine up",
    )
    asked = words.parse_args()
    with tempfile.TemporaryDirectory(prefix="attacks-", ignore_cleanup_errors=True) as room:
        scratch = asked.keep or Path(room)
        Path(room).chmod(0o755)
        wheels = asked.tools or Path(room, "tools")
        container.tools(wheels, asked.base)
        patched = walls.taken_away(asked.without, Path(room, "patched"))
        plan = container.Plan(asked.image, wheels, patched, asked.exhaustion, asked.limit_s)
        ran = container.run(plan, scratch)
        found = judging.judged(ran, asked.exhaustion)
    if asked.json:
        asked.json.write_text(
            json.dumps({"without": asked.without, "seconds": round(ran.took_s), "attacks": found}, indent=1)
        )
    through = {name: why for name, why in found.items() if why}
    for name, why in sorted(through.items()):
        print(f"GOT THROUGH  {name}: {why}")
    print(
        f"{len(found) - len(through)} of {len(found)} attacks failed; the run took {ran.took_s:.0f} s and ended with {ran.status}"
    )
    return 1 if through else 0


if __name__ == "__main__":
    raise SystemExit(main())
