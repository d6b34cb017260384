"""Errors that newcomers meet: what, why, and what to do."""

import pytest

from depcheck.core.config.from_sources import read_toml_options
from depcheck.core.config.parsers import parse_python_version
from depcheck.core.lockfiles.formats.known_formats import parse_lockfile
from depcheck.core.model.errors import LockfileError, UsageError
from depcheck.core.model.releases import Origins


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('token = "x"', ("'token'", "revoke it", "secrets.NAME")),
        ('github_token = "x"', ("'github_token'", "revoke it")),
        ('index-password = "x"', ("secret", "Remove it")),
        ('fail-on = "broken"', ("only the action takes", "`with:`")),
        ('[tool.depcheck]\ntest = "pytest"', ("[tool.depcheck]", "pyproject.toml", "Remove that one line")),
        ("python = 3.10", ("3.10 is 3.1", "quotes")),
        ('smokee = "x"', ("did you mean 'smoke'?",)),
    ],
)
def test_a_misplaced_key_is_refused_with_its_place(text, says):
    """Refuse secrets, inputs of the action, and another file's table."""
    with pytest.raises(UsageError) as refused:
        read_toml_options(text, "depcheck.toml")
    assert all(part in str(refused.value) for part in ("depcheck.toml", *says))


def test_an_unquoted_version_is_read_as_it_was_meant():
    """Take 3.1, which YAML makes of 3.10, for 3.10."""
    assert parse_python_version("3.1") == "3.10"


@pytest.mark.parametrize("mark", ["<<<<<<< HEAD", "=======", ">>>>>>> main"])
def test_a_merge_conflict_is_named_with_its_line(mark):
    """Say which line, and to resolve it first."""
    with pytest.raises(LockfileError, match=r"Line 2 is an unresolved merge conflict .*Resolve the conflict"):
        parse_lockfile(f"six==1.15.0\n{mark}\n")


@pytest.mark.parametrize(("name", "meant"), [("sixx", "six"), ("reqests", "requests"), ("djnago", "django")])
def test_a_misspelt_package_is_suggested(name, meant):
    """Name the indexes that were asked, and the package that was meant."""
    said = Origins(("https://pypi.org/simple",), ()).describe_absence(name)
    assert said.startswith(f"{name} exists on none of the indexes that were asked (https://pypi.org/simple).")
    assert f"Did you mean {meant}?" in said


def test_nothing_is_suggested_for_a_name_like_no_other():
    """Suggest nothing that nobody can have meant."""
    assert "Did you mean" not in Origins(("https://pypi.org/simple",), ()).describe_absence("our-internal-billing")
