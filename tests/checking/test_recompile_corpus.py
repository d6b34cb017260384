"""Real lockfiles of the corpus recompile as their fact sheets expect."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import corpus
from bench import benches
from recompile_corpus import recompiled

pytestmark = [pytest.mark.live, pytest.mark.slow]


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    """One compiler and one store of pages for all of them."""
    with benches(tmp_path_factory.mktemp("bench")) as found:
        yield found


@pytest.mark.parametrize("facts", corpus.sheets(), ids=lambda facts: facts.name)
def test_a_real_lockfile_is_recompiled_as_its_facts_say(facts, bench, tmp_path):
    """Faithful, or refused or unfaithful for the reason that its sheet gives."""
    outcome = recompiled(facts, tmp_path, bench)
    assert outcome.fits(facts), outcome
