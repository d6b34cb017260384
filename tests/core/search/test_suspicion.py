"""Suspicion: what single clues are worth."""

from dataclasses import replace

import pytest
from planted import ENVIRONMENT, dist, name, side

from depcheck.core.model.checks import Failure
from depcheck.core.search.coupling import compute_coupling
from depcheck.core.search.ranking import FailureContext, extract_clues, rank_suspects

BEFORE = side(
    dist("app", "1.0", "lib"),
    dist("lib", "1.0", "base"),
    dist("base", "1.0"),
    dist("other", "1.0"),
    dist("zeta", "1.0"),
)
AFTER = side(
    dist("app", "1.0", "lib"),
    dist("lib", "1.1", "base"),
    dist("base", "1.0.1"),
    dist("other", "9.0"),
    dist("zeta", "1.0.1"),
)


def scene(before=BEFORE, after=AFTER, **more):
    changed = frozenset(n for n in before.keys() | after.keys() if before.get(n) != after.get(n))
    return FailureContext(before, after, compute_coupling(before, after, changed, ENVIRONMENT), ENVIRONMENT, **more)


@pytest.mark.parametrize(
    ("headline", "evidence"),
    [
        ("ModuleNotFoundError: No module named 'zeta.async'", ""),
        ("ImportError: cannot import name 'x' from 'zeta.y' (/env/site-packages/zeta/y.py)", ""),
        ("AttributeError: module 'zeta' has no attribute 'x'", ""),
        ("ValueError: zeta.dtype size changed, may indicate binary incompatibility", ""),
        ("TypeError: boom", '  File "/e/site-packages/app/a.py", line 1\n  File "/e/site-packages/zeta/b.py", line 2'),
        ("", "zeta.errors.RefusedError: no"),
    ],
)
def test_what_the_evidence_names_comes_first(headline, evidence):
    """Before a bigger jump elsewhere."""
    assert rank_suspects(scene(), [Failure("t", headline, evidence)]).ranked_names[0] == "zeta"


def test_without_any_clue_the_biggest_jump_comes_first():
    """Majors break more than minors, minors more than the rest."""
    assert rank_suspects(scene(), [Failure("t", "assert 1 == 2")]).ranked_names == ("other", "lib", "base", "zeta")


def test_who_fails_and_did_not_change_stands_on_someone_who_did():
    """Suspect what an unchanged package in the last frame depends on."""
    evidence = '  File "/e/site-packages/app/a.py", line 1, in f'
    assert rank_suspects(scene(), [Failure("t", "TypeError: boom", evidence)]).ranked_names[0] == "lib"


def test_what_could_not_be_built_is_accused():
    """The package whose build failed comes before anything that its output names."""
    assert (
        rank_suspects(scene(failed_package=name("zeta")), [Failure("i", "No module named 'lib'")]).ranked_names[0]
        == "zeta"
    )


def test_those_who_stopped_bringing_what_is_missing_are_suspected_together():
    """Not the missing package, and not only one of its bringers."""
    before = side(dist("r", "1.0", "gone"), dist("h", "1.0", "gone"), dist("gone", "1"), dist("z", "1.0"))
    after = side(dist("r", "2.0"), dist("h", "2.0"), dist("z", "2.0"))
    found = rank_suspects(scene(before, after), [Failure("t", "ModuleNotFoundError: No module named 'gone'")])
    assert found.hypotheses[0] == {"r", "h"} == found.metadata_suspects


def test_a_downgrade_is_somebody_elses_doing():
    """Its frames count for less than what forced it."""
    before = side(dist("f", "4.0", "m<5"), dist("m", "4.0"))
    after = side(dist("f", "3.9", "m"), dist("m", "5.0"))
    evidence = '  File "/e/site-packages/f/manager.py", line 1\n    eps = m.entry_points().get("f")'
    assert (
        rank_suspects(scene(before, after), [Failure("t", "AttributeError: 'EntryPoints'", evidence)]).ranked_names[0]
        == "m"
    )


def test_clues_are_read_from_hostile_text():
    """Any text gives clues, never an error."""
    assert (
        extract_clues([Failure("t", "\x00" * 9, "No module named ....\n" + "site-packages/" * 999)]).frame_modules
        is not None
    )


def namespaced(version):
    """Three packages that share the namespace `tele`, each with its modules."""
    inside = {"tele-api": ("tele.api",), "tele-plug": ("tele.plug.web",), "tele-sdk": ("tele.sdk", "tele.sdk.trace")}
    return side(
        *(
            replace(dist(text, version), modules=frozenset({"tele"}), all_modules=frozenset(modules))
            for text, modules in inside.items()
        )
    )


@pytest.mark.parametrize(
    ("headline", "evidence"),
    [
        ("ImportError: cannot import name 'X' from 'tele.sdk.trace' (/e/site-packages/tele/sdk/trace.py)", ""),
        ("TypeError: boom", '  File "/e/site-packages/tele/sdk/trace.py", line 3, in f'),
        ("ModuleNotFoundError: No module named 'tele.sdk.gone'", ""),
    ],
)
def test_in_a_namespace_the_owner_of_the_file_is_suspected(headline, evidence):
    """Suspect the owner of the file in a shared namespace.

    The whole dotted path decides, not its first word, and not the alphabet.
    """
    known = scene(namespaced("1.0"), namespaced("2.0"))
    assert rank_suspects(known, [Failure("t", headline, evidence)]).ranked_names[0] == "tele-sdk"


@pytest.mark.parametrize(
    ("headline", "culprit"),
    [
        ("ModuleNotFoundError: No module named 'tele.sdk.trace'", "tele-sdk"),
        (
            "ImportError: cannot import name 'web' from 'tele.plug' (/e/site-packages/tele/plug/__init__.py)",
            "tele-plug",
        ),
    ],
)
def test_who_removed_a_module_comes_before_who_moved_most(headline, culprit):
    """Compare the files of both releases of each change."""
    after = namespaced("2.0") | {name("tele-api"): replace(namespaced("9.0")[name("tele-api")])}
    gone = {name(each): replace(after[name(each)], all_modules=frozenset({"tele.kept"})) for each in (culprit,)}
    known = scene(namespaced("1.0"), after | gone)
    evidence = '  File "/e/site-packages/tele/api.py", line 3, in f'
    assert rank_suspects(known, [Failure("t", headline, evidence)]).ranked_names[0] == culprit
