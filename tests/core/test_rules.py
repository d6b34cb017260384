"""Rules need a reason, end in time, and leave a release."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from depcheck.core.config.rules import (
    Rule,
    RuleKind,
    format_rule_sentence,
    parse_hold_rule,
    parse_ignore_rule,
    select_active_rules,
    to_allowed_specifiers,
)
from depcheck.core.model.pins import Pin

DAYS = st.dates(date(2020, 1, 1), date(2030, 1, 1))
NAMES = st.sampled_from([canonicalize_name(name) for name in ("kombu", "celery", "six")])
VERSIONS = st.sampled_from([Version(f"{major}.{minor}") for major in range(1, 5) for minor in range(3)])
RULES = st.builds(
    lambda kind, name, version, until: Rule(
        kind, name, f"<{version}" if kind is RuleKind.HOLD else "", "so it is", until
    ),
    st.sampled_from(RuleKind),
    NAMES,
    VERSIONS,
    DAYS,
)
PINS = st.dictionaries(NAMES, VERSIONS).map(lambda found: {name: Pin(name, version) for name, version in found.items()})


def shows(pairs, name, version):
    return all(SpecifierSet(text).contains(version) for each, text in pairs if each == name)


@given(st.lists(RULES), DAYS)
def test_a_rule_holds_to_the_end_of_its_last_day(rules, day):
    """Apply rules until the end of their last day, never after.

    A law.
    """
    now = select_active_rules(rules, day)
    assert now == tuple(rule for rule in rules if rule.last_day >= day)
    assert set(select_active_rules(rules, day + timedelta(days=1))) <= set(now)


@given(st.lists(RULES), PINS, NAMES, VERSIONS)
def test_every_hold_is_obeyed_and_nothing_else_is_touched(rules, pins, name, version):
    """Show exactly the releases that every hold and ignore allows.

    A law: where the package is ignored, only the committed one.

    A hold is stronger: a committed release that is held back cannot be kept, so the ignore falls away.
    """
    holds = [rule.specifier for rule in rules if rule.package == name and rule.kind is RuleKind.HOLD]
    ignored = any(rule.package == name and rule.kind is RuleKind.IGNORE for rule in rules)
    kept = pins[name].version if name in pins and ignored else None
    by_holds = all(SpecifierSet(text).contains(version) for text in holds)
    keeps = kept is not None and all(SpecifierSet(text).contains(kept) for text in holds)
    assert shows(to_allowed_specifiers(rules, pins), name, version) == (by_holds and (not keeps or version == kept))


@given(st.lists(RULES), PINS)
def test_the_order_of_rules_changes_nothing(rules, pins):
    """Law: rules are a set."""
    assert set(to_allowed_specifiers(rules, pins)) == set(to_allowed_specifiers(rules[::-1], pins))


@given(RULES)
def test_a_rule_is_read_back_from_its_text_and_from_its_table(rule):
    """Law: the sentence, the table and the rule say the same."""
    read = parse_hold_rule if rule.kind is RuleKind.HOLD else parse_ignore_rule
    assert read(str(rule).removeprefix(f"{rule.kind} ")) == rule
    extra = {"specifier": rule.specifier} if rule.specifier else {}
    assert (
        read(format_rule_sentence({"package": rule.package, "until": rule.last_day, "reason": rule.reason, **extra}))
        == rule
    )


def test_below_is_short_for_a_specifier():
    """`below = "4.2"` is `specifier = "<4.2"`."""
    table = {"package": "Kombu", "below": "4.2", "until": date(2027, 1, 1), "reason": "celery\n4.1 needs it"}
    assert parse_hold_rule(format_rule_sentence(table)) == Rule(
        RuleKind.HOLD, "kombu", "<4.2", "celery 4.1 needs it", date(2027, 1, 1)
    )


@pytest.mark.parametrize(
    ("read", "text", "says"),
    [
        (parse_hold_rule, "kombu<4.2", "no rule"),
        (parse_hold_rule, "kombu until 2027-01-01 because x", "may be taken"),
        (parse_hold_rule, "kombu<4.2 until tomorrow because x", "no day"),
        (parse_hold_rule, "kombu<4.2 until 2027-02-30 because x", "no day"),
        (parse_hold_rule, "<4.2 until 2027-01-01 because x", "no package"),
        (parse_hold_rule, "kombu[redis]<4.2 until 2027-01-01 because x", "more than a name"),
        (parse_hold_rule, "kombu<4.2 until 2027-01-01 because ", "no rule"),
        (parse_ignore_rule, "kombu<4.2 until 2027-01-01 because x", "leave it out"),
    ],
)
def test_what_is_no_rule_is_refused_in_words(read, text, says):
    """Package, day and reason: nothing of it may be missing."""
    with pytest.raises(ValueError, match=says):
        read(text)
