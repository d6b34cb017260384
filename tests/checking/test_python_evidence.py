"""A lockfile's Python is read from what the repository runs."""

from datetime import date

import pytest

from depcheck.checking.discovery.files.repo_files import RepoFiles
from depcheck.checking.discovery.installs.python_evidence import PythonEvidence
from depcheck.checking.discovery.installs.recipes import find_installed_together, read_recipes
from depcheck.core.targets.pythons import PythonGuess, rank_guesses

LOCKS = ("requirements.txt", "requirements-dev.txt", "services/api/requirements.txt", "requirements/base.txt")


def read(folder, files):
    """Read the recipes of `files`."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    tree = RepoFiles(folder)
    return tree, read_recipes(tree, tuple(tree.list_files()))


def stated(folder, files, lockfile="requirements.txt"):
    """List the Pythons that `files` name for `lockfile`, in order."""
    tree, recipes = read(folder, files)
    return [guess.python for guess in PythonEvidence(tree, recipes, LOCKS).find_stated(lockfile)]


JOB = """on: push
jobs:
  test:
    steps:
      - uses: actions/setup-python@v5
        with:
          python-version: {version}
      - run: pip install -r requirements.txt -r requirements-dev.txt
  docs:
    steps:
      - uses: actions/setup-python@v5
        with: {{python-version: "3.8"}}
      - run: pip install sphinx
"""


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({".python-version": "3.11.4\n"}, ["3.11"]),
        ({"runtime.txt": "python-3.10.13\n"}, ["3.10"]),
        ({".tool-versions": "nodejs 20.1.0\npython 3.12.1\n"}, ["3.12"]),
        ({"Dockerfile": "FROM python:3.10-slim\nCOPY requirements.txt .\n"}, ["3.10"]),
        ({"Dockerfile": "ARG V=3.11\nFROM docker.io/library/python:${V} AS base\nFROM base\nRUN pip install -r requirements.txt"}, ["3.11"]),
        ({"Dockerfile": "FROM ghcr.io/astral-sh/uv:python3.12-bookworm\nRUN uv pip sync requirements.txt"}, ["3.12"]),
        ({"Dockerfile": "FROM node:20\nRUN npm ci\n"}, []),
        ({"docker/Dockerfile": "FROM python:3.13-bookworm\nCOPY . .\nRUN make bootstrap\n"}, ["3.13"]),
        ({"docker/Dockerfile": "FROM python:3.13\n", "ops/Dockerfile": "FROM python:3.9\n"}, []),
        ({".github/workflows/ci.yml": JOB.format(version='"3.12"')}, ["3.12"]),
        ({".github/workflows/ci.yml": JOB.format(version="3.10")}, ["3.10"]),
        ({".github/workflows/ci.yml": JOB.format(version="3.1")}, ["3.10"]),
        ({".github/workflows/ci.yml": JOB.format(version='["3.9", "3.11"]')}, ["3.9", "3.11"]),
        ({".github/workflows/ci.yml": JOB.format(version="\n            - '3.9'\n            - '3.13'")}, ["3.9", "3.13"]),
        ({"tox.ini": "[testenv:lint]\nbasepython = python3.12\ndeps = -r requirements.txt\n"}, ["3.12"]),
        ({"noxfile.py": "@nox.session(python='3.11')\ndef t(s):\n  s.install('-r', 'requirements.txt')\n"}, ["3.11"]),
    ],
)  # fmt: skip
def test_files_that_name_the_lockfile_state_its_python(tmp_path, files, found):
    """Read the Python from recipes that name the lockfile.

    Version files, the image that copies it, the job, test environment or session that installs it.
    """
    assert list(dict.fromkeys(stated(tmp_path, files))) == found


def test_what_installs_something_else_states_nothing(tmp_path):
    """Ignore jobs and images that install another lockfile."""
    files = {".github/workflows/ci.yml": JOB.format(version="3.12"), "services/api/Dockerfile": "FROM python:3.9\n"}
    assert stated(tmp_path, files, "requirements/base.txt") == []


def test_an_image_that_installs_the_lockfile_says_more_than_a_version_file_above(tmp_path):
    """The library's `.python-version` is not the service's."""
    files = {".python-version": "3.9\n", "services/api/Dockerfile": "FROM python:3.12\nCOPY requirements.txt .\n"}
    assert stated(tmp_path, files, "services/api/requirements.txt")[:2] == ["3.12", "3.9"]


@pytest.mark.parametrize("envlist", ["py39, py310", "py{39,310}", "py3{9,10}", "{py39,py310}-django"])
def test_the_environments_of_tox_are_hints(tmp_path, envlist):
    """Every way to write them, low versions first."""
    tree, recipes = read(tmp_path, {"tox.ini": f"[tox]\nenvlist = lint, {envlist}\n"})
    assert [guess.python for guess in PythonEvidence(tree, recipes, LOCKS).find_tested()] == ["3.9", "3.10"]


@pytest.mark.parametrize(
    ("files", "together"),
    [
        ({".github/workflows/ci.yml": JOB.format(version="3.12")}, [("requirements.txt", "requirements-dev.txt")]),
        ({"Dockerfile": "FROM python:3.12 AS a\nRUN pip install -r /tmp/requirements/base.txt\nFROM a\nRUN pip install \\\n -r requirements-dev.txt\n"},
         [("requirements/base.txt", "requirements-dev.txt")]),
        ({"Dockerfile": "FROM python:3.12\nRUN pip install -r requirements.txt\nFROM python:3.12\nRUN pip install -r requirements-dev.txt\n"}, []),
        ({"tox.ini": "[testenv]\ndeps =\n  -r requirements.txt\n  -rrequirements-dev.txt\n[testenv:x]\ndeps = -r requirements/base.txt\n"},
         [("requirements.txt", "requirements-dev.txt")]),
        ({"tox.ini": "[testenv]\ndeps =\n  -r requirements.txt\n  min: -r requirements-dev.txt\n"}, []),
        ({".github/workflows/ci.yml": "jobs:\n  a:\n    steps:\n      - run: pip-sync requirements.txt requirements-dev.txt\n"},
         [("requirements.txt", "requirements-dev.txt")]),
    ],
)  # fmt: skip
def test_what_is_installed_together_is_read_from_recipes(tmp_path, files, together):
    """Group what one job, image stage or test environment installs."""
    _, recipes = read(tmp_path, files)
    assert list(find_installed_together(recipes, LOCKS)) == together


def test_no_python_that_did_not_exist_and_none_long_dead():
    """Drop Pythons younger than the lockfile, and rank dead ones last.

    Unless a file names one.
    """
    guesses = [PythonGuess("3.13", "running"), PythonGuess("3.6", "lowest"), PythonGuess("3.10", "tested")]
    ranked = [guess.python for guess in rank_guesses(guesses, date(2023, 6, 1))]
    assert ranked[0] == "3.10"
    assert "3.13" not in ranked
    assert ranked[-1] == "3.6"
    first = rank_guesses([PythonGuess("3.6", "stated", is_stated=True)], date(2023, 6, 1))[0]
    assert first.python == "3.6"


def test_what_the_pins_rule_out_comes_last():
    """Rank Pythons that the pins rule out last.

    A pin for below 3.11 alone means that the set was compiled for one of those.
    """
    ranked = rank_guesses([PythonGuess("3.12", "x", is_stated=True)], date(2026, 11, 1), "3.10")
    assert [guess.python for guess in ranked] == ["3.10", "3.12"]


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({"ruff.toml": 'target-version = "py313"\n'}, ["3.13"]),
        ({"pyproject.toml": "[tool.black]\ntarget-version = ['py311', 'py312']\n"}, ["3.11"]),
        ({"mypy.ini": "[mypy]\npython_version = 3.12\n"}, ["3.12"]),
        ({"setup.cfg": "[flake8]\n"}, []),
    ],
)
def test_what_linters_are_configured_for_is_a_hint(tmp_path, files, found):
    """The code is written for it."""
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    assert [guess.python for guess in PythonEvidence(RepoFiles(tmp_path), (), ()).find_targets()] == found
