"""Conflicts are read from every tool and reduced to a minimum."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from depcheck.core.tool_output.conflict_clauses import (
    MOST_CLAUSES,
    ConflictClause,
    describe_conflict,
    minimize_conflict,
    parse_conflict_clauses,
)

PIP_COMPILE = """\
  ERROR: Cannot install -r requirements.in (line 1) and werkzeug<2 because these package versions have conflicting dependencies.
Traceback (most recent call last):
pip._vendor.resolvelib.resolvers.exceptions.ResolutionImpossible: [RequirementInformation(requirement=SpecifierRequirement('werkzeug<2'), parent=None), \
RequirementInformation(requirement=SpecifierRequirement('Werkzeug>=2.2.2'), parent=LinkCandidate('http://127.0.0.1:9/files/Flask-2.2.2-py3-none-any.whl (from http://127.0.0.1:9/simple/flask/) (requires-python:>=3.7)')), \
RequirementInformation(requirement=SpecifierRequirement('click'), parent=ExtrasCandidate(base=LinkCandidate('http://127.0.0.1:9/files/flask-2.2.2.tar.gz#sha256=00'), extras=frozenset({'async'})))]
"""
PIP = """\
ERROR: Cannot install flask==2.2.2 and werkzeug<2 because these package versions have conflicting dependencies.

The conflict is caused by:
    The user requested werkzeug<2
    flask 2.2.2 depends on Werkzeug>=2.2.2
    The user requested (constraint) werkzeug<1.5
"""
LEGACY = """\
Could not find a version that matches idna<2.8,>=2.5,>=3 (from -r r3.in (line 2))
Tried: 0.2, 0.3, 3.20
There are incompatible versions in the resolved dependencies:
  idna>=3 (from -r r3.in (line 2))
  idna<2.8,>=2.5 (from requests==2.19.1->-r r3.in (line 1))
"""
UV = """\
  x No solution found when resolving dependencies:
  ╰─▶ Because flask==2.2.2 depends on werkzeug>=2.2.2 and you require flask==2.2.2, we can conclude that you
      require werkzeug>=2.2.2.
      And because you require werkzeug<2, we can conclude that your requirements are unsatisfiable.
"""


FLASK = (
    "flask 2.2.2 depends on werkzeug>=2.2.2, and the sources ask for flask==2.2.2, and the sources ask for werkzeug<2"
)
PIPS = (
    "flask 2.2.2 depends on Werkzeug>=2.2.2, and the sources ask for werkzeug<2, and the sources ask for werkzeug<1.5"
)


@pytest.mark.parametrize(
    ("output", "words"),
    [
        (PIP_COMPILE, "the sources ask for werkzeug<2, and flask 2.2.2 depends on Werkzeug>=2.2.2"),
        (
            PIP,
            PIPS,
        ),
        (LEGACY, "the sources ask for idna>=3, and requests 2.19.1 depends on idna<2.8,>=2.5"),
        (UV, FLASK),
        ("ERROR: No matching distribution found for werkzeug>=9\n", "the sources ask for werkzeug>=9"),
        ("ERROR: Could not build wheels\n", ""),
    ],
    ids=["pip-compile", "pip", "legacy", "uv", "no match", "no conflict"],
)
def test_every_tool_is_understood(output, words) -> None:
    """Read every tool's clauses without conclusions or requirements that always hold."""
    assert describe_conflict(parse_conflict_clauses(output)) == words


def test_only_what_conflicts_is_told() -> None:
    """Report only the package for which no release is left."""
    found = parse_conflict_clauses(UV)
    releases = {"flask": [Version("2.2.2")], "werkzeug": [Version("1.0"), Version("2.2.2")]}
    core = minimize_conflict(found, lambda name: releases[name])
    assert describe_conflict(core) == "flask 2.2.2 depends on werkzeug>=2.2.2, and the sources ask for werkzeug<2"
    assert core[0].package_names == {"flask", "werkzeug"}


NUMBERS = [Version(str(number)) for number in range(1, 8)]
SPECIFIERS = st.builds("{}{}".format, st.sampled_from([">=", "<", "==", "!=", ">", "<="]), st.integers(1, 7))


@given(st.lists(SPECIFIERS, min_size=1, max_size=8))
def test_no_clause_of_a_minimal_conflict_can_be_left_out(specifiers) -> None:
    """Keep a conflict minimal: without any one clause a release remains."""
    found = [ConflictClause(f"p{number} 1", Requirement(f"x{text}")) for number, text in enumerate(specifiers)]
    core = minimize_conflict(found, lambda _: NUMBERS)

    def left(some) -> bool:
        together = SpecifierSet(",".join(str(each.requirement.specifier) for each in some))
        return any(together.contains(version) for version in NUMBERS)

    if left(found):
        assert core == tuple(found)
    else:
        assert not left(core)
        assert all(left([each for each in core if each is not one]) for one in core)


@given(st.text(max_size=2000))
def test_any_output_is_read(text) -> None:
    """Hostile output gives few clauses and never an error."""
    assert len(parse_conflict_clauses(f"No solution found when resolving {text} you require {text}")) <= MOST_CLAUSES
