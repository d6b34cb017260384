"""Facts of releases are fetched together, and never cause an error."""

import json

import requests
from packaging.utils import canonicalize_name
from packaging.version import Version

from depcheck.core.model.index_view import IndexView
from depcheck.core.model.releases import ReleaseFacts

NAME = canonicalize_name("kombu")
OLD, NEW = Version("4.1.0"), Version("4.2.0")
METADATA = """\
Metadata-Version: 2.4
Name: kombu
Version: 4.2.0
License-Expression: BSD-3-Clause
Project-URL: Source, https://github.com/celery/kombu
Project-URL: Changelog, https://docs.celeryq.dev/kombu/changelog.html
Project-URL: Tracker, javascript:alert(1)
"""


def provenance(upstream, name, repository):
    """Return an answer as PEP 740 has it, and its address."""
    publisher = {"kind": "GitHub", "repository": repository, "workflow": "publish.yml", "environment": "pypi"}
    upstream.contents[f"/integrity/{name}"] = json.dumps(
        {"version": 1, "attestation_bundles": [{"publisher": publisher, "attestations": [{"version": 1}]}]}
    ).encode()
    return f"{upstream.origin}/integrity/{name}"


def test_license_links_and_publisher(upstream, index):
    """Read license, links and publisher, leaving out odd links.

    From the wheel's metadata and the file's provenance.
    """
    upstream.add("kombu", "kombu-4.2.0-py3-none-any.whl", upstream.wheel("kombu", "4.2.0", metadata=METADATA), provenance=provenance(upstream, "a", "celery/kombu"))  # fmt: skip
    assert index.fetch_release_facts([(NAME, NEW)]) == {
        (NAME, NEW): ReleaseFacts(
            "BSD-3-Clause",
            {
                "source": "https://github.com/celery/kombu",
                "tracker": "https://github.com/celery/kombu/issues",
                "changelog": "https://docs.celeryq.dev/kombu/changelog.html",
            },
            has_provenance=True,
            publisher="GitHub celery/kombu",
        )
    }


def test_what_cannot_be_had_is_left_out_and_troubles_nobody(upstream, index):
    """Leave out what cannot be fetched, without an error.

    A wheel that is gone, provenance that is none, an unknown project.
    """
    path = upstream.add_wheel("kombu", "4.1.0")
    upstream.contents.pop(path)
    upstream.contents["/integrity/b"] = b'{"attestation_bundles": "none"}'
    upstream.add_wheel("kombu", "4.2.0", provenance=f"{upstream.origin}/integrity/b")
    wanted = [(NAME, OLD), (NAME, NEW), (canonicalize_name("unknown"), NEW)]
    found = index.fetch_release_facts(wanted)
    assert found[NAME, OLD] == ReleaseFacts()
    assert found[NAME, NEW] == ReleaseFacts(has_provenance=True)
    assert index.list_index_errors() == ()


def test_each_release_is_asked_about_once(upstream, index):
    """The proposal's changes are the candidate's: the second question costs nothing."""
    upstream.add_wheel("kombu", "4.2.0")
    index.fetch_release_facts([(NAME, NEW)])
    asked = len(upstream.asked)
    assert index.fetch_release_facts([(NAME, NEW)]) == {(NAME, NEW): ReleaseFacts()}
    assert len(upstream.asked) == asked


def test_tools_do_not_see_where_provenance_is(upstream, index):
    """Their pages name the local index and nothing else."""
    upstream.add_wheel("kombu", "4.2.0", provenance=f"{upstream.origin}/integrity/a")
    page = requests.get(
        f"{index.get_index_url(IndexView())}kombu/",
        headers={"Accept": "application/vnd.pypi.simple.v1+json"},
        timeout=5,
    )
    assert "provenance" not in page.text
