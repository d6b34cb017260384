"""First bad: bisection over releases."""

from math import floor, log2

from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.version import Version

from depcheck.core.search.bisect import bisect_releases
from depcheck.core.search.model import TrialAnswer


def line(count):
    return [Version(f"{i // 7}.{i % 7}") for i in range(1, count + 1)]


GOOD = Version("0.0")


@settings(deadline=None)
@given(st.integers(1, 300), st.data())
def test_the_first_bad_is_found_within_the_bound(count, data):
    """Find neighbours within log2(releases) + 2 probes, none of them twice.

    The ends are never probed.
    """
    releases = line(count)
    bad = data.draw(st.integers(0, count - 1))
    asked = []

    def probe(version):
        asked.append(version)
        return TrialAnswer.SAME if version >= releases[bad] else TrialAnswer.PASS

    span = bisect_releases(GOOD, releases, probe)
    assert span.first_bad == releases[bad]
    assert span.last_good == ([GOOD, *releases])[bad]
    assert not span.skipped_releases
    assert len(asked) <= floor(log2(count)) + 2
    assert len(set(asked)) == len(asked)
    assert releases[-1] not in asked


def test_a_new_line_of_releases_is_tried_first():
    """Of 72 releases the first minor one takes two probes."""
    releases = [Version(f"1.12.{i}") for i in range(207, 254)] + [Version(f"1.13.{i}") for i in range(21)]
    asked = []

    def probe(version):
        asked.append(version)
        return TrialAnswer.SAME if version >= Version("1.13") else TrialAnswer.PASS

    assert bisect_releases(Version("1.12.206"), releases, probe).first_bad == Version("1.13.0")
    assert len(asked) == 2


@settings(deadline=None)
@given(st.integers(2, 40), st.data())
def test_releases_that_do_not_answer_are_named(count, data):
    """Report releases between last good and first bad that gave no answer."""
    releases = line(count)
    bad = data.draw(st.integers(0, count - 1))
    dumb = data.draw(st.frozensets(st.sampled_from(releases[:-1]), max_size=6))
    verdict = lambda v: TrialAnswer.SAME if v >= releases[bad] else TrialAnswer.PASS  # noqa: E731
    span = bisect_releases(GOOD, releases, lambda v: TrialAnswer.UNRESOLVED if v in dumb else verdict(v))
    both = [GOOD, *releases]
    assert set(span.skipped_releases) <= dumb
    assert verdict(span.first_bad) is TrialAnswer.SAME
    assert span.last_good == GOOD or verdict(span.last_good) is TrialAnswer.PASS
    assert both[both.index(span.last_good) + 1 : both.index(span.first_bad)] == list(span.skipped_releases)


def test_a_build_tool_that_fails_differently_just_before_counts_as_bad():
    """Count releases that fail differently just before as bad if asked.

    Setuptools 58.0.0 builds wrongly and 58.0.2 refuses: bad since 58.0.0.
    """
    releases = [Version(v) for v in ("58.0.0", "58.0.1", "58.0.2", "58.0.3")]
    answers = dict(
        zip(releases, (TrialAnswer.OTHER, TrialAnswer.OTHER, TrialAnswer.SAME, TrialAnswer.SAME), strict=True)
    )
    span = bisect_releases(Version("57.5.0"), releases, answers.__getitem__, other_is_bad=True)
    assert (span.last_good, span.first_bad, span.skipped_releases) == (Version("57.5.0"), Version("58.0.0"), ())


def test_excluded_releases_are_not_tried():
    """What nothing could have chosen is no answer, and costs no probe."""
    releases = [Version(v) for v in ("2.0", "2.0.1", "2.0.2")]
    span = bisect_releases(Version("1.10"), releases, lambda _: 1 / 0, lambda v: v < Version("2.0.2"))
    assert (span.last_good, span.first_bad) == (Version("1.10"), Version("2.0.2"))
    assert span.skipped_releases == (Version("2.0"), Version("2.0.1"))


def test_a_downgrade_is_bisected_downwards():
    """The line is the order in which the package moved."""
    releases = [Version(v) for v in ("3.9", "3.8", "3.7")]
    span = bisect_releases(
        Version("4.0"), releases, lambda v: TrialAnswer.SAME if v <= Version("3.8") else TrialAnswer.PASS
    )
    assert (span.last_good, span.first_bad) == (Version("3.9"), Version("3.8"))


def test_a_release_that_fails_differently_is_named_and_not_blamed():
    """Call releases that fail in another way neither good nor bad."""
    releases = [Version(v) for v in ("2.7", "2.8", "3.0", "3.1")]
    answers = dict(
        zip(releases, (TrialAnswer.OTHER, TrialAnswer.OTHER, TrialAnswer.SAME, TrialAnswer.SAME), strict=True)
    )
    span = bisect_releases(Version("2.6.3"), releases, answers.__getitem__)
    assert (span.last_good, span.first_bad) == (Version("2.6.3"), Version("3.0"))
    assert span.skipped_releases == (Version("2.7"), Version("2.8"))


def test_a_long_row_without_an_answer_costs_few_probes():
    """Pass over fifty releases that cannot be installed in seven probes."""
    releases = [Version(f"1.{i}") for i in range(1, 60)]
    asked = []

    def probe(version):
        asked.append(version)
        return TrialAnswer.PASS if version < Version("1.5") else TrialAnswer.UNRESOLVED

    span = bisect_releases(Version("1.0"), releases, probe)
    assert sum(version >= Version("1.5") for version in asked) <= 7
    assert span.skipped_releases == tuple(v for v in releases if span.last_good < v < span.first_bad)
