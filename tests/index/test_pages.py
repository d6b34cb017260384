"""Reading what indexes send: well-formed, odd, hostile."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.utils import canonicalize_name
from packaging.version import Version

from depcheck.core.model.index_facts.project_status import ProjectMarker, ProjectStatus
from depcheck.index.pages import (
    DistributionFile,
    extract_version_text,
    parse_html_page,
    parse_html_status,
    parse_json_page,
    parse_json_status,
)
from depcheck.index.server.render import (
    PageFormat,
    negotiate_format,
    render_html_page,
    render_json_page,
    render_release_hashes,
)

URL = "https://index.example/simple/a/"


def _page(*files: dict) -> bytes:
    return json.dumps({"meta": {"api-version": "1.1"}, "name": "a", "files": files}).encode()


@pytest.mark.parametrize(
    ("filename", "project", "expected"),
    [
        ("Flask-0.1.tar.gz", "flask", "0.1"),
        ("zope.interface-5.0-cp39-cp39-linux_x86_64.whl", "zope-interface", "5.0"),
        ("python-dateutil-2.8.2.tar.gz", "python-dateutil", "2.8.2"),
        ("foo-1.0-1.tar.gz", "foo", "1.0-1"),
        ("foo-bar-1.0.zip", "foo", "bar-1.0"),
        ("kombu-4.2.0-py2.7.egg", "kombu", "4.2.0"),
        ("kombu-4.2.0.win32.exe", "kombu", None),
        ("torch-2.0.0+cpu-cp310-cp310-linux_x86_64.whl", "torch", "2.0.0+cpu"),
        ("other-1.0.tar.gz", "flask", None),
    ],
)
def test_versions_are_read_from_file_names(filename: str, project: str, expected: str | None) -> None:
    """Read versions from file names with dashes and old formats."""
    assert extract_version_text(filename, project) == expected


names = st.from_regex(r"[a-z][a-z0-9]{0,4}([._-][a-z][a-z0-9]{0,4}){0,2}", fullmatch=True)


@given(names, st.sampled_from(["1.0", "2!1.0rc1", "1.0.post1.dev2", "1.0+local.1"]))
def test_a_source_distribution_gives_back_its_version(name: str, version: str) -> None:
    """Find a source distribution's version however the project is spelled."""
    assert extract_version_text(f"{name}-{version}.tar.gz", canonicalize_name(name)) == version


def test_odd_files_do_not_take_the_page_with_them() -> None:
    """Leave out odd files of a page and keep the others.

    A wrong type or an unsafe name; relative URLs are resolved.
    """
    page = _page(
        {"filename": "a-1.tar.gz", "url": "../../f/a-1.tar.gz", "hashes": {}},
        {"filename": "a-2.tar.gz", "url": "https://x.example/a-2.tar.gz", "hashes": {}, "size": "large"},
        {"filename": "../../etc/passwd", "url": "https://x.example/b", "hashes": {}},
        {"filename": "a-3.tar.gz", "url": "file:///etc/passwd", "hashes": {}},
        {"filename": "a-4.tar.gz", "url": "https://x.example/c", "hashes": {"sha256": "../../x"}},
        {"filename": "a-5.tar.gz", "url": "https://x.example/d", "hashes": {"sha256": "AB" * 32}},
    )
    found = parse_json_page(page, URL)
    assert [file.filename for file in found] == ["a-1.tar.gz", "a-5.tar.gz"]
    assert found[0].url == "https://index.example/f/a-1.tar.gz"
    assert found[1].content_key == "ab" * 32


def test_times_without_a_zone_are_utc() -> None:
    """An index that forgets the Z still gives times that compare."""
    (file,) = parse_json_page(
        _page(
            {"filename": "a-1.zip", "url": "https://x.example/a", "hashes": {}, "upload-time": "2020-01-01T00:00:00"}
        ),
        URL,
    )
    assert file.upload_time == datetime(2020, 1, 1, tzinfo=UTC)


def test_html_urls_keep_their_escapes() -> None:
    """Keep escapes, queries and hashes of links."""
    (file,) = parse_html_page(
        '<a href="/f/a-1%2Bcpu.tar.gz?token=x#sha256=' + "0" * 64 + '" data-yanked="bad &amp; old">a-1+cpu.tar.gz</a>'
        '<a href="../b/">b</a><a href="/f/x#egg=y">\n</a>',
        URL,
    )[:1]
    assert file.url == "https://index.example/f/a-1%2Bcpu.tar.gz?token=x"
    assert (file.hashes, file.yanked) == ({"sha256": "0" * 64}, "bad & old")


def test_a_login_page_is_not_an_empty_project() -> None:
    """Raise for a login page instead of an empty project."""
    with pytest.raises(ValueError, match="form"):
        parse_html_page("<html><form action='/login'><a href='/help'>help</a></form></html>", URL)


@given(
    st.binary(max_size=200)
    | st.recursive(st.none() | st.text() | st.integers(), st.lists).map(lambda x: json.dumps(x).encode())
)
def test_a_body_that_is_no_page_is_a_value_error(body: bytes) -> None:
    """Whatever comes, reading a page gives files or a ValueError, nothing else."""
    try:
        parse_json_page(body, URL)
    except ValueError:
        return


file_values = st.builds(
    DistributionFile,
    filename=st.from_regex(r"a-[0-9]{1,3}\.tar\.gz", fullmatch=True),
    url=st.just("http://127.0.0.1:1/files/k/a.tar.gz"),
    hashes=st.sampled_from([{}, {"sha256": "0" * 64}]),
    requires_python=st.none() | st.sampled_from([">=3.6", "<4,>=2.7"]),
    size=st.none() | st.integers(0, 10**9),
    upload_time=st.none() | st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    yanked=st.just(False) | st.text("ab<>\"'& é", min_size=1).map(str.strip).filter(bool),
)


@settings(deadline=None)  # the first one imports the library for HTML
@given(st.lists(file_values, max_size=5))
def test_pages_are_read_as_they_were_written(found: list[DistributionFile]) -> None:
    """Keep every field of JSON, and what HTML can hold.

    Whatever characters a yank's reason has.
    """
    assert list(parse_json_page(render_json_page("a", found, []), URL)) == found
    for before, after in zip(found, parse_html_page(render_html_page("a", found).decode(), URL), strict=True):
        assert (after.filename, after.url, after.hashes) == (before.filename, before.url, before.hashes)
        assert (after.requires_python, after.yanked or False) == (before.requires_python, before.yanked)


def test_a_release_without_all_hashes_is_left_to_pip_tools() -> None:
    """List a release's hashes completely, or no file of it.

    pip-tools takes the listed hashes for all hashes.
    """
    known = DistributionFile(filename="a-1.tar.gz", url="u", hashes={"sha256": "0" * 64})
    unknown = DistributionFile(filename="a-2.tar.gz", url="u")
    body = render_release_hashes("a", [known, known, unknown], [Version("1"), Version("2"), Version("2")])
    assert list(json.loads(body)["releases"]) == ["1"]


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("", PageFormat.HTML),
        ("*/*", PageFormat.HTML),
        ("text/html", PageFormat.HTML),
        (
            "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html; q=0.1, text/html; q=0.01",
            PageFormat.JSON,
        ),
        (
            "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01",
            PageFormat.JSON,
        ),
        ("text/html, application/vnd.pypi.simple.latest+json;q=0.5", PageFormat.HTML),
        ("application/vnd.pypi.simple.v1+json;q=0, text/html;q=0", None),
        ("image/png", None),
    ],
)
def test_the_accept_header_decides_the_format(accept: str, expected: PageFormat | None) -> None:
    """Serve the format that the Accept header prefers, JSON on ties."""
    assert negotiate_format(accept) is expected


def test_what_an_index_says_of_a_project_is_read():
    """Read states, reasons and related indexes from JSON and HTML."""
    page = {
        "meta": {"api-version": "1.4", "tracks": ["https://pypi.org/simple/a/"]},
        "project-status": {"status": "quarantined", "reason": "malware"},
        "alternate-locations": ["https://b.example/simple/a/"],
        "files": [],
    }
    html = (
        '<html><head><meta name="pypi:project-status" content="quarantined">'
        '<meta name="pypi:project-status-reason" content="malware"><meta name="pypi:tracks" '
        'content="https://pypi.org/simple/a/"><meta name="pypi:alternate-locations" '
        'content="https://b.example/simple/a/"></head></html>'
    )
    wanted = ProjectStatus(
        ProjectMarker.QUARANTINED, "malware", URL, ("https://b.example/simple/a/",), ("https://pypi.org/simple/a/",)
    )
    assert parse_json_status(json.dumps(page).encode(), URL) == wanted
    assert parse_html_status(html, URL) == wanted
    assert parse_json_status(b'{"project-status": {"status": "frozen"}}', URL).marker is ProjectMarker.ACTIVE
    assert parse_json_status(b"[", URL).marker is ProjectMarker.ACTIVE
