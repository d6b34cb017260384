"""Lock real uv projects again, and hold the proposals against uv itself.

    python tests/checking/relock_projects.py FOLDER REPOSITORY[@COMMIT]... [--python 3.12] [--out table.md]

FOLDER holds bare clones, as `owner+name/repo`. Each uv.lock of a project is locked again without upgrade, in the world of
the commit's day. If it stays as it is, it is locked with upgrade as of now, and what comes out is held against the law,
`uv lock --check`, `uv sync --frozen --dry-run` and the bytes that `uv lock --upgrade` writes, all with the real index.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from uv import find_uv_bin

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from depcheck.checking.discovery.repository import RepositoryWorkspace
from depcheck.core.config.settings import Settings
from depcheck.core.lockfiles.formats.known_formats import parse_lockfile
from depcheck.core.lockfiles.formats.uv_lock.uv_lock_law import find_uv_lock_violations
from depcheck.core.lockfiles.spec import EnvironmentSpec
from depcheck.core.model.compile_result import CompiledLockfiles, CompileFailure
from depcheck.core.model.errors import DepcheckError
from depcheck.core.model.index_view import IndexView
from tests.checking.bench import Bench, benches


def run_in(folder: Path, line: Sequence[str]) -> str:
    return subprocess.run(line, cwd=folder, capture_output=True, text=True, check=False).stdout


def run_git(repo: Path, *words: str) -> str:
    return subprocess.run(["git", "-C", repo, *words], capture_output=True, text=True, check=True).stdout.strip()


def _list_small_files(repo: Path) -> list[str]:
    """List the files that a lock may read.

    A clone may lack large ones.
    """
    names = run_git(repo, "ls-files").splitlines()
    return [
        name
        for name in names
        if name.startswith(".python-version")
        or name.endswith((".toml", ".lock", ".py", ".md", ".txt", ".cfg", ".rst", ".in", ".python-version", "LICENSE"))
    ]


def compile_one(bench: Bench, repo: Path, spec: EnvironmentSpec, world: IndexView, *, upgrade: bool) -> str | None:
    """Return the new text, or None after printing why."""
    found = bench.compiler(repo).compile_lockfiles(spec, world, upgrade=upgrade)
    if isinstance(found, CompileFailure):
        print(f"    fails: {found.failure.headline[:300]}", flush=True)  # noqa: T201
        return None
    assert isinstance(found, CompiledLockfiles)
    return dict(found.files)[spec.lockfiles[0].path]


def hold_against_uv(repo: Path, spec: EnvironmentSpec, text: str, python: Path) -> tuple[str, str]:
    """Return what uv says of `text`, and if it writes the same."""
    lock = spec.lockfiles[0]
    (repo / lock.path).write_text(text)
    environ = {key: value for key, value in os.environ.items() if not key.startswith("UV_")}

    def run_uv(*words: str) -> subprocess.CompletedProcess[str]:
        command = [find_uv_bin(), *words, "--python", str(python)]
        return subprocess.run(command, cwd=repo / lock.folder, env=environ, capture_output=True, text=True, check=False)

    checked, synced = run_uv("lock", "--check"), run_uv("sync", "--frozen", "--dry-run")
    said = "passes" if checked.returncode == 0 else (checked.stderr.strip().splitlines() or ["fails"])[-1][:100]
    said += "" if synced.returncode == 0 else f"; sync: {(synced.stderr.strip().splitlines() or ['fails'])[-1][:100]}"
    (repo / lock.path).write_text(lock.lockfile.text)
    options = [option for option in lock.options if not option.startswith("--exclude-newer")]
    upgraded = run_uv("lock", "--upgrade", *options)
    own = (repo / lock.path).read_text()
    (repo / lock.path).write_text(lock.lockfile.text)
    if upgraded.returncode:
        return said, "uv fails here"
    pairs = zip(own.splitlines(), text.splitlines(), strict=False)
    first = next((f"{a.strip()[:50]} / {b.strip()[:50]}" for a, b in pairs if a != b), "more lines")
    return said, "the same bytes" if own == text else f"differs: {first}"


def judge(bench: Bench, repo: Path, spec: EnvironmentSpec, day: datetime, now: datetime) -> tuple[str, ...]:
    """Return the cells of one lockfile's row."""
    if spec.skip_reason:
        return (f"refused: {spec.skip_reason}", "", "", "", "")
    lock = spec.lockfiles[0]
    faithful = compile_one(bench, repo, spec, IndexView(uploaded_before=day), upgrade=False)
    if faithful is None:
        return ("does not lock", "", "", "", "")
    if faithful != lock.lockfile.text:
        pairs = zip(lock.lockfile.text.splitlines(), faithful.splitlines(), strict=False)
        first = next(((a, b) for a, b in pairs if a != b), ("", "more lines"))
        return (f"stale: {first[0].strip()[:70]} → {first[1].strip()[:70]}", "", "", "", "")
    fresh = compile_one(bench, repo, spec, IndexView(uploaded_before=now), upgrade=True)
    if fresh is None:
        return ("understood", "no set", "", "")
    markers = bench.interpreters.get_interpreter(spec.python).markers
    before, after = lock.lockfile.select_pins(markers), parse_lockfile(fresh).select_pins(markers)
    moved = sum(before.get(name) != after.get(name) for name in before.keys() | after.keys())
    python = bench.interpreters.get_interpreter(spec.python).path
    broken = next(find_uv_lock_violations(lock.lockfile, parse_lockfile(fresh)), "keeps the law")
    return (
        "understood, to the byte",
        f"{moved} of {len(after)} move",
        *hold_against_uv(repo, spec, fresh, python),
        broken,
    )


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("folder", type=Path)
    words.add_argument("projects", nargs="+", metavar="REPOSITORY@COMMIT")
    words.add_argument("--as-of", type=datetime.fromisoformat, default=datetime.now(UTC))
    words.add_argument("--python", default="")
    words.add_argument("--out", type=Path)
    words.add_argument("--most", type=int, default=2, help="lockfiles of one project (default: 2)")
    given = words.parse_args()
    with tempfile.TemporaryDirectory() as scratch, benches(Path(scratch)) as bench:
        for number, project in enumerate(given.projects):
            name, _, commit = project.partition("@")
            repo = Path(scratch, f"repo{number}")
            clone = [
                "git",
                "clone",
                "-q",
                "--no-checkout",
                "--shared",
                given.folder / name.replace("/", "+") / "repo",
                repo,
            ]
            subprocess.run(clone, check=True)
            run_git(repo, "update-ref", "--no-deref", "HEAD", run_git(repo, "rev-parse", commit or "HEAD"))
            run_git(repo, "read-tree", "HEAD")
            run_git(repo, "checkout-index", "-q", "-f", "--", *_list_small_files(repo))
            day = datetime.fromisoformat(run_git(repo, "log", "-1", "--format=%cI")).astimezone(UTC)
            settings = Settings(repo=repo, report=repo / "depcheck-report", python=given.python)
            found = RepositoryWorkspace(settings, partial(run_in, repo)).find_environments()
            locks = [spec for spec in found if spec.name.endswith("uv.lock")][: given.most]
            for spec in locks:
                started = time.monotonic()
                try:
                    cells = judge(bench, repo, spec, day, given.as_of)
                except DepcheckError as error:
                    cells = (f"refused: {error}", "", "", "", "")
                seconds = time.monotonic() - started
                row = f"| {name} `{spec.name}` | {run_git(repo, 'rev-parse', '--short=9', 'HEAD')} | {' | '.join(cells)} | {seconds:.0f} s |"
                print(row, flush=True)  # noqa: T201
                if given.out:
                    with given.out.open("a") as out:
                        out.write(f"{row}\n")


if __name__ == "__main__":
    main()
