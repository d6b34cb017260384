"""Lockfiles of public projects are understood, or refused with a reason."""

import re
import sys
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from depcheck.checking.discovery.repository import RepositoryWorkspace
from depcheck.core.config.settings import Settings
from depcheck.core.lockfiles.formats.known_formats import parse_header, parse_lockfile

sys.path.insert(0, str(Path(__file__).parent))
import corpus

SHEETS = corpus.sheets()
BEFORE = {"1.0": (), "1.6.1": ("1.6.0",), "6.2": ("6.1.0",), "6.11": ("6.10.0",)}
by_name = pytest.mark.parametrize("facts", SHEETS, ids=lambda facts: facts.name)


def test_there_are_many_of_many_kinds():
    """At least sixty lockfiles, of every writer, era and annotation style."""
    assert len(SHEETS) >= 60
    assert {facts.wording for facts in SHEETS} == set(corpus.HEADERS)
    assert {facts.style for facts in SHEETS} == {"split", "line", "old", "none"}


@pytest.mark.parametrize("wording", corpus.PIP_TOOLS)
def test_a_wording_is_named_by_the_first_version_that_has_it(wording):
    """Name a wording by the first version that has it.

    What the sheets and the page call a wording is what its header is read as. The compilers of each era wrote
    it.
    """
    (facts, *_) = (facts for facts in SHEETS if facts.wording == wording)
    era = SpecifierSet(parse_header(corpus.text(facts)).writer_versions)
    assert wording in era
    assert not [earlier for earlier in BEFORE[wording] if earlier in era]


def test_the_page_lists_each_with_its_outcome():
    """List each wording in docs/lockfiles.md with outcomes and right sums."""
    page = (Path(__file__).parents[2] / "docs" / "lockfiles.md").read_text()
    rows = {
        (origin, path): (wording, word)
        for origin, path, wording, word in re.findall(
            r"^\| (.+?) `((?!uv\.lock).+?)` \| ([\w.-]+) \| ([^|]+) \|", page, re.MULTILINE
        )
    }
    said = {"recompiled": 0, "declined": 0, "refused after its compile": 0}
    assert len(rows) == len(SHEETS)
    for facts in SHEETS:
        wording, outcome = rows[facts.origin, facts.path]
        assert wording == facts.wording
        word = outcome.partition(",")[0]
        assert word == (
            "declined" if facts.refused else "refused after its compile" if facts.unfaithful else "recompiled"
        )
        said[word] += 1
    assert f"| depcheck | {said['recompiled']} of {len(SHEETS)}," in page


@by_name
def test_each_is_parsed_to_the_byte(facts):
    """Every pin is read with its requirers, and the text comes back."""
    text = corpus.text(facts)
    parsed = parse_lockfile(text)
    assert parsed.text == text
    assert len(parsed.entries) == len(facts.rows)
    if facts.style != "none":
        assert [entry.pin.requirers for entry in parsed.entries] == [row.via for row in facts.rows]


@by_name
def test_each_is_understood_or_refused_with_its_reason(facts, tmp_path):
    """Find each lockfile by itself, with its sources or a reason."""
    corpus.write(facts, tmp_path)
    given = (facts.path,) if (facts.wording, facts.style) == ("none", "none") else ()  # nothing tells that it is one
    environments = RepositoryWorkspace(Settings(repo=tmp_path, lockfiles=given)).find_environments()
    (environment,) = (found for found in environments if facts.path in {found.name, *paths(found)})
    if facts.refused:
        assert re.search(facts.refused, environment.skip_reason), environment.skip_reason
        assert environment.skip_reason.endswith(".")
        return
    assert environment.skip_reason == ""
    spec = next(lock for lock in environment.lockfiles if lock.path == facts.path)
    assert spec.sources
    assert all((tmp_path / source).exists() for source in spec.sources if source not in dict(spec.inline_sources))
    direct = {row.name for row in facts.rows if any(via.startswith("-r ") or via.endswith("toml)") for via in row.via)}
    assert {canonicalize_name(name) for name in direct if name != "-e"} <= spec.direct_names


def paths(environment):
    """Return the lockfiles of an environment."""
    return [lock.path for lock in environment.lockfiles]
