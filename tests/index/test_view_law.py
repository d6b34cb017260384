"""What a world shows of a project, against the words of `World`."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from depcheck.core.world import World
from depcheck.index.local import token
from depcheck.index.page import File, version_or_none, version_text
from depcheck.index.projects import Project
from depcheck.index.releases import releases
from depcheck.index.view import View

START = datetime(2020, 1, 1, tzinfo=UTC)
NAMES = [canonicalize_name(name) for name in ("kombu", "celery")]
VERSIONS = ["1.0", "1.1rc1", "1.1", "2.0.dev1", "2.0", "2.0.post1"]

moments = st.integers(0, 9).map(lambda days: START + timedelta(days=days))
names = st.sampled_from(NAMES)
versions = st.sampled_from(VERSIONS)
specifiers = st.builds("{}{}".format, st.sampled_from(["<", "<=", "==", "!=", ">=", "~="]), versions)
files = st.builds(
    lambda version, moment, kind, number: File(
        filename=f"kombu-{version}{kind.format(number)}", url="https://x.example/f", upload_time=moment
    ),
    versions,
    st.none() | moments,
    st.sampled_from(["-{}-py3-none-any.whl", ".tar.gz"]),
    st.integers(1, 3),
)
worlds = st.builds(
    World,
    until=st.none() | moments,
    until_for=st.lists(st.tuples(names, moments), unique_by=lambda pair: pair[0]).map(tuple),
    allowed=st.lists(st.tuples(names, specifiers), max_size=3).map(tuple),
    keep=st.frozensets(st.tuples(names, versions.map(Version)), max_size=3),
)


def _model(file: File, version: Version, world: World) -> bool:
    """The docstring of World, said as one boolean."""
    horizon = world.until
    for name, moment in world.until_for:
        if name == "kombu":
            horizon = moment
    in_time = horizon is None or file.upload_time is None or file.upload_time <= horizon
    kept = ("kombu", version) in {(str(name), kept) for name, kept in world.keep}
    allowed = all(
        SpecifierSet(text).contains(version, prereleases=True) for name, text in world.allowed if name == "kombu"
    )
    return allowed and (in_time or kept)


@given(st.lists(files, max_size=8), worlds)
def test_a_file_is_visible_exactly_when_its_world_says_so(found: list[File], world: World) -> None:
    """Horizon, overrides, allowed specifiers and kept releases combine as World's docstring says."""
    view = View.of(NAMES[0], world)
    for file in found:
        version = version_or_none(version_text(file.filename, "kombu"))
        assert version is not None
        assert view.shows(file, version) == _model(file, version, world)


@given(st.lists(files, max_size=8), worlds)
def test_releases_are_the_visible_files_by_version(found: list[File], world: World) -> None:
    """`releases` names exactly the visible files, in version order, with their earliest upload time."""
    parsed = tuple(version_or_none(version_text(file.filename, "kombu")) for file in found)
    shown = [file for file, version in zip(found, parsed, strict=True) if _model(file, version, world)]
    result = releases(Project(NAMES[0], tuple(found), parsed, known=True), world)
    assert [release.version for release in result] == sorted({release.version for release in result})
    assert sorted(name for release in result for name in release.wheels + release.sdists) == sorted(
        file.filename for file in shown
    )
    for release in result:
        times = [
            file.upload_time for file in shown if file.filename in release.wheels + release.sdists and file.upload_time
        ]
        assert release.uploaded_at == min(times, default=None)


@given(st.lists(files, max_size=8), worlds, moments)
def test_a_later_horizon_never_hides_a_file(found: list[File], world: World, later: datetime) -> None:
    """Time only adds: what is visible as of a day is visible as of every later day."""
    before = World(until=min(later, world.until or later), allowed=world.allowed, keep=world.keep)
    after = World(until=later, allowed=world.allowed, keep=world.keep)
    for file in found:
        version = version_or_none(version_text(file.filename, "kombu"))
        if View.of(NAMES[0], before).shows(file, version):
            assert View.of(NAMES[0], after).shows(file, version)


@given(worlds, worlds)
def test_worlds_have_one_url_each(one: World, other: World) -> None:
    """Equal worlds share a token whatever the order of their parts; different ones never do."""
    turned = World(one.until, one.until_for[::-1], one.allowed[::-1], one.keep)
    assert token(turned) == token(one)
    same = (one.until, sorted(one.until_for), sorted(one.allowed), one.keep) == (
        other.until,
        sorted(other.until_for),
        sorted(other.allowed),
        other.keep,
    )
    assert (token(one) == token(other)) == same
