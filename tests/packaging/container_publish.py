"""Publish from a second job that gets the report alone.

`scripts/container` calls it: IMAGE, the folder of the first job's mounts, and a folder for the second one's.
"""

import json
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "publishing"))

from container_job import TOKEN, give_to_runner, list_owners, make_mounts, start_job
from fake_github import REPOSITORY, FakeGitHub


@contextmanager
def serve_forge(workspace: Path, folder: Path):
    """Serve a GitHub with the commit of `workspace` on main."""
    with FakeGitHub(folder) as github:
        github.token = TOKEN
        git = ["git", "-c", f"safe.directory={workspace}", "-C", workspace]
        listed = subprocess.run(
            [*git, "cat-file", "--batch-all-objects", "--batch-check"], capture_output=True, text=True, check=True
        )
        for name, kind, _ in map(str.split, listed.stdout.splitlines()):
            content = subprocess.run([*git, "cat-file", kind, name], capture_output=True, check=True).stdout
            github.git.store(kind, content)
        head = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=True)
        github.git.point("main", head.stdout.strip())
        yield github


def hand_over_report(checked: Path, github: Path) -> None:
    """Bring the report into the second job's workspace, as an artifact does."""
    shutil.rmtree(github, ignore_errors=True)
    make_mounts(github)
    shutil.copytree(checked / "workspace/depcheck-report", github / "workspace/depcheck-report")
    give_to_runner(github)


def publish(image: str, github: Path, url: str, name: str, run: int = 1):
    """Start the job that publishes."""
    inputs = {"command": "publish", "token": TOKEN, "fail-on": "unjudged"}
    variables = {"GITHUB_API_URL": url, "GITHUB_REPOSITORY": REPOSITORY, "GITHUB_REF_NAME": "main"}
    return start_job(image, github, inputs, {**variables, "GITHUB_RUN_ID": str(run)}, name)


def main(image: str, checked: str, second: str) -> None:
    """Stop with the first promise that is not kept."""
    github = Path(second)
    hand_over_report(Path(checked), github)
    with serve_forge(Path(checked, "workspace"), github.parent / "forge.git") as forge:
        status = publish(image, github, forge.url, "published").wait(300)
        opened = [item for item in forge.items.values() if item["pull"]]
        first = (github / "file_commands/output").read_text()
        forge.calls.clear()
        again = publish(image, github, forge.url, "published-again", 2).wait(300)
        report = json.loads(Path(checked, "workspace/depcheck-report/report.json").read_text())
        proposed = report["environments"][0]["proposal"]["files"]
        heads = [sha for name, sha in forge.git.refs.items() if name != "main"]
        printed = "".join((github.parent / name).read_text() for name in ("published", "published-again"))
        promises = {
            "both runs are green": (status, again) == (0, 0),
            "one pull request is open": [item["state"] for item in opened] == ["open"],
            "its branch has the proposed files": [
                {path: forge.git.text(head, path) for path in proposed} for head in heads
            ]
            == [proposed],
            "its number is an output": "pull-request-number" in first and "\n1\n" in first,
            "a second run writes nothing": forge.writes == [],
            "the forge had nothing to complain of": forge.violations == [],
            "the token is not printed": TOKEN not in printed,
            "nothing of root is left": 0 not in list_owners(github / "workspace", github / "home"),
        }
    broken = [promise for promise, kept in promises.items() if not kept]
    if broken:
        raise SystemExit(f"The second job broke its promise: {'; '.join(broken)}.\n{printed}\n{forge.violations}")
    sys.stdout.write(f"The second job kept all {len(promises)} promises.\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
