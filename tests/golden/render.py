"""Golden files of the frozen incidents, made by pure code.

One file a text, and one HTML page to look at all of them.

python tests/golden/render.py           writes the golden files anew
"""

import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from depcheck.core.config.settings import PublishOptions
from depcheck.core.messages.summary import render_report_markdown
from depcheck.core.model.report import Report
from depcheck.core.model.report_json import decode_report
from depcheck.core.settlement.items import Stance
from depcheck.core.settlement.proposals import make_proposals, merge_published_history

HERE = Path(__file__).parent
OPTIONS = PublishOptions(dashboard=True)


def incidents() -> list[str]:
    """Return the frozen incidents."""
    return sorted(path.parent.name for path in HERE.glob("*/report.json"))


def report(name: str) -> Report:
    """Return a frozen report."""
    return decode_report((HERE / name / "report.json").read_bytes())


def texts(name: str) -> Iterator[tuple[str, str]]:
    """Yield file name and text of everything that people see.

    What is not published says why.
    """
    night = report(name)
    for proposal in (merge_published_history(each, ()) for each in make_proposals(night, OPTIONS, "main")):
        shown = f"# {proposal.title}\n\n{proposal.body}\n"
        left = f"No {proposal.form}: {proposal.reason}\n"
        yield f"{proposal.form}.md", shown if proposal.stance is Stance.PROPOSE else left
    yield "report.md", render_report_markdown(night)


def main() -> None:
    """Write the golden files."""
    for name in incidents():
        for file, text in texts(name):
            (HERE / name / file).write_text(text, encoding="utf-8")
            sys.stdout.write(f"{name}/{file}\n")


if __name__ == "__main__":
    main()
