"""Whole runs of the command, on real packages: nothing is replaced."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

TIMEOUT_S = 900


@dataclass(frozen=True)
class Run:
    """What a run of the command left behind."""

    status: int
    output: str
    errors: str
    report: dict

    @property
    def environment(self) -> dict:
        (only,) = self.report["environments"]
        return only


@pytest.fixture(scope="session")
def cache(tmp_path_factory) -> Path:
    """Keep one cache for all runs, as a user's machine does.

    DEPCHECK_CACHE keeps it beyond the session.
    """
    return Path(os.environ.get("DEPCHECK_CACHE") or tmp_path_factory.mktemp("cache"))


@pytest.fixture
def depcheck(cache: Path, tmp_path: Path) -> Callable[..., Run]:
    """Run `depcheck` as a command and read its report."""

    def run(
        command: str,
        *words: str,
        environ: Mapping[str, str] | None = None,
        report: Path | None = None,
        cwd: Path | None = None,
    ) -> Run:
        folder = report or tmp_path / "report"
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("PIP_", "UV_", "GITHUB_", "INPUT_"))}
        ran = subprocess.run(
            [sys.executable, "-m", "depcheck", command, *words, "--report", str(folder)],
            capture_output=True,
            text=True,
            check=False,
            timeout=TIMEOUT_S,
            cwd=cwd,
            env={**clean, "DEPCHECK_CACHE": str(cache), **(environ or {})},
        )
        file = folder / "report.json"
        return Run(ran.returncode, ran.stdout, ran.stderr, json.loads(file.read_text()) if file.exists() else {})

    return run


@dataclass(frozen=True)
class Repo:
    """A git repository in the making."""

    folder: Path

    def write(self, **files: str) -> "Repo":
        """Write files, with `__` in a name as a dot.

        `_in` stays as it is.
        """
        for name, text in files.items():
            path = self.folder / name.replace("__", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return self

    def commit(self, day: str) -> "Repo":
        """Commit all, as on noon of `day` (UTC)."""
        identity = ["-c", "user.name=maintainer", "-c", "user.email=maintainer@example.com"]
        date = f"{day}T12:00:00Z"
        for words in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", "as it stood"]):
            subprocess.run(
                ["git", *identity, *words],
                cwd=self.folder,
                check=True,
                env={**os.environ, "GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date},
            )
        return self


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """Return an empty folder for a repository."""
    folder = tmp_path / "repo"
    folder.mkdir()
    return Repo(folder)
