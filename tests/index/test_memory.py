"""The resolution cache never differs from the compiler."""

import hashlib
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import mkdtemp

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from depcheck.core.model.compile_result import CompiledLockfiles
from depcheck.core.model.index_view import IndexView
from tests.index import memory_model as model

NOW = IndexView()


@pytest.fixture
def nights(upstream, tmp_path) -> Iterator:
    """Remember a committed lockfile of `a`, `b` and their requirements."""
    fill(upstream)
    found = model.Nights(tmp_path / "room", upstream)
    found.lock()
    remember(found)
    yield found
    found.stack.close()


def fill(upstream) -> None:
    upstream.metadata_files = True
    upstream.pages.clear()
    upstream.add_wheel("a", "1.0", "c>=1,<2")
    upstream.add_wheel("a", "2.0", "c>=1,<2")
    upstream.add_wheel("a", "3.0", "c>=2")
    upstream.add_wheel("b", "1.0")
    upstream.add_wheel("c", "1.0")
    upstream.add_wheel("c", "1.5", "d!=5; extra == 'more'")
    upstream.add_wheel("c", "2.0")


def remember(found) -> None:
    night = found.night()
    for upgrade in (False, True):
        assert isinstance(night.full(NOW, upgrade=upgrade), CompiledLockfiles)


def files(upstream, project: str, version: str) -> list[dict]:
    """Return the files of one release on the upstream's page."""
    return [file for file in upstream.pages[project] if f"-{version}" in file["filename"]]


def reupload(upstream, project: str, version: str, *requires: str) -> None:
    """Another content under the same name."""
    for file in files(upstream, project, version):
        content = upstream.wheel(project, version, *requires, padding=7)
        upstream.contents["/files/" + file["filename"]] = content
        file["hashes"] = {"sha256": hashlib.sha256(content).hexdigest()}
        file["size"] = len(content)


def set_all(upstream, project: str, version: str, **keys: object) -> None:
    for file in files(upstream, project, version):
        file.update({key.replace("_", "-"): value for key, value in keys.items()})


def test_a_quiet_night_compiles_nothing(nights, upstream):
    """Compile nothing and request each page once when nothing changed.

    Both answers are the compiler's own; no file is fetched.
    """
    asked = len(upstream.asked)
    night = nights.night()
    for upgrade in (False, True):
        assert night.recall(NOW, upgrade=upgrade) == CompiledLockfiles((("requirements.txt", committed(nights)),))
    assert sorted(each.path for each in upstream.asked[asked:]) == ["/simple/a/", "/simple/b/", "/simple/c/"]


def committed(nights) -> str:
    return (nights.room / "repo" / "requirements.txt").read_text()


IRRELEVANT: dict[str, Callable] = {
    "a release outside every range": lambda up: up.add_wheel("a", "3.1"),
    "a pre-release outside every range": lambda up: up.add_wheel("c", "2.1rc1"),
    "a yank outside every range": lambda up: set_all(up, "a", "3.0", yanked="bad"),
    "a release gone outside every range": lambda up: up.pages["c"].remove(files(up, "c", "2.0")[0]),
    "another content outside every range": lambda up: reupload(up, "c", "2.0"),
    "a page written anew": lambda up: set_all(up, "a", "2.0", **{"gpg-sig": True}),
    "a project that is no one's": lambda up: up.add_wheel("z", "1.0"),
}
RELEVANT: dict[str, Callable] = {
    "a new release": lambda up: up.add_wheel("b", "1.1"),
    "a new pre-release": lambda up: up.add_wheel("b", "1.1rc1"),
    "a yank": lambda up: set_all(up, "c", "1.5", yanked="bad"),
    "a deletion": lambda up: up.pages["a"].remove(files(up, "a", "2.0")[0]),
    "another Requires-Python": lambda up: set_all(up, "a", "2.0", requires_python=">=99"),
    "another content": lambda up: reupload(up, "c", "1.5"),
    "a source beside a wheel": lambda up: up.add("b", "b-1.0.tar.gz", b"no archive"),
    "a release for this interpreter after all": lambda up: up.add(
        "b", "b-2.0-py3-none-any.whl", up.wheel("b", "2.0"), **{"requires-python": ">=3"}
    ),
    "a project gone": lambda up: up.pages.pop("b"),
}


def test_what_cannot_matter_compiles_nothing(nights, upstream):
    """Compile nothing for changes that the resolver could not see.

    They are not news the day after.
    """
    for name, change in IRRELEVANT.items():
        before = deepcopy(upstream.pages)
        change(upstream)
        for _ in range(2):
            remembered = nights.night().recall(NOW, upgrade=True)
            assert remembered, name
        assert remembered == nights.night().full(NOW, upgrade=True), name
        upstream.pages = before


def test_what_could_matter_compiles(nights, upstream):
    """Compile after any change within a range."""
    for name, change in RELEVANT.items():
        before = deepcopy(upstream.pages)
        change(upstream)
        assert nights.night().recall(NOW, upgrade=True) is None, name
        upstream.pages = before
    assert nights.night().recall(NOW, upgrade=True)


CHANGES = st.one_of(
    st.tuples(
        st.just("release"),
        st.sampled_from("abc"),
        st.sampled_from(["0.9", "1.1", "1.6", "2.1", "3.1", "2.2rc1", "1.0.post1"]),
        st.sampled_from([(), ("c>=1",), ("b<2",), ("c<1.5",), ("nowhere",)]),
    ),
    st.tuples(
        st.sampled_from(["yank", "unyank", "gone", "python", "reupload", "foreign"]),
        st.sampled_from("abc"),
        st.sampled_from(["1.0", "1.5", "2.0", "3.0"]),
        st.just(()),
    ),
    st.tuples(st.sampled_from(["project gone", "project back"]), st.sampled_from("abc"), st.just(""), st.just(())),
)


def apply(upstream, away: dict, change) -> None:
    kind, project, version, requires = change
    here = project in upstream.pages
    if kind == "project back" and project in away:
        upstream.pages.setdefault(project, away.pop(project))
    elif here and kind == "project gone":
        away[project] = upstream.pages.pop(project)
    elif here and kind == "release" and not files(upstream, project, f"{version}-"):
        upstream.add_wheel(project, version, *requires)
    elif here and kind == "foreign":
        name = f"{project}-{version}-cp37-cp37m-win_amd64.whl"
        if not any(file["filename"] == name for file in upstream.pages[project]):
            upstream.add(project, name, upstream.wheel(project, version))
    elif here and kind == "reupload":
        reupload(upstream, project, version, *requires)
    elif here and kind == "gone":
        upstream.pages[project] = [file for file in upstream.pages[project] if f"-{version}" not in file["filename"]]
    elif here and kind in {"yank", "unyank", "python"}:
        wishes = {"yank": {"yanked": True}, "unyank": {"yanked": False}, "python": {"requires_python": ">=99"}}
        set_all(upstream, project, version, **wishes[kind])


def never_another(upstream, changes, header: str, tools_from: str = "", ways=(False, True)) -> int:
    """Change the index run by run, and count remembered answers."""
    fill(upstream)
    found = model.Nights(Path(mkdtemp()), upstream, tools_from)
    found.lock(*header.split(":"))
    remember(found)
    away: dict = {}
    hits = 0
    for change in changes:
        apply(upstream, away, change)
        night = found.night()
        for upgrade in ways:
            remembered = night.recall(NOW, upgrade=upgrade)
            full = night.full(NOW, upgrade=upgrade)
            hits += remembered is not None
            assert remembered is None or remembered == full, (change, upgrade)
    found.stack.close()
    return hits


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(CHANGES, min_size=1, max_size=3), st.sampled_from(["", " --generate-hashes", " --universal"]))
def test_memory_never_differs_from_uv(upstream, changes, options):
    """Remember only what uv says, to the byte, however the index changes."""
    never_another(upstream, changes, f"uv:{options}", ways=(True,))


@pytest.mark.slow
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(CHANGES, min_size=2, max_size=6),
    st.sampled_from(["", " --generate-hashes", " --universal", " --prerelease=allow"]),
)
def test_memory_never_differs_from_uv_at_length(upstream, changes, options):
    """The same with many more ways."""
    never_another(upstream, changes, f"uv:{options}")


@pytest.mark.slow
@pytest.mark.live
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(CHANGES, min_size=2, max_size=4), st.sampled_from(["", " --generate-hashes", " --pre"]))
def test_memory_never_differs_from_pip_compile(upstream, changes, options):
    """The same with pip-compile, whose own tools come from the real index."""
    never_another(upstream, changes, f"pip-compile:{options}", "https://pypi.org/simple/")


def test_the_horizon_of_tonight_decides(nights, upstream):
    """Compile when a cooldown reveals releases though no page changed."""
    upstream.add_wheel("b", "1.2", uploaded="2024-05-01T00:00:00Z")
    before = IndexView(uploaded_before=datetime(2024, 4, 30, tzinfo=UTC))
    nights.night().full(before, upgrade=True)
    assert nights.night().recall(before, upgrade=True)
    assert nights.night().recall(replace(before, uploaded_before=datetime(2024, 4, 30, 23, tzinfo=UTC)), upgrade=True)
    assert (
        nights.night().recall(replace(before, uploaded_before=datetime(2024, 5, 1, tzinfo=UTC)), upgrade=True) is None
    )


def test_another_key_is_another_resolution(nights):
    """Answer no other source, lockfile, option or hold from the cache."""
    repo = nights.room / "repo"
    held = IndexView(specifiers=(("b", "<1"),))
    assert nights.night().recall(held, upgrade=True) is None
    (repo / "requirements.in").write_text(model.SOURCE + "c\n")
    assert nights.night().recall(NOW, upgrade=True) is None
    (repo / "requirements.in").write_text(model.SOURCE)
    assert nights.night().recall(NOW, upgrade=True)
    nights.commit(committed(nights).replace("uv pip compile", "uv pip compile --no-annotate"))
    assert nights.night().recall(NOW, upgrade=True) is None


def test_what_is_remembered_of_a_proposal_holds_once_it_is_merged(nights, upstream):
    """Answer from the cache after a proposal was merged."""
    upstream.add_wheel("b", "1.1")
    proposed = nights.night().full(NOW, upgrade=True)
    nights.commit(proposed.files[0][1])
    assert nights.night().recall(NOW, upgrade=True) == proposed == nights.night().full(NOW, upgrade=True)


@pytest.mark.parametrize("harm", ["cut", "flipped", "swapped", "older schema", "gone"])
def test_damaged_memory_is_no_memory(nights, harm):
    """Ignore damaged cache records, of other schemas or names."""
    for record in sorted((nights.room / "cache" / "memory").iterdir()):
        content = record.read_bytes()
        wrong = {
            "cut": content[:-1],
            "flipped": content[:200] + bytes([content[200] ^ 1]) + content[201:],
            "swapped": content,
            "older schema": content.replace(b"depcheck memory 1\n", b"depcheck memory 0\n"),
            "gone": None,
        }[harm]
        record.unlink()
        if wrong is not None:
            place = record.with_name(hashlib.sha256(record.name.encode()).hexdigest()) if harm == "swapped" else record
            place.write_bytes(wrong)
    assert nights.night().recall(NOW, upgrade=True) is None


def test_memory_cannot_propose(nights, upstream):
    """Never bring in a pin that is not committed."""
    (spec,) = [nights.night().spec]
    shelf = nights.night().compiler.store
    for path in sorted(shelf.folder.iterdir()):
        record = shelf.load_record(path.name)
        forged = tuple((name, text.replace("b==1.0", "b==6.6.6")) for name, text in record.files)
        shelf.save_record(type(record)(record.key, forged, record.pages))
    assert spec.lockfiles
    assert nights.night().recall(NOW, upgrade=True) is None


def test_an_index_without_validators_is_compared_by_content(nights, upstream):
    """Compare whole pages of an index without ETags."""
    upstream.etag = False
    remember(nights)
    assert nights.night().recall(NOW, upgrade=True)
    upstream.add_wheel("b", "1.1")
    assert nights.night().recall(NOW, upgrade=True) is None


def test_an_index_that_fails_is_no_quiet_night(nights, upstream):
    """Compile when a page cannot be fetched, to report it."""
    upstream.faults["/simple/b/"] = [upstream.status(503)] * 3
    assert nights.night().recall(NOW, upgrade=True) is None
