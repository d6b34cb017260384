"""A compiled lockfile is checked without trusting the compile."""

from dataclasses import replace

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from depcheck.checking.compile.law.compile_law import CompileLaw, find_compile_breach
from depcheck.core.model.pins import Pin, Pins

INDEX: dict[str, dict[str, tuple[str, ...] | None]] = {
    "app": {"1.0": ("lib",), "2.0": ("lib>=1", "extra-lib")},
    "lib": {"1.0": (), "2.0": (), "3.0": ("app<2",)},
    "extra-lib": {"1.0": ()},
    "built": {"1.0": None, "2.0": None},
    "backdoor": {"6.6": ()},
    "old": {"1.0": ("lib (>dev)", "other (>dev) ; extra == 'x'")},
}
MARKERS = {"python_version": "3.11", "extra": ""}


def pins(*lines: str, requirers: tuple[str, ...] = ()) -> Pins:
    found = {}
    for line in lines:
        name, _, version = line.partition("==")
        found[canonicalize_name(name)] = Pin(canonicalize_name(name), Version(version), requirers=requirers)
    return found


def law(*direct: str, committed: Pins | None = None, constraints: tuple[str, ...] = ()) -> CompileLaw:
    return CompileLaw(
        direct=list(map(Requirement, direct)),
        constraints=list(map(Requirement, constraints)),
        get_requirements=lambda pin: INDEX[pin.name].get(str(pin.version)),
        list_candidates=lambda name: sorted(map(Version, INDEX.get(name, {})), reverse=True),
        get_hashes=lambda pin: frozenset({f"sha256:{pin.name}{pin.version}"}),
        markers=MARKERS,
        unsafe=frozenset({canonicalize_name("setuptools")}),
        committed=committed or {},
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
