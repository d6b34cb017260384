"""What a world shows of a project, against the words of `World`."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from depcheck.core.model.index_view import IndexView
from depcheck.index.pages import DistributionFile, extract_version_text, parse_version_or_none
from depcheck.index.projects import Project
from depcheck.index.release_index import ProjectView, list_releases
from depcheck.index.server.view_tokens import compute_view_token

START = datetime(2020, 1, 1, tzinfo=UTC)
NAMES = [canonicalize_name(name) for name in ("kombu", "celery")]
VERSIONS = ["1.0", "1.1rc1", "1.1", "2.0.dev1", "2.0", "2.0.post1"]

moments = st.integers(0, 9).map(lambda days: START + timedelta(days=days))
names = st.sampled_from(NAMES)
versions = st.sampled_from(VERSIONS)
specifiers = st.builds("{}{}".format, st.sampled_from(["<", "<=", "==", "!=", ">=", "~="]), versions)
files = st.builds(
    lambda version, moment, kind, number: DistributionFile(
        filename=f"kombu-{version}{kind.format(number)}", url="https://x.example/f", upload_time=moment
    ),
    versions,
    st.none() | moments,
    st.sampled_from(["-{}-py3-none-any.whl", ".tar.gz"]),
    st.integers(1, 3),
)
worlds = st.builds(
    IndexView,
    uploaded_before=st.none() | moments,
    uploaded_before_by_project=st.lists(st.tuples(names, moments), unique_by=lambda pair: pair[0]).map(tuple),
    specifiers=st.lists(st.tuples(names, specifiers), max_size=3).map(tuple),
    pinned=st.frozensets(st.tuples(names, versions.map(Version)), max_size=3),
)


def _model(file: DistributionFile, version: Version, world: IndexView) -> bool:
    """Decide visibility as the view's docstring says, as one boolean."""
    horizon = world.uploaded_before
    for name, moment in world.uploaded_before_by_project:
        if name == "kombu":
            horizon = moment
    in_time = horizon is None or file.upload_time is None or file.upload_time <= horizon
    kept = ("kombu", version) in {(str(name), kept) for name, kept in world.pinned}
    allowed = all(
        SpecifierSet(text).contains(version, prereleases=True) for name, text in world.specifiers if name == "kombu"
    )
    return allowed and (in_time or kept)


@given(st.lists(files, max_size=8), worlds)
def test_a_file_is_visible_exactly_when_its_world_says_so(found: list[DistributionFile], world: IndexView) -> None:
    """Horizon, overrides, allowed specifiers and kept releases combine as World's docstring says."""
    view = ProjectView.from_index_view(NAMES[0], world)
    for file in found:
        version = parse_version_or_none(extract_version_text(file.filename, "kombu"))
        assert version is not None
        assert view.is_visible(file, version) == _model(file, version, world)


@given(st.lists(files, max_size=8), worlds)
def test_releases_are_the_visible_files_by_version(found: list[DistributionFile], world: IndexView) -> None:
    """List exactly the visible files by version and first upload."""
    parsed = tuple(parse_version_or_none(extract_version_text(file.filename, "kombu")) for file in found)
    shown = [file for file, version in zip(found, parsed, strict=True) if _model(file, version, world)]
    result = list_releases(Project(NAMES[0], tuple(found), parsed, is_known=True), world)
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
def test_a_later_horizon_never_hides_a_file(found: list[DistributionFile], world: IndexView, later: datetime) -> None:
    """Keep what is visible as of a day on later days."""
    before = IndexView(
        uploaded_before=min(later, world.uploaded_before or later), specifiers=world.specifiers, pinned=world.pinned
    )
    after = IndexView(uploaded_before=later, specifiers=world.specifiers, pinned=world.pinned)
    for file in found:
        version = parse_version_or_none(extract_version_text(file.filename, "kombu"))
        if ProjectView.from_index_view(NAMES[0], before).is_visible(file, version):
            assert ProjectView.from_index_view(NAMES[0], after).is_visible(file, version)


@given(worlds, worlds)
def test_worlds_have_one_url_each(one: IndexView, other: IndexView) -> None:
    """Give equal views one URL and different views different ones."""
    turned = IndexView(one.uploaded_before, one.uploaded_before_by_project[::-1], one.specifiers[::-1], one.pinned)
    assert compute_view_token(turned) == compute_view_token(one)
    same = (one.uploaded_before, sorted(one.uploaded_before_by_project), sorted(one.specifiers), one.pinned) == (
        other.uploaded_before,
        sorted(other.uploaded_before_by_project),
        sorted(other.specifiers),
        other.pinned,
    )
    assert (compute_view_token(one) == compute_view_token(other)) == same
