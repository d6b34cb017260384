"""Reproduce commands of an issue work as they are pasted.

The second one fails as the issue says, and not without the culprit.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from depcheck.cli import demo
from depcheck.core.config.settings import PublishOptions
from depcheck.core.messages.causes.reproduce import REPRODUCTION_FOLDER
from depcheck.core.model.report_json import decode_report
from depcheck.core.settlement.proposals import make_proposals

sys.path.insert(0, str(Path(__file__).parents[1]))

from replay import INCIDENTS

GOLDEN = Path(__file__).parents[1] / "golden"
TIMEOUT_S = 900
pytestmark = [pytest.mark.live, pytest.mark.slow]


def pasted(issue: str) -> list[str]:
    """Return the lines of the issue's shell block."""
    return re.search(r"^```sh\n(.*?)\n```$", issue, re.DOTALL | re.MULTILINE)[1].splitlines()


def shell(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Return a reader's terminal: uv on the path, none of our configuration.

    It has this machine's certificates.
    """
    kept = {name: os.environ[name] for name in ("HOME", "SSL_CERT_FILE", "UV_CACHE_DIR") if name in os.environ}
    # pyenv's shims start nothing but what is chosen for the folder; its interpreters themselves are what a reader has.
    pythons = sorted(Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv").glob("versions/*/bin"))
    path = os.pathsep.join(map(str, [Path(sys.executable).parent, *pythons, os.environ["PATH"]]))
    return subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env={**kept, "PATH": path, "UV_NO_CONFIG": "1", "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
        timeout=TIMEOUT_S,
    )


def reproduced(issue: str, repo: Path, words: str, good: tuple[str, str]) -> None:
    """Run both commands, then the second one with the last good release.

    `good`: bad pin, good pin.
    """
    try:
        first, second = pasted(issue)
        made = shell(first, repo)
        assert made.returncode == 0, made.stderr[-2000:]
        fails = shell(second, repo)
        assert fails.returncode != 0
        assert words in fails.stdout + fails.stderr
        assert good[0] in second
        assert shell(first, repo).returncode == 0
        kept = re.sub(r"&& uv pip uninstall \S+ \S+ \S+ ", "", second)  # what the good release brings stays
        passes = shell(kept.replace(*good), repo)
        assert passes.returncode == 0, passes.stdout[-2000:] + passes.stderr[-2000:]
    finally:
        shutil.rmtree(REPRODUCTION_FOLDER, ignore_errors=True)


@pytest.mark.story
def test_the_commands_of_an_issue_work_as_pasted(depcheck, tmp_path):
    """Werkzeug 3.0.0 and Flask 2.2: judged, told as an issue, pasted, reproduced."""
    repo = tmp_path / "shop"
    repo.mkdir()
    python = demo.write_demo_repository(repo)
    day = demo.DEMO_AS_OF.strftime("%Y-%m-%d")
    words = ("--repo", str(repo), "--python", python, "--as-of", day, "--test", "", "--smoke", "python shop.py")
    run = depcheck("check", *words, report=tmp_path / "report")
    assert run.status == 1
    report = decode_report((tmp_path / "report" / "report.json").read_bytes())
    (issue,) = make_proposals(report, PublishOptions(pull_request=False), "main")
    reproduced(issue.body, repo, demo.EXPECTED_ERROR, ("werkzeug==3.0.0", "werkzeug==2.3.7"))


@pytest.mark.parametrize(
    ("name", "words", "good"),
    [
        ("kombu42-celery41", "No module named 'kombu.async", ("kombu==4.2.0", "kombu==4.1.0")),
        ("scarface-broken-sdist", "django_scarface/__init__.py", ("django-scarface==3.1", "django-scarface==3.0.2")),
        ("typer-and-bcrypt", "", ("click==8.2.0", "click==8.1.8")),
        ("toml-vanished", "No module named 'toml'", ("pytest==7.0.0", "pytest==6.2.5")),
    ],
)
def test_golden_issues_can_be_reproduced(name, words, good, tmp_path):
    """What stands in the golden files, in the incidents' repositories."""
    if not (INCIDENTS / name / "incident.toml").exists():
        pytest.skip(f"{INCIDENTS / name} is not here; DEPCHECK_INCIDENTS names the folder of incidents")
    repo = tmp_path / "repo"
    subprocess.run(
        [sys.executable, INCIDENTS / "make_repo.py", INCIDENTS / name, repo], check=True, capture_output=True
    )
    reproduced((GOLDEN / name / "issue.md").read_text(), repo, words, good)
