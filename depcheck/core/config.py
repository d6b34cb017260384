"""From given texts to settings: sources in layers, each value refused with the place where it was given."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import PurePath
from typing import Any

from depcheck.core.errors import UsageError
from depcheck.core.given import Given, Source
from depcheck.core.options import BISECT, CHECK, PLANNING, PUBLISH, Form, Option
from depcheck.core.settings import BisectSettings, EnvironmentSettings, PlanOptions, PublishOptions, Settings
from depcheck.core.toml_source import ENVIRONMENT_KEY, from_toml

__all__ = ["Given", "Source", "bisect_settings", "check_settings", "from_toml", "plan_options", "publish_options"]
_RULES = ("hold", "ignore")


def check_settings(*sources: Source) -> Settings:
    """Settings from `sources`, the weakest first. Raises UsageError with the refused value and its place."""
    return replace(Settings(), **_values(CHECK, sources), environments=tuple(_environments(sources)))


def _environments(sources: Sequence[Source]) -> Iterator[EnvironmentSettings]:
    """Each configured environment: its own options are above those around it, and below all stronger sources.

    Rules are added to those around it. Lockfiles are its own alone.
    """
    for number, source in enumerate(sources):
        around = {name: found for name, found in source.items() if name != "lockfile"}
        for table in source[ENVIRONMENT_KEY].tables if ENVIRONMENT_KEY in source else ():
            stronger = [{k: v for k, v in each.items() if k != "lockfile"} for each in sources[number + 1 :]]
            chosen = _values(CHECK, (*sources[:number], around, _with_rules(around, table), *stronger))
            yield EnvironmentSettings(table["name"].texts[0].strip(), replace(Settings(), **chosen))


def _with_rules(around: Source, table: Source) -> Source:
    """The table with the rules of what is around it before its own."""
    both = {name: Given(table[name].place, around[name].texts + table[name].texts)
            for name in _RULES if name in table and name in around}  # fmt: skip
    return {**table, **both}


def publish_options(*sources: Source) -> PublishOptions:
    """The same for `publish`."""
    return replace(PublishOptions(), **_values(PUBLISH, sources))


def plan_options(*sources: Source) -> PlanOptions:
    """The same for `plan`."""
    return replace(PlanOptions(), **_values(PLANNING, sources))


def bisect_settings(*sources: Source) -> BisectSettings:
    """The same for `bisect`; without `--good` or anything to resolve there is no question to answer."""
    chosen = _values(BISECT, sources)
    requirements: tuple[PurePath, ...] = chosen.pop("requirements", ())
    check = replace(Settings(), **chosen)
    if check.good is None:
        raise UsageError("bisect needs a day on which all was well; give --good DATE.")
    if check.as_of is not None and check.as_of <= check.good:
        raise UsageError(
            f"--bad {check.as_of:%Y-%m-%d} is not after --good {check.good:%Y-%m-%d}, so nothing lies "
            "between; swap or change them."
        )
    if not requirements and not check.lockfiles:
        raise UsageError("bisect has nothing to resolve; give -r FILE or --lockfile PATH.")
    return BisectSettings(requirements, check)


def _values(options: Iterable[Option], sources: Iterable[Source]) -> dict[str, Any]:
    given = {name: found for source in sources for name, found in source.items()}
    return {option.field: _value(option, given[option.name]) for option in options if option.name in given}


def _value(option: Option, given: Given) -> object:
    parsed = tuple(_parsed(option, text, given.place) for text in given.texts)
    return parsed if option.form is Form.MANY else parsed[-1]


def _parsed(option: Option, text: str, place: str) -> object:
    try:
        return option.parse(text)
    except ValueError as error:
        raise UsageError(f"{place}: {text!r} {error}.") from None
