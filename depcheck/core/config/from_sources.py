"""Settings, built from layers of raw option values.

A refused value is reported with the place where it was given.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import PurePath
from typing import Any

from depcheck.core.config.option_form import Option, OptionForm
from depcheck.core.config.options import BISECT_OPTIONS, CHECK_OPTIONS, PLANNING_OPTIONS
from depcheck.core.config.publish_options import PUBLISH_OPTIONS
from depcheck.core.config.settings import (
    BisectSettings,
    EnvironmentSettings,
    PlanOptions,
    PublishOptions,
    RawOption,
    RawOptions,
    Settings,
)
from depcheck.core.config.toml_file import ENVIRONMENT_KEY, read_toml_options
from depcheck.core.model.errors import UsageError

__all__ = [
    "RawOption",
    "RawOptions",
    "build_bisect_settings",
    "build_check_settings",
    "build_plan_options",
    "build_publish_options",
    "read_toml_options",
]
_RULES = ("hold", "ignore", "cooldown-except", "ban")


def build_check_settings(*sources: RawOptions) -> Settings:
    """Build the settings of `check` from `sources`, weakest first.

    Raises UsageError with the refused value and its place.
    """
    return replace(
        Settings(), **_parse_options(CHECK_OPTIONS, sources), environments=tuple(_build_environment_settings(sources))
    )


def _build_environment_settings(sources: Sequence[RawOptions]) -> Iterator[EnvironmentSettings]:
    """Build the settings of each configured environment.

    Its own options override the options around it, and are overridden by all stronger sources. Its rules are
    added to the rules around it. It does not inherit lockfiles.
    """
    for number, source in enumerate(sources):
        around = {name: found for name, found in source.items() if name != "lockfile"}
        for table in source[ENVIRONMENT_KEY].tables if ENVIRONMENT_KEY in source else ():
            stronger = [{k: v for k, v in each.items() if k != "lockfile"} for each in sources[number + 1 :]]
            chosen = _parse_options(CHECK_OPTIONS, (*sources[:number], around, _merge_rules(around, table), *stronger))
            yield EnvironmentSettings(table["name"].texts[0].strip(), replace(Settings(), **chosen))


def _merge_rules(around: RawOptions, table: RawOptions) -> RawOptions:
    """Return the table with the surrounding rules placed before its own."""
    both = {name: RawOption(table[name].origin, around[name].texts + table[name].texts)
            for name in _RULES if name in table and name in around}  # fmt: skip
    return {**table, **both}


def build_publish_options(*sources: RawOptions) -> PublishOptions:
    """Build the options of `publish` from `sources`, weakest first.

    Raises UsageError with the refused value and its place.
    """
    return replace(PublishOptions(), **_parse_options(PUBLISH_OPTIONS, sources))


def build_plan_options(*sources: RawOptions) -> PlanOptions:
    """Build the options of `plan` from `sources`, weakest first.

    Raises UsageError with the refused value and its place.
    """
    return replace(PlanOptions(), **_parse_options(PLANNING_OPTIONS, sources))


def build_bisect_settings(*sources: RawOptions) -> BisectSettings:
    """Build the settings of `bisect` from `sources`, weakest first.

    Raises UsageError with the refused value and its place, without `--good`, if the bad day is not after the
    good one, and if there is nothing to resolve.
    """
    chosen = _parse_options(BISECT_OPTIONS, sources)
    requirements: tuple[PurePath, ...] = chosen.pop("requirements", ())
    check = replace(Settings(), cooldown_days=0, **chosen)  # a bisection proposes nothing
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


def _parse_options(options: Iterable[Option], sources: Iterable[RawOptions]) -> dict[str, Any]:
    """Parse the given options into settings attributes, the last source winning."""
    given = {name: found for source in sources for name, found in source.items()}
    return {option.field: _parse_option(option, given[option.name]) for option in options if option.name in given}


def _parse_option(option: Option, given: RawOption) -> object:
    """Parse the texts of one option, a tuple if it is repeatable."""
    parsed: tuple[Any, ...] = tuple(_parse_text(option, text, given.origin) for text in given.texts)
    if option.type.is_list:
        parsed = tuple(dict.fromkeys(value for values in parsed for value in values))
    return parsed if option.form is OptionForm.MANY else parsed[-1]


def _parse_text(option: Option, text: str, place: str) -> object:
    """Parse one text, or raise UsageError with its place."""
    try:
        return option.type.parse(text)
    except ValueError as error:
        raise UsageError(f"{place}: {text!r} {error}.") from None
