"""Known vulnerabilities of releases, as PyPI's JSON API tells them."""

import json

import pytest
from packaging.utils import canonicalize_name
from packaging.version import Version

from depcheck.core.model.errors import IndexUnavailableError
from depcheck.index import advisory_source as module

NAME, VERSION = canonicalize_name("jinja2"), Version("2.10")
PATH = "/pypi/jinja2/2.10/json"
# The fields, and the facts of these records, as PyPI gives them for jinja2 2.10.
PYSEC = {
    "aliases": ["CVE-2019-10906", "GHSA-462w-v97r-4m45"],
    "details": "In Pallets Jinja before 2.10.1, str.format_map allows a sandbox escape.",
    "fixed_in": ["2.10.1"],
    "id": "PYSEC-2019-217",
    "link": "https://osv.dev/vulnerability/PYSEC-2019-217",
    "source": "osv",
    "summary": None,
    "withdrawn": None,
}
GHSA = PYSEC | {"id": "GHSA-462w-v97r-4m45", "aliases": ["CVE-2019-10906"], "fixed_in": [], "summary": "Sandbox escape"}


@pytest.fixture(autouse=True)
def _loopback_is_pypi(monkeypatch):
    monkeypatch.setattr(module, "PYPI_HOSTS", frozenset({"127.0.0.1"}))


@pytest.fixture
def told(upstream):
    """Return the upstream with one release of which `told(...)` knows something."""
    upstream.add_wheel("jinja2", "2.10")

    def tell(*vulnerabilities: dict) -> None:
        body = {"info": {"name": "Jinja2"}, "urls": [], "vulnerabilities": list(vulnerabilities), "last_serial": 1}
        upstream.contents[PATH] = json.dumps(body).encode()

    return tell


def test_a_vulnerability_is_told_once_under_its_names(told, index):
    """Merge two records of one CVE into the one with a remedy.

    Its text may be in details.
    """
    told(PYSEC, GHSA)
    (found,) = index.fetch_advisories(NAME, VERSION)
    assert (found.id, found.aliases, found.fixed_in) == ("PYSEC-2019-217", tuple(PYSEC["aliases"]), ("2.10.1",))
    assert found.summary == PYSEC["details"]
    assert found.link == PYSEC["link"]


def test_what_was_taken_back_is_not_told(told, index):
    """An advisory with a day of withdrawal is none."""
    told(PYSEC | {"withdrawn": "2023-01-01T00:00:00Z"})
    assert index.fetch_advisories(NAME, VERSION) == ()


def test_links_that_are_no_web_addresses_are_left_out(told, index):
    """A link comes from strangers."""
    told(PYSEC | {"link": "javascript:alert(1)"})
    assert index.fetch_advisories(NAME, VERSION)[0].link == ""


def test_it_is_asked_once_a_day(upstream, told, open_index):
    """Ask once a day, and see what is new a day later."""
    told(PYSEC)
    assert open_index(upstream).fetch_advisories(NAME, VERSION)
    told()
    assert open_index(upstream).fetch_advisories(NAME, VERSION)
    assert upstream.paths().count(PATH) == 1
    later = open_index(upstream)
    later._advisories._clock = lambda: module.time.time() + module.MAX_AGE_S + 1
    assert later.fetch_advisories(NAME, VERSION) == ()


def test_a_day_later_an_unchanged_answer_is_not_sent_again(upstream, told, open_index):
    """The validator of the kept answer is sent, and 304 renews it."""
    told(PYSEC)
    body = upstream.contents[PATH]
    upstream.faults[PATH] = [
        lambda handler: upstream.respond(handler, 200, body, "application/json", ETag='"1"'),
        lambda handler: upstream.respond(handler, 304, ETag='"1"'),
    ]
    open_index(upstream).fetch_advisories(NAME, VERSION)
    later = open_index(upstream)
    later._advisories._clock = lambda: module.time.time() + module.MAX_AGE_S + 1
    assert later.fetch_advisories(NAME, VERSION)[0].id == "PYSEC-2019-217"
    assert upstream.asked[-1].headers["If-None-Match"] == '"1"'


@pytest.mark.parametrize("answer", ["nothing", "broken", "no JSON"])
def test_an_api_that_cannot_be_had_is_no_trouble_of_the_index(upstream, index, answer):
    """Report a failing advisory API without a verdict, and ask no further.

    404 for a release that the index shows, 5xx or nonsense.
    """
    upstream.add_wheel("jinja2", "2.10")
    upstream.add_wheel("flask", "1.0")
    if answer != "nothing":
        ordered = upstream.status(500) if answer == "broken" else upstream.cut(b"<html>", 6)
        upstream.faults[PATH] = [ordered] * 9
    for name, version in ((NAME, VERSION), (canonicalize_name("flask"), Version("1.0"))):
        with pytest.raises(IndexUnavailableError, match="jinja2"):
            index.fetch_advisories(name, version)
    assert index.list_index_errors() == ()
    assert not any("flask" in path and path.startswith("/pypi/") for path in upstream.paths())


def test_a_release_that_nobody_has_has_no_advisories(upstream, index):
    """404 for a release that is gone from the index says nothing."""
    upstream.add_wheel("jinja2", "2.11")
    assert index.fetch_advisories(NAME, VERSION) == ()


def test_other_indexes_are_not_asked(upstream, open_index, monkeypatch):
    """Who is not PyPI does not tell of vulnerabilities."""
    monkeypatch.setattr(module, "PYPI_HOSTS", frozenset({"pypi.org"}))
    upstream.add_wheel("jinja2", "2.10")
    assert open_index(upstream).fetch_advisories(NAME, VERSION) == ()
    assert upstream.paths() == []


@pytest.mark.live
def test_pypi_tells_of_jinja2(open_index, monkeypatch):
    """Find CVE-2019-10906 of jinja2 2.10 in the real API.

    Where this network reaches it; fixed by 2.10.1.
    """
    monkeypatch.setattr(module, "PYPI_HOSTS", frozenset({"pypi.org"}))
    index = open_index(module.Upstream("https://pypi.org/simple/"))
    try:
        found = index.fetch_advisories(NAME, VERSION)
    except IndexUnavailableError as error:
        pytest.skip(f"the JSON API of releases cannot be had here: {error}")
    (known,) = [each for each in found if "CVE-2019-10906" in {each.id, *each.aliases}]
    assert "2.10.1" in known.fixed_in
