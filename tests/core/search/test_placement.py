"""Placement: which companions move for a culprit at a release in between."""

from packaging.version import Version
from planted import ENVIRONMENT, dist, name, side

from depcheck.core.search.companions import SearchSpace
from depcheck.core.search.coupling import compute_coupling
from depcheck.core.search.model import Mixture


def place(before, after, metadata=None, releases=None):
    changed = frozenset(n for n in before.keys() | after.keys() if before.get(n) != after.get(n))
    known = {(name(n), Version(v)): lines for (n, v), lines in (metadata or {}).items()}
    lists = {name(n): [Version(v) for v in vs] for n, vs in (releases or {}).items()}
    coupling = compute_coupling(before, after, changed, ENVIRONMENT)
    return SearchSpace(before, after, coupling, ENVIRONMENT, lambda n: lists.get(n, ()), lambda n, v: known.get((n, v)))


BEFORE = side(dist("flask", "1.1.2", "werkzeug<2"), dist("werkzeug", "1.0"))
AFTER = side(dist("flask", "2.0.1", "werkzeug>=2"), dist("werkzeug", "2.0.1"))


def at(**releases):
    return tuple((name(n), Version(v)) for n, v in sorted(releases.items()))


def test_companions_stay_where_the_release_accepts_them():
    """Flask 1.1.4 stands on the old werkzeug."""
    found = place(BEFORE, AFTER, {("flask", "1.1.4"): ("werkzeug<2",)}).place_companions(
        name("flask"), Version("1.1.4"), frozenset()
    )
    assert found.mixture == Mixture(frozenset(), at(flask="1.1.4"))
    assert found.is_consistent


def test_companions_move_where_it_needs_them():
    """Flask 2.0.0 needs the new one."""
    found = place(BEFORE, AFTER, {("flask", "2.0.0"): ("werkzeug>=2",)}).place_companions(
        name("flask"), Version("2.0.0"), frozenset()
    )
    assert found.mixture == Mixture(frozenset({name("werkzeug")}), at(flask="2.0.0"))


def test_a_companion_that_fits_on_neither_side_is_looked_up_in_between():
    """Botocore 1.13.0 between boto3's two sides: the boto3 of that day."""
    before = side(dist("boto3", "1.9.9", "botocore>=1.12,<1.13"), dist("botocore", "1.12.9"))
    after = side(dist("boto3", "1.10.50", "botocore>=1.13.50,<1.14"), dist("botocore", "1.13.50"))
    metadata = {("boto3", f"1.10.{i}"): (f"botocore>=1.13.{i},<1.14",) for i in range(50)}
    metadata |= {("botocore", "1.13.0"): ()}
    found = place(before, after, metadata, {"boto3": [f"1.10.{i}" for i in range(50)]}).place_companions(
        name("botocore"), Version("1.13.0"), frozenset()
    )
    assert found.mixture.exact_versions == at(boto3="1.10.0", botocore="1.13.0")
    assert found.is_consistent


def test_a_release_that_nothing_accepts_is_excluded():
    """Fastapi excludes pydantic 2.0: no resolver could have chosen it."""
    before = side(dist("fastapi", "0.95", "pydantic<2"), dist("pydantic", "1.10"))
    after = side(dist("fastapi", "0.100", "pydantic!=2.0"), dist("pydantic", "2.0.2"))
    found = place(before, after, {("pydantic", "2.0"): ()}, {"fastapi": ["0.95", "0.100"]}).place_companions(
        name("pydantic"), Version("2.0"), frozenset()
    )
    assert found.is_excluded


def test_a_removed_package_goes_as_soon_as_the_release_stops_asking_for_it():
    """Uvicorn 0.12.0 lets websockets go, 0.11.9 keeps it."""
    before = side(dist("uvicorn", "0.11.8", "websockets"), dist("websockets", "8"))
    after = side(dist("uvicorn", "0.12.1"))
    metadata = {("uvicorn", "0.12.0"): (), ("uvicorn", "0.11.9"): ("websockets",)}
    there = place(before, after, metadata)
    assert there.place_companions(name("uvicorn"), Version("0.12.0"), frozenset()).mixture.candidate_names == {
        "websockets"
    }
    assert (
        there.place_companions(name("uvicorn"), Version("0.11.9"), frozenset()).mixture.candidate_names == frozenset()
    )


def test_what_lockfiles_leave_out_is_not_brought_in():
    """Ignore setuptools requirements that fail on both sides, in between too."""
    before, after = side(dist("g", "1", "setuptools")), side(dist("g", "3", "setuptools"))
    found = place(before, after, {("g", "2"): ("setuptools",)}, {"setuptools": ["57"]}).place_companions(
        name("g"), Version("2"), frozenset()
    )
    assert found.mixture == Mixture(frozenset(), at(g="2"))
