"""Freeze real incidents: replay them and keep each `report.json`.

From the live index.

    python tests/golden/freeze.py [NAME…]      (all six without a name; needs the incidents, see tests/replay.py)

What people see is then made of the frozen reports by `python tests/golden/render.py`, without a network.
"""

import json
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from replay import Replay, replay

HERE = Path(__file__).parent
INCIDENTS = (
    "kombu42-celery41",
    "scarface-broken-sdist",
    "typer-and-bcrypt",
    "toml-vanished",
    "control-django-majors",
    "baseline-time-bomb",
)
# Folders of the machine that replayed: what they stand for is the same everywhere.
_FOLDERS = re.compile(r"/tmp/[^\s'\"<>:,)\\]*?(?=/(?:site-packages|lib/python|repo\b|bin/)|[\s'\"<>:,)\\])")
_PYTHONS = re.compile(r"/[^\s'\"<>:,)\\]*?/(?:versions|open/[0-9a-f]+)/[\d.]+(?=/)")


def frozen(done: Replay) -> str:
    """Return the report's text without this machine's folders.

    With the repository's name.
    """
    report = {**done.report, "repository": f"incidents/{done.name}"}
    text = json.dumps(report, indent=1, ensure_ascii=False)
    return _PYTHONS.sub("/python", _FOLDERS.sub("/depcheck", text)) + "\n"


def main(names: list[str]) -> int:
    """Freeze, and report differences from history.

    1 where anything differs.
    """
    wrong = 0
    for name in names or INCIDENTS:
        done = replay(name)
        said = "; ".join(done.differences) or "as history says"
        sys.stdout.write(f"{name}: {done.seconds:.0f} s; {said}\n")
        sys.stdout.flush()
        wrong += bool(done.differences)
        if done.report:
            (HERE / name).mkdir(exist_ok=True)
            (HERE / name / "report.json").write_text(frozen(done))
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
