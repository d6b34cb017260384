"""A compiled lockfile is checked without trusting the compile."""

from dataclasses import replace

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from depcheck.checking.compile.law.compile_law import CompileLaw, LawScope, find_compile_breach
from depcheck.checking.compile.law.law_scope import find_law_scope
from depcheck.core.lockfiles.lockfile_parser import Lockfile
from depcheck.core.lockfiles.spec import LockfileSpec
from depcheck.core.model.pins import Pin, Pins

INDEX: dict[str, dict[str, tuple[str, ...] | None]] = {
    "app": {"1.0": ("lib",), "2.0": ("lib>=1", "extra-lib")},
    "lib": {"1.0": (), "2.0": (), "3.0": ("app<2",)},
    "extra-lib": {"1.0": ()},
    "built": {"1.0": None, "2.0": None},
    "backdoor": {"6.6": ()},
    "old": {"1.0": ("lib (>dev)", "other (>dev) ; extra == 'x'")},
}
WHOLE, OPEN = LawScope(), LawScope(knows_sources=False)
MARKERS = {"python_version": "3.11", "extra": ""}


def pins(*lines: str, requirers: tuple[str, ...] = ()) -> Pins:
    found = {}
    for line in lines:
        name, _, version = line.partition("==")
        found[canonicalize_name(name)] = Pin(canonicalize_name(name), Version(version), requirers=requirers)
    return found


def law(
    *direct: str, committed: Pins | None = None, constraints: tuple[str, ...] = (), scope: LawScope = WHOLE
) -> CompileLaw:
    return CompileLaw(
        direct=list(map(Requirement, direct)),
        constraints=list(map(Requirement, constraints)),
        get_requirements=lambda pin: INDEX[pin.name].get(str(pin.version)),
        list_candidates=lambda name: sorted(map(Version, INDEX.get(name, {})), reverse=True),
        get_hashes=lambda pin: frozenset({f"sha256:{pin.name}{pin.version}"}),
        markers=MARKERS,
        unsafe=frozenset({canonicalize_name("setuptools")}),
        committed=committed or {},
        scope=scope,
    )


def test_a_resolution_keeps_the_law() -> None:
    """Accept a resolver's result with left-out packages and conflict holds.

    What it may leave out, and a pin that a conflict holds back.
    """
    assert not find_compile_breach(law("app", "lib"), pins("app==2.0", "lib==2.0", "extra-lib==1.0"))
    assert not find_compile_breach(law("lib", "setuptools"), pins("lib==2.0"))
    held = pins("app==2.0", "lib==2.0", "extra-lib==1.0")
    assert not find_compile_breach(law("app", committed=held), held)  # lib 3.0 wants an older app


def test_what_nothing_asks_for_breaks_it() -> None:
    """A pin beside the resolution, with a made-up reason, is named."""
    found = find_compile_breach(law("lib"), pins("lib==2.0", "backdoor==6.6", requirers=("lib",)))
    assert found == "holds backdoor==6.6, which nothing asks for"


def test_a_version_of_no_standard_asks_for_any() -> None:
    """`pytz (>dev)` of old metadata asks for pytz, and its marker counts."""
    assert not find_compile_breach(law("old"), pins("old==1.0", "lib==2.0"))
    assert find_compile_breach(law("old[x]"), pins("old==1.0", "lib==2.0")) == "leaves out other, which is asked for"


def test_who_does_not_say_what_it_asks_for_may_ask_for_it() -> None:
    """Accept unknown requirements only of releases without metadata."""
    assert not find_compile_breach(law("built"), pins("built==2.0", "backdoor==6.6", requirers=("built",)))
    assert "backdoor" in find_compile_breach(law("built"), pins("built==2.0", "backdoor==6.6", requirers=("lib",)))


def test_a_downgrade_without_a_conflict_breaks_it() -> None:
    """Name a pin that went back without a conflict.

    All accept a newer one.
    """
    found = find_compile_breach(law("lib<3", committed=pins("lib==2.0")), pins("lib==1.0"))
    assert found == "holds lib==1.0, though lib 2.0 is accepted by all that ask for it"


def test_the_committed_text_written_back_breaks_it() -> None:
    """Refuse a committed text written back though releases could move.

    A quiet result is held to the law as well.
    """
    before = pins("app==1.0", "lib==2.0")
    assert "app 2.0 is accepted" in find_compile_breach(law("app", "lib<3", committed=before), before)


def test_what_somebody_does_not_accept_breaks_it() -> None:
    """Refuse unmet requirements of sources, constraints and pins.

    What is asked for is there.
    """
    assert "lib<2" in find_compile_breach(law("lib<2"), pins("lib==2.0"))
    assert "lib<2" in find_compile_breach(law("lib", constraints=("lib<2",)), pins("lib==2.0"))
    assert "leaves out extra-lib" in find_compile_breach(law("app"), pins("app==2.0", "lib==2.0"))


def test_hashes_of_other_files_break_it() -> None:
    """Refuse hashes that the index does not have."""
    good = pins("lib==2.0")
    name = canonicalize_name("lib")
    assert not find_compile_breach(law("lib<3"), {name: replace(good[name], hashes=frozenset({"sha256:lib2.0"}))})
    assert "hashes" in find_compile_breach(law("lib<3"), {name: replace(good[name], hashes=frozenset({"sha256:x"}))})


NARROW = {
    "sources that only their build can read": OPEN,
    "options that change ranges": LawScope(keeps_ranges=False),
    "options that choose releases": LawScope(takes_newest=False),
    "nothing is known": LawScope(knows_sources=False, keeps_ranges=False, takes_newest=False, shows_all=False),
}


@pytest.mark.parametrize("scope", NARROW.values(), ids=NARROW)
def test_a_pin_that_nothing_asks_for_breaks_it_whatever_is_known(scope) -> None:
    """Refuse an added pin for project files, uv and any option."""
    before = pins("app==1.0", "lib==2.0")
    fresh = pins("app==2.0", "lib==2.0", "extra-lib==1.0")
    assert not find_compile_breach(law("app", committed=before, scope=scope), fresh)
    found = find_compile_breach(law("app", committed=before, scope=scope), fresh | pins("backdoor==6.6"))
    assert found == "holds backdoor==6.6, which nothing asks for"


def test_unknown_sources_do_not_let_a_release_go_back() -> None:
    """Refuse an older release while the committed one is accepted by all.

    What the source itself forbids is not known, so no newer one is claimed.
    """
    before = pins("app==1.0", "lib==2.0")
    assert "though lib 2.0 is accepted" in find_compile_breach(
        law(committed=before, scope=OPEN), pins("app==1.0", "lib==1.0")
    )
    assert not find_compile_breach(law(committed=before, scope=OPEN), before)


def test_options_that_choose_releases_do_not_let_one_go_back() -> None:
    """Refuse a pin older than before, where that is still accepted.

    A newer one than that may be what an option forbids.
    """
    scope = LawScope(takes_newest=False)
    committed = pins("app==1.0", "lib==2.0")
    back = find_compile_breach(law("app", "lib", committed=committed, scope=scope), pins("app==1.0", "lib==1.0"))
    assert back == "holds lib==1.0, though lib 2.0 is accepted by all that ask for it"
    assert not find_compile_breach(law("app", "lib<2", committed=committed, scope=scope), pins("app==1.0", "lib==1.0"))
    assert not find_compile_breach(law("app", "lib", committed=committed, scope=scope), committed)


def test_unknown_sources_hide_no_range_of_another_release() -> None:
    """Refuse what another pin does not accept, and what it misses."""
    before = pins("app==1.0", "lib==2.0")
    found = find_compile_breach(law(committed=before, scope=OPEN), pins("app==2.0", "lib==0.5", "extra-lib==1.0"))
    assert found == "holds lib==0.5, while lib>=1 is asked for"
    assert "leaves out extra-lib" in find_compile_breach(
        law(committed=before, scope=OPEN), pins("app==2.0", "lib==2.0")
    )


@pytest.mark.parametrize(
    ("options", "scope"),
    [
        (("--strip-extras", "--generate-hashes"), WHOLE),
        (("--all-extras",), OPEN),
        (("--universal",), LawScope(keeps_ranges=False)),
        (("--pre",), LawScope(takes_newest=False)),
        (("--unsafe-package=lib",), LawScope(knows_sources=False, shows_all=False)),
        (("-p", "3.9"), LawScope(knows_sources=False, keeps_ranges=False, takes_newest=False, shows_all=False)),
    ],
)
def test_options_say_what_is_known(options, scope) -> None:
    """Ask less where an option leaves less known, and never nothing."""
    lock = LockfileSpec("a.txt", ("a.in",), "", "uv", None, "", options, Lockfile())
    assert find_law_scope(lock, knows_sources=True) == scope


def test_where_nothing_was_locked_an_unknown_source_may_ask_for_any_pin() -> None:
    """A dependency group of an unlocked library is not read."""
    compiled = pins("app==1.0", "lib==1.0", "backdoor==6.6")
    assert not find_compile_breach(law("app", scope=OPEN), compiled)
    assert find_compile_breach(law("app", committed=pins("app==1.0"), scope=OPEN), compiled)


def test_a_folder_named_by_its_address_may_ask_for_anything() -> None:
    """Pins that a path requires are held to no unread metadata."""
    folder = Pin(canonicalize_name("file:///work/libs/common"), None)
    of_folder = pins("app==1.0", "lib==1.0", requirers=("common",))
    found = find_compile_breach(law("built"), {folder.name: folder, **pins("built==1.0"), **of_folder})
    assert not found
    of_nobody = pins("lib==2.0") | pins("backdoor==6.6", requirers=("lib",))
    blind = law(committed={folder.name: folder, **pins("lib==1.0")})
    blind = replace(blind, scope=replace(blind.scope, knows_sources=False))
    assert (
        find_compile_breach(blind, {folder.name: folder, **of_nobody}) == "holds backdoor==6.6, which nothing asks for"
    )
