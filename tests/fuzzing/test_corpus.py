"""Every instructive input is read again, within its law.

No crash, no hang.
"""

import keeping
import pytest
from target import limited
from targets import TARGETS

SECONDS = 60  # of processor time; what once hung took minutes


@pytest.mark.parametrize("name", TARGETS)
def test_the_corpus_breaks_nothing(name):
    """Read all kept inputs of a target without breaking a law."""
    inputs = list(keeping.kept(name))
    assert inputs
    for each in inputs:
        with limited(SECONDS):
            TARGETS[name].run(each.content)


def test_every_file_of_the_corpus_has_its_target():
    """No input lies where nothing reads it."""
    assert {path.stem for path in keeping.FOLDER.iterdir()} == TARGETS.keys()
