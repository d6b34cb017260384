"""Loose requirements of a project's own files."""

import pytest

from depcheck.checking.discovery.repository import RepositoryWorkspace
from depcheck.checking.last_green import LastGreenFiles
from depcheck.core.config.parsers import parse_moment
from depcheck.core.config.settings import Settings
from depcheck.core.lockfiles.spec import EnvironmentSpec

SETUP_CFG = """
[options]
install_requires =
    Flask>=2
    six==1.16.0
    # a comment
    importlib-metadata; python_version < "3.8"
[options.extras_require]
docs = sphinx
"""
SETUP_PY = """
from setuptools import setup, find_packages
VERSION = open("VERSION").read()
setup(name="x", version=VERSION, packages=find_packages(), install_requires=["Flask>=2", "six==1.16.0"],
      extras_require={"docs": ["sphinx"]})
"""
DYNAMIC = "[project]\nname='x'\nversion='1'\ndynamic=['dependencies']\n[tool.setuptools.dynamic.dependencies]\n"
POETRY = """
[tool.poetry.dependencies]
python = "^3.9"
Flask = "^2.1"
six = "1.16.0"
rich = {version = ">=13", extras = ["x"]}
late = {version = "*", optional = true}
own = {path = "../own"}
[build-system]
requires = ["poetry-core"]
"""


@pytest.mark.parametrize(
    ("files", "loose"),
    [
        ({"pyproject.toml": "[project]\nname='x'\ndependencies=['Flask>=2', 'six==1.16.0']"}, ("flask>=2",)),
        ({"setup.cfg": SETUP_CFG}, ("flask>=2", "importlib-metadata")),
        ({"setup.py": SETUP_PY}, ("flask>=2",)),
        ({"setup.py": "import this is no Python"}, ()),
        ({"setup.py": "setup(install_requires=open('r.txt').read())"}, ()),
        ({"setup.cfg": "no section\n"}, ()),
        ({"setup.py": "setup()", "setup.cfg": SETUP_CFG}, ("flask>=2", "importlib-metadata")),
        ({"pyproject.toml": "[build-system]\nrequires=[]\n", "setup.cfg": SETUP_CFG}, ("flask>=2", "importlib-metadata")),
        ({"pyproject.toml": f"{DYNAMIC}file=['r.in']", "r.in": "-i https://x.example\nflask>=2 # why\nsix==1.16.0\n"}, ("flask>=2",)),
        ({"pyproject.toml": f"{DYNAMIC}file='../r.in'"}, ()),
        ({"pyproject.toml": POETRY}, ("flask", "rich")),
        ({"pyproject.toml": "[project]\nname='x'\ndependencies=['flask>=2']", "setup.cfg": SETUP_CFG}, ("flask>=2",)),
        (
            {"requirements.txt": "-r more.txt\ndjango\ncelery~=4.1 # why\nkombu==4.*\nx @ https://example.org/x.zip\n",
             "more.txt": "six===1.16.0\nDjango\n"},
            ("celery~=4.1", "django", "kombu==4.*"),
        ),
    ],
)  # fmt: skip
def test_loose_requirements_are_named(tmp_path, files, loose):
    """Read loose requirements from files alone, running nothing.

    What cannot be read is left to the build.
    """
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    (environment,) = RepositoryWorkspace(Settings(repo=tmp_path)).find_environments()
    (spec,) = environment.lockfiles
    assert (spec.is_unlocked, spec.unpinned_requirements) == (True, loose)


def test_green_nights_are_kept_apart(tmp_path):
    """Keep green runs apart by repository, environment and Python.

    What is damaged or cannot be written is not known.
    """
    spec = EnvironmentSpec("requirements.in", "3.12", ())
    nights = LastGreenFiles(tmp_path / "greens", "owner/name")
    assert nights.get_last_green(spec) is None
    nights.save_last_green(spec, parse_moment("2026-11-22T03:17:00Z"))
    assert nights.get_last_green(spec) == parse_moment("2026-11-22T03:17:00Z")
    assert LastGreenFiles(tmp_path / "greens", "owner/other").get_last_green(spec) is None
    assert nights.get_last_green(EnvironmentSpec("requirements.in", "3.13", ())) is None
    (file,) = (tmp_path / "greens").iterdir()
    file.write_text("yesterday")
    assert nights.get_last_green(spec) is None
    file.unlink()
    (tmp_path / "greens").rmdir()
    (tmp_path / "greens").write_text("a file")
    nights.save_last_green(spec, parse_moment("2026-11-22T03:17:00Z"))
    assert nights.get_last_green(spec) is None


def test_a_lockfile_is_offered_under_a_free_name(tmp_path):
    """Offer a lockfile under a name that is free."""
    (tmp_path / "requirements.in").write_text("six\n")
    (tmp_path / "requirements.txt").write_text("six\n")
    (environment,) = RepositoryWorkspace(Settings(repo=tmp_path)).find_environments()
    assert environment.lockfiles[0].path == "requirements.lock.txt"
