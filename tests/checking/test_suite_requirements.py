"""The needs of an unlocked repository's tests are found."""

import pytest

from depcheck.checking.discovery.files.repo_files import RepoFiles
from depcheck.checking.discovery.installs.suite_requirements import SuiteRequirements, find_suite_requirements
from depcheck.core.lockfiles.poetry_ranges import to_specifier

GROUPS = "[project]\nname = 'p'\n[dependency-groups]\ntests = ['pytest']\ndev = [{include-group = 'tests'}, 'ruff']\n"
EXTRA = "[project]\nname = 'p'\n[project.optional-dependencies]\nlint = ['ruff']\ndev = ['pytest>=8']\n"

POETRY = """[tool.poetry]
name = 'p'
[tool.poetry.group.test.dependencies]
pytest = '^8.1'
pytest-cov = {version = '~4.0', extras = ['toml']}
local = {path = '../x'}
several = [{version = '^1', python = '<3.9'}, {version = '^2'}]
"""
TOX_DEPS = """[testenv]
deps =
  -rrequirements/base.txt
  pytest>=8  # the runner
  django42: Django>=4.2,<5
  lint: ruff
commands = pytest
[testenv:docs]
deps = sphinx
"""
NOX = """def tests(session):
    session.install("-e", ".[all]", "-r", "requirements/extra.in", "pytest")
    session.run("pytest")
"""
NOX_GROUPS = """NEEDED = ["anyio", "trio"]
def tests(session):
    session.install(".[web]", *nox.project.dependency_groups(PYPROJECT, "tests"), *NEEDED)
    session.run("pytest")
"""
NOX_SYNC = """def test(session):
    session.run_install("uv", "sync", "--group=tests", "--extra", "web", env={"UV_PROJECT_ENVIRONMENT": "x"})
    session.run("pytest")
"""
NOX_COMPUTED = "def test(session):\n    session.install('.[web]', *computed())\n    session.run('pytest')\n"
GROUPS_AND_WEB = f"{GROUPS}[project.optional-dependencies]\nweb = ['aiohttp']\n"


@pytest.mark.parametrize(
    ("files", "source", "found"),
    [
        ({"pyproject.toml": GROUPS}, "pyproject.toml", ("--group=tests",)),
        ({"pyproject.toml": EXTRA}, "pyproject.toml", ("--extra=dev",)),
        ({"setup.cfg": "[options.extras_require]\ntest =\n  pytest\n", "setup.py": ""}, "setup.py", ("--extra=test",)),
        ({"setup.py": "setup(extras_require={'testing': ['pytest']})"}, "setup.py", ("--extra=testing",)),
        ({"requirements.txt": "a==1\n", "requirements-dev.txt": "-r requirements.txt\npytest\n"}, "requirements.txt", ("requirements-dev.txt",)),
        ({"requirements.txt": "a==1\n", "dev-requirements.txt": "ruff\n"}, "requirements.txt", ()),
        ({"requirements.txt": "a==1\npytest==7\n", "requirements-dev.txt": "pytest\n"}, "requirements.txt", ()),
        ({"setup.py": "", "requirements/ci.txt": "pytest==8.0\n-e .\n"}, "setup.py", ("requirements/ci.txt",)),
        ({"pyproject.toml": "[project]\nname = 'p'\n[dependency-groups]\ndev = ['ruff']\n"}, "pyproject.toml", ()),
        ({"pyproject.toml": POETRY}, "pyproject.toml", ("pytest<9,>=8.1", "pytest-cov[toml]<4.1,>=4.0", "several")),
        ({"pyproject.toml": "[tool.poetry.dev-dependencies]\npytest = '*'\n"}, "pyproject.toml", ("pytest",)),
        ({"setup.py": "", "requirements/base.txt": "a\n", "tox.ini": TOX_DEPS}, "setup.py", ("requirements/base.txt", "pytest>=8", "Django")),
        ({"setup.py": "setup(extras_require={'all': ['a']})", "requirements/extra.in": "b\n", "noxfile.py": NOX}, "setup.py", ("--extra=all", "requirements/extra.in", "pytest")),
        ({"pyproject.toml": GROUPS_AND_WEB, "noxfile.py": NOX_GROUPS}, "pyproject.toml", ("--extra=web", "--group=tests", "anyio", "trio")),
        ({"pyproject.toml": GROUPS_AND_WEB, "noxfile.py": NOX_SYNC}, "pyproject.toml", ("--extra=web", "--group=dev", "--group=tests")),
        ({"pyproject.toml": GROUPS_AND_WEB, "noxfile.py": NOX_COMPUTED}, "pyproject.toml", ("--group=tests", "--extra=web")),
        ({"pyproject.toml": GROUPS, "tox.ini": "[testenv]\ncommands = pytest\n"}, "pyproject.toml", ("--group=tests",)),
    ],
)  # fmt: skip
def test_what_the_tests_need_belongs_to_the_environment(tmp_path, files, source, found) -> None:
    """Add a group, extra or file that leads to a runner.

    By its usual name, if the source lacks the runner.
    """
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    suite = find_suite_requirements(RepoFiles(tmp_path), source, sorted(files))
    assert (*suite.options, *suite.files, *suite.lines) == found


def test_only_uv_compiles_dependency_groups() -> None:
    """Pip-compile has no option for them."""
    assert SuiteRequirements(("--group=dev",)).needs_uv
    assert not SuiteRequirements(("--extra=dev",)).needs_uv


@pytest.mark.parametrize(
    ("range_", "specifier"),
    [("^1.2.3", ">=1.2.3,<2"), ("^0.2.3", ">=0.2.3,<0.3"), ("^0.0.3", ">=0.0.3,<0.0.4"), ("~1", ">=1,<2"), ("*", ""),
     ("~1.2.3", ">=1.2.3,<1.3"), ("~=1.2", "~=1.2"), (">= 1, < 2", ">=1,<2"), ("1.2.*", "==1.2.*"), ("^1 || ^2", "")],
)  # fmt: skip
def test_poetrys_ranges_are_those_of_pip(range_, specifier) -> None:
    """Caret and tilde bound the first number that may not move."""
    assert to_specifier(range_) == specifier
