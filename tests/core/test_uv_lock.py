"""A uv.lock is read to the byte, and changed by law alone."""

import pytest

from depcheck.core.lockfiles.formats.known_formats import parse_header, parse_lockfile
from depcheck.core.lockfiles.formats.uv_lock.remote_sources import GitSource, parse_git_source
from depcheck.core.lockfiles.formats.uv_lock.uv_lock_addresses import AddressMap
from depcheck.core.lockfiles.other_targets import diff_other_pins
from depcheck.core.model.errors import LockfileError
from depcheck.core.model.report_json import ReportError
from depcheck.publishing.validate_lockfile import check_lockfile_content

PYPI = 'source = { registry = "https://pypi.org/simple" }\n'
HEAD = 'version = 1\nrevision = 3\nrequires-python = ">=3.9"\n'


def package(name, version="1.0", rest="", source=PYPI):
    """Return a package's table with one wheel."""
    address = f"https://files.pythonhosted.org/packages/aa/bb/{name}-{version}-py3-none-any.whl"
    wheel = f'    {{ url = "{address}", hash = "sha256:{"0" * 64}", size = 9 }},\n'
    wheels = f"wheels = [\n{wheel}]\n" if source == PYPI else ""
    return f'\n[[package]]\nname = "{name}"\nversion = "{version}"\n{source}{rest}{wheels}'


MEMBER = 'source = { editable = "." }\n'
REQUIREMENTS = """dependencies = [
    { name = "a" },
]

[package.optional-dependencies]
more = [
    { name = "b", marker = "sys_platform == 'win32'" },
]

[package.dev-dependencies]
dev = [
    { name = "c" },
]
"""
PROJECT = package("app", rest=REQUIREMENTS, source=MEMBER)
WHOLE = HEAD + package("a", "1.0") + PROJECT + package("b", "2.0") + package("c", "3.0")
LINUX = {"sys_platform": "linux", "python_full_version": "3.11.7", "python_version": "3.11"}
WINDOWS = {**LINUX, "sys_platform": "win32"}


def test_a_text_is_read_to_the_byte():
    """Keep every byte, and know the format without a header."""
    for text in (WHOLE, WHOLE.replace("\n", "\r\n"), HEAD):
        assert parse_lockfile(text).text == text
        assert parse_header(text).compiler == "uv lock"


def test_each_target_gets_its_packages():
    """Follow extras, groups and markers from the project."""
    lockfile = parse_lockfile(WHOLE)
    assert sorted(lockfile.select_pins(LINUX)) == ["a", "app", "c"]
    assert sorted(lockfile.select_pins(WINDOWS)) == ["a", "app", "b", "c"]
    assert [pin.name for pin in lockfile.list_inactive_pins(LINUX)] == ["b"]
    assert str(lockfile.select_pins(LINUX)["app"]) == "-e ."


def test_two_releases_of_one_name_are_told_apart():
    """Take the release whose resolution holds for the target."""
    old = package("a", "1.0", "resolution-markers = [\n    \"python_full_version < '3.10'\",\n]\n")
    new = package("a", "2.0", "resolution-markers = [\n    \"python_full_version >= '3.10'\",\n]\n")
    text = HEAD + old + new + PROJECT.replace("more", "most") + package("b") + package("c")
    lockfile = parse_lockfile(text)
    assert str(lockfile.select_pins(LINUX)["a"]) == "a==2.0"
    assert str(lockfile.select_pins({**LINUX, "python_full_version": "3.9.1"})["a"]) == "a==1.0"


def test_what_excludes_each_other_is_installed_without_the_second():
    """Leave out all but one of extras that conflict."""
    conflict = (
        'conflicts = [[\n    { package = "app", extra = "more" },\n    { package = "app", extra = "less" },\n]]\n'
    )
    both = REQUIREMENTS.replace("more = [", 'less = [\n    { name = "d" },\n]\nmore = [')
    parts = [package("app", rest=both, source=MEMBER), *map(package, "abcd")]
    lockfile = parse_lockfile(HEAD + conflict + "".join(parts))
    assert {str(item) for item in lockfile.graph.left_out} == {"app[less]"}
    assert sorted(lockfile.select_pins(WINDOWS)) == ["a", "app", "b", "c"]


def test_lines_for_other_targets_are_told():
    """Tell a change of a package that this target does not install."""
    new = WHOLE.replace('"2.0"', '"2.1"')
    (change,) = diff_other_pins(parse_lockfile(WHOLE), parse_lockfile(new), LINUX)
    assert (str(change), change.after.marker) == ("b 2.0 -> 2.1", "sys_platform == 'win32'")


def test_addresses_go_there_and_back():
    """Localize a text and restore it to the byte."""
    known = AddressMap({"https://pypi.org/simple": "http://127.0.0.1:9/live/simple"}, "http://127.0.0.1:9")
    local = known.localize(WHOLE)
    assert "pypi.org" not in local
    assert "pythonhosted" not in local
    assert known.restore(local, WHOLE, lambda *_: "") == WHOLE
    assert known.find_foreign(local) == ""
    assert known.find_foreign(local.replace("0" * 64 + '",', "1" * 64 + '",'))
    assert known.find_foreign(WHOLE)


def test_a_git_source_is_read():
    """Read address, commit and the names that mean it."""
    commit = "a" * 40
    found = parse_git_source(f"https://h/o/n.git?tag=v1#{commit}")
    assert found == GitSource("https://h/o/n.git", commit, ("refs/tags/v1",))
    assert parse_git_source(f"ssh://git@h/o/n#{commit}") is None
    assert parse_git_source("https://h/o/n#main") is None


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("https://pypi.org/simple", "https://evil.example/simple", "which is new"),
        ("files.pythonhosted.org/packages/aa/bb/b-2.0", "evil.example/b-2.1", "from a host"),
        ("0" * 64, "1" * 64, "another hash"),
        (f"{PYPI}wheels", f'source = {{ git = "https://h/x#{"a" * 40}" }}\nwheels', "which is new"),
        ("size = 9 },\n", "size = 9 }, # hello\n", "uv does not write"),
        (HEAD, f'{HEAD}\n[options]\nexclude-newer = "2026-01-01T00:00:00Z"\n', "options"),
        (HEAD, HEAD.replace(">=3.9", ">=3.1"), "requires-python"),
        ('hash = "sha256:', 'mesh = "sha256:', "hash"),
        ("revision = 3", "# it\nrevision = 3", "does not read as a lockfile"),
        ('name = "c"\nversion = "3.0"', 'name = "c"\nversion = 3', "does not read as a lockfile"),
    ],
)
def test_a_proposed_text_is_held_to_the_committed_one(old, new, why):
    """Refuse new places, hosts, hashes, options and words."""
    proposed = WHOLE.replace(old, new, 1)
    assert proposed != WHOLE
    with pytest.raises(ReportError, match=why):
        check_lockfile_content("uv.lock", WHOLE, proposed)


def test_a_new_release_of_the_same_places_is_let_through():
    """Accept what an upgrade changes: releases, files, markers, revision."""
    proposed = WHOLE.replace("3.0", "3.1").replace("revision = 3", "revision = 4")
    check_lockfile_content("uv.lock", WHOLE, proposed)
    with pytest.raises(ReportError, match="only a committed one"):
        check_lockfile_content("uv.lock", None, WHOLE)


@pytest.mark.parametrize(
    "text",
    [
        WHOLE.replace("version = 1", "version = 2", 1),
        WHOLE.replace(PYPI, "", 1),
        WHOLE.replace('name = "a" }', 'name = "gone" }', 1),
        f"{WHOLE}\n[manifest]\nmembers = []\n",
        WHOLE.replace("[[package]]", '[[package]]\nx = """\n[[package]]\n"""', 1),
    ],
)
def test_what_is_not_understood_is_refused(text):
    """Refuse other versions, missing keys and hidden tables."""
    with pytest.raises(LockfileError):
        parse_lockfile(text).select_pins(LINUX)


def test_the_day_of_a_moving_window_may_move():
    """Accept another day where the window's length stays."""
    day = '\n[options]\nexclude-newer = "2026-01-01T00:00:00Z"\n'
    span = 'exclude-newer-span = "P7D"\n'
    comment = " # This has no effect and is included for backwards compatibility when using relative values."
    committed = WHOLE.replace(HEAD, HEAD + day + span)
    check_lockfile_content("uv.lock", committed, committed.replace("2026-01-01", "2026-02-01"))
    check_lockfile_content("uv.lock", committed, committed.replace(':00Z"\n', f':00Z"{comment}\n'))
    with pytest.raises(ReportError, match="options"):
        check_lockfile_content("uv.lock", committed, committed.replace("P7D", "P1D"))
    with pytest.raises(ReportError, match="uv does not write"):
        check_lockfile_content("uv.lock", committed, committed.replace(':00Z"\n', ':00Z" # @you closes #1\n'))
