"""Promises of the attack suite that hold without a container.

The suite itself runs in one (scripts/container).
"""

import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE))

import judging  # noqa: E402  # beside this file
import matrix  # noqa: E402
import walls  # noqa: E402


@pytest.mark.parametrize("name", walls.WALLS)
def test_each_wall_can_still_be_taken_away(name, tmp_path):
    """Find in the source what the matrix changes, and parse it."""
    for path in walls.taken_away([name], tmp_path).values():
        compile(path.read_text(), str(path), "exec")


@pytest.mark.parametrize("name", walls.BEHIND)
def test_walls_can_be_taken_away_together(name, tmp_path):
    """The changes do not get into each other's way."""
    assert walls.taken_away([*walls.BEHIND[name], name], tmp_path)


def test_a_wall_counts_by_what_gets_through_for_want_of_it():
    """What others let through without it as well is not its merit."""
    runs = {frozenset({"wall clock"}): {}, frozenset({"clock of the checker"}): {"a": "why"}}
    runs[frozenset({"wall clock", "clock of the checker"})] = {"a": "why", "b": "why"}
    assert matrix.stopped("wall clock", runs) == {"b"}
    assert matrix.stopped("clock of the checker", runs) == {"a", "b"}
    assert "| wall clock | clock of the checker | b |" in matrix.merits(["wall clock"], runs)
    assert "| `secrets.own_environment` |" in matrix.table(runs)


def test_there_are_many_attacks_and_each_says_what_it_tries():
    """At least 25, each described in one line."""
    found = judging.catalogue()
    assert len(found) >= 25
    assert not [name for name, line in found.items() if "\n" in line or not line.endswith(".")]


def rows() -> list[list[str]]:
    """Return the cells of the table of attacks."""
    table = (ROOT / "docs/security.md").read_text().partition("gets through without |")[2]
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines() if line.startswith("| `")]


def test_the_document_lists_every_attack():
    """List exactly the suite's attacks in docs/security.md."""
    assert {name.strip("`"): line for name, line, _ in rows()} == judging.catalogue()


def test_the_document_says_what_each_wall_stops():
    """Name in docs/security.md what each wall stops.

    Each wall that can be taken away, with something that got through for want of it.
    """
    table = (ROOT / "docs/security.md").read_text().partition("| for want of it |")[2].partition("\n\n")[0]
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines()[2:]]
    assert [wall for wall, _, _ in cells] == list(walls.WALLS)
    assert [behind for _, behind, _ in cells] == [", ".join(walls.BEHIND.get(wall, "-")) for wall in walls.WALLS]
    assert not [wall for wall, _, stopped in cells if stopped in {"", "nothing"}]


def test_the_document_names_walls_as_the_matrix_does():
    """Name only removable walls in the table's last column."""
    named = {wall.strip() for _, _, without in rows() for names in without.split(";") for wall in names.split("+")}
    assert named - {"-"} <= set(walls.WALLS)
