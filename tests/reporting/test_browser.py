"""report.html in Chromium: accessible, inert, whole on a phone.

Skipped where there is no Chromium, node or npm.
"""

import json
import os
import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from depcheck.core.model.report_json import decode_report
from depcheck.reporting.html.document import render_report_page

sys.path.insert(0, str(Path(__file__).parent))

from test_page import GOLDEN, NIGHT, environment, report

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
MISSING = [name for name in ("node", "npm") if not shutil.which(name)] + ["Chromium"] * (CHROMIUM is None)
SHOWN = ("kombu42-celery41", "control-django-majors")

pytestmark = [
    pytest.mark.story,
    pytest.mark.skipif(bool(MISSING), reason=f"this machine lacks {', '.join(MISSING)}"),
]


def tools() -> Path:
    """Fetch npm's packages once, checked by their hashes."""
    ran = subprocess.run([ROOT / "scripts" / "npm" / "fetch"], capture_output=True, text=True, check=True)
    return Path(ran.stdout.strip())


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    """Return what the browser finds, by page and view."""
    folder = tmp_path_factory.mktemp("pages")
    past = [report(environment(), at=NIGHT - timedelta(days=days)) for days in range(1, 6)]
    made = {"hostile": render_report_page(report(environment("<b>&'\"</b>"), environment(name="s.txt")), past)}
    for frozen in GOLDEN:
        if frozen.parent.name in SHOWN:
            made[frozen.parent.name] = render_report_page(decode_report(frozen.read_bytes()))
    for name, html in made.items():
        (folder / f"{name}.html").write_text(html)
    ran = subprocess.run(
        ["node", ROOT / "scripts" / "npm" / "look.js", CHROMIUM, *sorted(folder.glob("*.html"))],
        env={**os.environ, "NODE_PATH": str(tools() / "node_modules")},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    return json.loads(ran.stdout)


def test_axe_finds_no_violation(seen):
    """In light and dark, wide and on a phone, with everything unfolded."""
    assert [(each["file"], each["view"], each["axe"]) for each in seen if each.get("axe")] == []
    assert sum("axe" in each for each in seen) >= 4


def test_the_page_reaches_out_for_nothing_and_complains_of_nothing(seen):
    """Request nothing but the file, with no policy violation."""
    assert [each for each in seen if each["wrong"]] == []


def test_nothing_is_wider_than_the_screen(seen):
    """Keep the page within a phone's width.

    Tables and pictures scroll by themselves.
    """
    assert [(each["file"], each["view"], each["wide"]) for each in seen if each.get("wide")] == []


def test_the_filter_works_by_keyboard_and_nothing_is_lost_without_javascript(seen):
    """Filter by keyboard, and show all rows without JavaScript."""
    used = [each for each in seen if each["view"] == "keyboard"]
    assert all(each["left"] in {0, None} for each in used)
    assert any(each["left"] == 0 and each["rows"] for each in used)
    assert all(each["forms"] == 0 for each in used)
