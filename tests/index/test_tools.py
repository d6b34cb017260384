"""Real uv, pip and pip-tools, old and new, through the index."""

import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests
from packaging.utils import canonicalize_name
from packaging.version import Version

from depcheck.core.model.index_facts.view_address import to_shared_address
from depcheck.core.model.index_view import IndexView
from depcheck.index.upstreams import PYPI_URL, Upstream

CLEAN = {
    name: value
    for name, value in os.environ.items()
    if not name.startswith(("PIP_", "UV_")) and "proxy" not in name.lower()
} | {"PIP_CONFIG_FILE": os.devnull, "UV_NO_CONFIG": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
PAST = IndexView(uploaded_before=datetime(2018, 5, 20, 23, 59, 59, 999999, tzinfo=UTC))
LATER = IndexView(uploaded_before=datetime(2018, 6, 20, 23, 59, 59, 999999, tzinfo=UTC))
UV = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")


def _run(*command: object, cwd: Path, ok: bool = True) -> str:
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=CLEAN, capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode == 0) is ok, done.stdout + done.stderr
    return done.stdout + done.stderr


def _uv_pins(index, world: IndexView, cwd: Path, *more: object) -> set[str]:
    assert UV is not None, "uv is one of this project's dependencies"
    arguments = [
        "--index-url",
        index.get_index_url(world),
        "--no-header",
        "--no-annotate",
        "--quiet",
        "--cache-dir",
        cwd / "uv",
    ]
    printed = _run(UV, "pip", "compile", *arguments, *more, "requirements.in", cwd=cwd)
    return set(printed.split())


@pytest.fixture
def kombu_story(upstream):
    """celery, and the two releases of kombu."""
    upstream.add_wheel("celery", "4.1.0", "kombu<5.0,>=4.0.2", uploaded="2017-07-25T17:43:52Z")
    upstream.add_wheel("kombu", "4.1.0", uploaded="2017-07-17T12:00:00Z")
    upstream.add_wheel("kombu", "4.2.0", uploaded="2018-05-21T12:00:00Z")
    return upstream


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder whose requirements name celery 4.1.0."""
    (tmp_path / "requirements.in").write_text("celery==4.1.0\n")
    return tmp_path


def test_uv_resolves_and_installs_any_world(kombu_story, index, folder: Path) -> None:
    """Let uv resolve and install each view by its URL.

    Even with one cache for both.
    """
    assert _uv_pins(index, PAST, folder) == {"celery==4.1.0", "kombu==4.1.0"}
    assert _uv_pins(index, LATER, folder) == {"celery==4.1.0", "kombu==4.2.0"}
    _run(
        UV,
        "pip",
        "install",
        "--target",
        "here",
        "--cache-dir",
        "uv",
        "--index-url",
        index.get_index_url(PAST),
        "celery",
        cwd=folder,
    )
    assert "4.1.0" in (folder / "here/kombu.py").read_text()
    assert index.list_requested_projects(PAST) == {"celery", "kombu"}
    assert index.list_index_errors() == ()


def test_views_share_what_uv_unpacked(kombu_story, index, folder: Path) -> None:
    """Let uv unpack once for all views, and see each view's pages."""
    for world, version in ((PAST, "4.1.0"), (LATER, "4.2.0"), (IndexView(), "4.2.0")):
        address = to_shared_address(index.get_index_url(world))
        place = folder / str(len(list(folder.iterdir())))
        words = [UV, "pip", "install", "--cache-dir", "uv", "--link-mode", "hardlink", "--index-url", address]
        _run(*words, "--target", place, "celery", cwd=folder)
        assert version in (place / "kombu.py").read_text()
    assert [path.stat().st_nlink for path in (folder / "uv").rglob("celery.py")] == [4]
    assert index.list_requested_projects(PAST) == {"celery", "kombu"}


def test_a_page_that_changed_is_seen_by_uv_in_the_next_run(kombu_story, open_index, folder: Path) -> None:
    """Let uv see a new release in the next run."""
    first = open_index(kombu_story)
    assert "kombu==4.2.0" in _uv_pins(first, IndexView(), folder)
    first.__exit__(None, None, None)
    kombu_story.add_wheel("kombu", "4.3.0", uploaded="2018-07-01T00:00:00Z")
    second = open_index(kombu_story)
    assert "kombu==4.3.0" in _uv_pins(second, IndexView(), folder)


def test_pip_installs_as_of_a_day(kombu_story, index, folder: Path) -> None:
    """The newest pip here takes JSON pages and metadata files."""
    _run(
        sys.executable,
        "-m",
        "pip",
        "install",
        "-q",
        "--no-cache-dir",
        "--target",
        "here",
        "--index-url",
        index.get_index_url(PAST),
        "celery",
        cwd=folder,
    )
    assert "4.1.0" in (folder / "here/kombu.py").read_text()
    assert any(path.endswith("kombu-4.1.0-py3-none-any.whl") for path in kombu_story.paths())


def _interpreter(minor: str) -> str | None:
    roots = [Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"]
    found = [path for root in roots for path in root.glob(f"{minor}.*/bin/python")]
    path = shutil.which(f"python{minor}")
    shim = path is not None and Path(path).parent.name == "shims"  # pyenv's, which answers for what it does not have
    return str(found[0]) if found else None if shim else path


@pytest.mark.parametrize("minor", ["3.6", "3.7", "3.8"])
def test_old_pips_read_the_html_page(kombu_story, index, folder: Path, minor: str) -> None:
    """Serve HTML to pip before 22.2, with the same view."""
    python = _interpreter(minor)
    if python is None:
        pytest.skip(f"no Python {minor} on this machine")
    assert python is not None
    _run(
        python,
        "-m",
        "pip",
        "install",
        "-q",
        "--no-cache-dir",
        "--target",
        "here",
        "--index-url",
        index.get_index_url(PAST),
        "celery",
        cwd=folder,
    )
    assert "4.1.0" in (folder / "here/kombu.py").read_text()


def test_pip_compile_takes_hashes_from_the_page(kombu_story, index, folder: Path) -> None:
    """Compile with --generate-hashes from the page, downloading no file."""
    kombu_story.metadata_files = True
    _run(
        sys.executable, "-m", "piptools", "compile", "-q", "--generate-hashes", "--cache-dir", folder / "pt",
        "--index-url", index.get_index_url(PAST), "--no-emit-index-url", "-o", "out.txt", "requirements.in", cwd=folder,
    )  # fmt: skip
    text = (folder / "out.txt").read_text()
    assert "kombu==4.1.0" in text
    hashes = {file["hashes"]["sha256"] for name in ("celery", "kombu") for file in kombu_story.pages[name][:1]}
    assert all(f"--hash=sha256:{found}" in text for found in hashes)
    assert [path for path in kombu_story.paths() if path.endswith(".whl")] == []


def test_an_index_that_is_down_is_told_from_a_missing_package(upstream, index, folder: Path) -> None:
    """Tell a failed index from a missing package for pip.

    Pip says "no matching distribution" in both cases.
    """
    upstream.faults["/simple/celery/"] = [upstream.status(503)] * 99
    pip = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "-q",
        "--no-cache-dir",
        "--retries",
        "0",
        "--index-url",
        index.get_index_url(IndexView()),
    ]
    _run(*pip, "nothing-like-it", cwd=folder, ok=False)
    assert index.list_index_errors() == ()
    _run(*pip, "celery", cwd=folder, ok=False)
    assert "HTTP 503" in index.list_index_errors()[0]


def test_uv_asks_many_things_at_once(upstream, index, folder: Path) -> None:
    """Resolve sixty projects through one index, each page fetched once."""
    names = [f"project-{number}" for number in range(60)]
    for name in names:
        upstream.add_wheel(name, "1.0")
    (folder / "requirements.in").write_text("\n".join(names))
    assert len(_uv_pins(index, IndexView(), folder)) == 60
    assert sorted(path for path in upstream.paths() if path.startswith("/simple/")) == sorted(
        f"/simple/{name}/" for name in names
    )


@pytest.mark.live
def test_the_kombu_story_on_the_real_index(open_index, folder: Path) -> None:
    """Resolve celery 4.1.0 to good and broken kombu a month apart."""
    index = open_index(Upstream(PYPI_URL))
    more = ["--python-version", "3.6", "--no-build"]
    assert "kombu==4.1.0" in _uv_pins(index, PAST, folder, *more)
    assert "kombu==4.2.1" in _uv_pins(index, LATER, folder, *more)
    releases = index.list_releases(canonicalize_name("kombu"), PAST)
    assert str(releases[-1].version) == "4.1.0"
    lines = index.get_requires_dist(canonicalize_name("celery"), Version("4.1.0")) or ()
    assert "kombu (>=4.0.2,<5.0)" in lines
    page = requests.get(
        f"{index.get_index_url(IndexView())}kombu/",
        headers={"Accept": "application/vnd.pypi.simple.v1+json"},
        timeout=30,
    ).json()
    assert all("upload-time" in file for file in page["files"])
    assert index.list_index_errors() == ()
