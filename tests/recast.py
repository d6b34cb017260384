"""Recast a repository as a uv project, locked as of a day."""

import os
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from uv import find_uv_bin

from depcheck.checking.environments.interpreters import InterpreterFinder
from depcheck.core.lockfiles.formats.uv_lock.uv_lock_addresses import AddressMap
from depcheck.core.model.index_view import IndexView
from depcheck.index.server.local import LocalIndex
from depcheck.index.upstreams import Upstream

PYPI = "https://pypi.org/simple"


def recast_as_uv_project(repo: Path, python: str, day: str) -> None:
    """Replace the requirements of `repo` by a pyproject.toml and a uv.lock.

    The lockfile is what `uv lock` gives at the end of `day`. The newest commit is made again with them.
    """
    lines = [line.partition(" #")[0].strip() for line in (repo / "requirements.in").read_text().splitlines()]
    stated = "".join(f"    '{line}',\n" for line in lines if line and not line.startswith(("#", "-")))
    (repo / "pyproject.toml").write_text(
        f'[project]\nname = "recast"\nversion = "0"\nrequires-python = "=={python}.*"\ndependencies = [\n{stated}]\n'
    )
    for name in ("requirements.in", "requirements.txt"):
        (repo / name).unlink()
    with tempfile.TemporaryDirectory(prefix="recast-") as cache, LocalIndex([Upstream(PYPI)], Path(cache)) as index:
        moment = datetime.fromisoformat(day).replace(tzinfo=UTC) + timedelta(days=1)
        local = index.get_index_url(IndexView(uploaded_before=moment)).rstrip("/")
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("UV_", "PIP_"))}
        interpreter = InterpreterFinder(os.environ, Path(cache) / "pythons").get_interpreter(python).path
        command = [find_uv_bin(), "lock", "--quiet", "--no-cache", "--python", str(interpreter)]
        subprocess.run(command, cwd=repo, env={**kept, "UV_DEFAULT_INDEX": local}, check=True)
        known = AddressMap({PYPI: local}, local.rsplit("/", 2)[0])
        text = known.restore((repo / "uv.lock").read_text(), "", index.find_origin)
    (repo / "uv.lock").write_text(text)
    git = ["git", "-C", str(repo), "-c", "user.name=maintainer", "-c", "user.email=maintainer@example.com"]
    subprocess.run([*git, "add", "-A"], check=True)
    subprocess.run([*git, "commit", "-q", "--amend", "--no-edit", "--date", f"{day}T12:00:00Z"], check=True)


if __name__ == "__main__":
    recast_as_uv_project(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
