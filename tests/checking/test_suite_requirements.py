"""The needs of an unlocked repository's tests are found."""

import pytest

from depcheck.checking.discovery.files.repo_files import RepoFiles
from depcheck.checking.discovery.installs.suite_requirements import SuiteRequirements, find_suite_requirements

GROUPS = "[project]\nname = 'p'\n[dependency-groups]\ntests = ['pytest']\ndev = [{include-group = 'tests'}, 'ruff']\n"
EXTRA = "[project]\nname = 'p'\n[project.optional-dependencies]\nlint = ['ruff']\ndev = ['pytest>=8']\n"


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
    assert (*suite.options, *suite.files) == found


def test_only_uv_compiles_dependency_groups() -> None:
    """Pip-compile has no option for them."""
    assert SuiteRequirements(("--group=dev",)).needs_uv
    assert not SuiteRequirements(("--extra=dev",)).needs_uv
