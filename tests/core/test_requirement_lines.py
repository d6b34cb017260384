"""Lines of requirements files mean what they mean to pip."""

import pytest

from depcheck.core.lockfiles.requirement_line import LogicalLine, parse_requirement_line, parse_requirement_lines
from depcheck.core.model.errors import LockfileError


@pytest.mark.parametrize(
    ("line", "option", "value"),
    [
        ("-c base.txt", "--constraint", "base.txt"),
        ('-c "base.txt"', "--constraint", "base.txt"),
        ("-c'base.txt'", "--constraint", "base.txt"),
        ("-cbase.txt", "--constraint", "base.txt"),
        ('--constraint="deep/my base.txt"', "--constraint", "deep/my base.txt"),
        ("--constraint base.txt", "--constraint", "base.txt"),
        ("-r 'base.txt' # why", "--requirement", "base.txt"),
        ("--requirement=base.txt", "--requirement", "base.txt"),
        ("\ufeff-r base.txt", "--requirement", "base.txt"),
        ("-r \\\n  base.txt\n", "--requirement", "base.txt"),
        ('-i "https://index/simple"', "--index-url", "https://index/simple"),
        ("-e ./lib[extra]", "--editable", "./lib[extra]"),
        ("--pre", "--pre", ""),
        ('-r "base.txt', "--requirement", '"base.txt'),
    ],
)
def test_options_are_split_as_pip_splits_them(line, option, value):
    """Split quotes, joined values, comments and continuations as pip does.

    A quote without its end stays.
    """
    read = parse_requirement_line(LogicalLine(1, line).content)
    assert (read.option, read.value, read.requirement) == (option, value, "")


@pytest.mark.parametrize(
    ("line", "requirement", "options"),
    [
        ("flask>=2", "flask>=2", ""),
        ("flask==2 --hash=sha256:00 --hash=sha256:11", "flask==2", "--hash=sha256:00 --hash=sha256:11"),
        ("celery[redis]==5 ; python_version > '3' # -r no.txt", "celery[redis]==5 ; python_version > '3'", ""),
        ("zope-event-r", "zope-event-r", ""),
    ],
)
def test_what_precedes_the_options_is_the_requirement(line, requirement, options):
    """A requirement with its options is no option."""
    read = parse_requirement_line(LogicalLine(1, line).content)
    assert (read.requirement, read.options, read.option) == (requirement, options, "")


def test_included_files_are_relative_to_their_own():
    """Count included paths from their own file, and skip addresses."""
    here, url = parse_requirement_lines('-c "../base.txt"\n-r https://host/base.txt\n')
    assert (here.get_included_path("deep/dev.in"), url.included_file) == ("base.txt", "")


def test_lines_on_which_tools_disagree_are_refused():
    """A form feed ends a line for one tool alone."""
    with pytest.raises(LockfileError, match="U\\+000C"):
        parse_requirement_lines("flask\n# a\x0c-r base.txt\n")
