"""Release facts: the jump, the reason, warnings, and safe links."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.utils import canonicalize_name
from packaging.version import Version

from depcheck.core.lockfiles.diff import diff_pins
from depcheck.core.messages.causes.change_reasons import ComparedSets, explain_change
from depcheck.core.model.installed import Distribution
from depcheck.core.model.pins import Pin
from depcheck.core.model.releases import (
    Release,
    ReleaseFacts,
    classify_version_step,
    list_release_warnings,
    summarize_license,
)
from depcheck.core.text.links import build_comparison_link, collect_release_links, sanitize_link

NOW = datetime(2024, 5, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("before", "after", "days", "kind"),
    [
        ("1.2.3", "1.2.4", None, "patch"), ("1.2", "1.2.post1", None, "patch"), ("1.2.3", "1.3.0", None, "minor"), ("0.2", "1.0", None, "major"),
        ("1.0", "1!0.5", None, "major"), ("1.0", "2.0rc1", None, "pre"), ("2023.7.22", "2024.2.2", None, "calendar"),
        ("23.3.0", "24.1.0", (2023, 2024), "calendar"), ("23.3.0", "24.1.0", (2020, 2021), "major"), ("2.0", "1.9", None, "major"),
        ("1.0", "1.0.0", None, ""),
    ],
)  # fmt: skip
def test_how_far_it_jumps(before, after, days, kind):
    """Major, minor, patch, to a pre-release, or along the calendar."""
    times = tuple(datetime(year, 1, 2, tzinfo=UTC) for year in days) if days else (None, None)
    assert classify_version_step(Version(before), Version(after), times) == kind


def release(version, days, *, wheel=True):
    name = f"a-{version}"
    return Release(
        Version(version),
        NOW - timedelta(days=days),
        None,
        (),
        (f"{name}-py3-none-any.whl",) if wheel else (),
        (f"{name}.tar.gz",),
    )


def test_what_to_look_at_first():
    """Each warning where its reason holds, none where it does not."""
    releases = [release("1.0", 1500), release("1.1", 1, wheel=False), release("0.9", 1600)]
    old = ReleaseFacts("MIT License", {}, has_provenance=True, publisher="GitHub a/a")
    bare, moved = ReleaseFacts("BUSL-1.1"), ReleaseFacts("MIT", {}, has_provenance=True, publisher="GitHub b/a")
    new = Version("1.1")
    assert list_release_warnings(releases, Version("1.0"), new, (old, bare), NOW) == (
        "released 1 day ago",
        f"first release since {(NOW - timedelta(days=1500)).year}",
        "no wheel, only a source distribution: installing it runs its code",
        "no provenance any more: the release before had a signed one, this one has none",
        "licence changed from MIT License to BUSL-1.1",
    )
    calm = [release("1.0", 100), release("1.1", 50)]
    assert list_release_warnings(calm, Version("1.0"), new, (old, moved), NOW) == (
        "published from GitHub b/a, earlier releases from GitHub a/a",
    )
    assert list_release_warnings(calm, Version("1.0"), new, (old, old), NOW) == ()


@pytest.mark.parametrize(
    ("expression", "text", "classifiers", "stated"),
    [
        ("MIT", "whole text", [], "MIT"),
        ("", "BSD\nCopyright …", ["License :: OSI Approved :: BSD License"], "BSD License"),
        ("", "Apache 2.0", ["Topic :: Software"], "Apache 2.0"),
        ("", "Copyright\nand so on", [], ""),
        ("x" * 500, "", [], ""),
    ],
)
def test_a_license_in_a_few_words(expression, text, classifiers, stated):
    """Show the license expression first, and never whole texts."""
    assert summarize_license(expression, text, classifiers) == stated


@given(
    st.text(max_size=80)
    | st.sampled_from(
        ["https://a.example/x)[y](javascript:1)", "https://user:pw@evil.example/", "https://a.example/\n@all"]
    )
)
def test_only_plain_links_pass(text):
    """Pass only https links to public names without special characters.

    A law; special in Markdown, HTML or a shell.
    """
    for address in (sanitize_link(text), sanitize_link(f"https://pypi.org/{text}")):
        assert not address or (address.startswith("https://") and not set(address) & set("()[]<>\"'`\\@ \n\t|*${}^"))


@pytest.mark.parametrize("end", ["issues/1", "pull/7", "commit/0f1e2d", "discussions/3", "-/merge_requests/4"])
def test_no_link_leaves_a_mark_at_strangers(end):
    """Link nothing that leaves a "mentioned this" at other repositories.

    GitHub writes it under whatever a body links to.
    """
    assert sanitize_link(f"https://github.com/kombu/kombu/{end}") == ""
    assert sanitize_link("https://github.com/kombu/kombu/issues")


def test_links_of_metadata():
    """Read labels in any spelling and links that a forge implies.

    Nothing that is not https.
    """
    found = collect_release_links(
        [
            ("Homepage", "http://kombu.example"),
            ("Source Code", "https://GitHub.com/celery/kombu.git"),
            ("Release notes", "javascript:alert(1)"),
        ]
    )
    assert found == {
        "source": "https://github.com/celery/kombu.git",
        "tracker": "https://github.com/celery/kombu/issues",
        "changelog": "https://github.com/celery/kombu/releases",
    }
    assert build_comparison_link(found, "4.1.0", "4.2.0") == "https://github.com/celery/kombu/compare/v4.1.0...v4.2.0"
    shown = {**found, "changelog": "https://github.com/celery/kombu/releases/tag/rel-4.2.0"}
    assert (
        build_comparison_link(shown, "4.1.0", "4.2.0")
        == "https://github.com/celery/kombu/compare/rel-4.1.0...rel-4.2.0"
    )
    assert collect_release_links([("Home", "https://kombu.example")]) == {}
    assert build_comparison_link({}, "1", "2") == ""


def side(**found):
    return {
        canonicalize_name(name): Distribution(canonicalize_name(name), Version(version), tuple(requires))
        for name, (version, *requires) in found.items()
    }


def pins(**versions):
    return {
        canonicalize_name(name): Pin(canonicalize_name(name), Version(version)) for name, version in versions.items()
    }


@pytest.mark.parametrize(
    ("before", "after", "yanked", "said"),
    [
        ({"b": "1"}, {"b": "2"}, None, "a allows b>=1"),
        ({"b": "1"}, {"b": "2"}, "it lost data", "the committed release was yanked: it lost data"),
        ({"c": "1"}, {"c": "2"}, None, "a 2 (was 1) requires c>=2"),
        ({"c": "3"}, {"c": "2"}, None, "the newer release no longer fits the other requirements"),
        ({}, {"d": "1"}, None, "a 2 (was 1) requires it"),
        ({"e": "1"}, {}, None, "a 2 (was 1) no longer requires it"),
        ({"f": "1"}, {}, None, "g is gone"),
        ({"h": "1"}, {"h": "2"}, None, "a accepts any version"),
    ],
)  # fmt: skip
def test_why_it_moved(before, after, yanked, said):
    """Give new release, changed requirement, new parent or yank as reason."""
    there = side(a=("1", "b>=1", "c", "e", "h"), g=("1", "f"))
    then = side(a=("2", "b>=1", "c>=2", "d", "h", 'c>=9; python_version < "3"'))
    (change,) = diff_pins(pins(**before), pins(**after))
    assert explain_change(change, ComparedSets(there, then, {"python_version": "3.12"}), yanked, direct=False) == said
