"""From given texts to settings: sources in layers, each value refused with the place where it was given."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from difflib import get_close_matches
from pathlib import PurePath
from typing import Any, TypeAlias

from depcheck.core import toml
from depcheck.core.errors import UsageError
from depcheck.core.options import BISECT, CHECK, PUBLISH, Form, Option
from depcheck.core.settings import BisectSettings, PublishOptions, Settings


@dataclass(frozen=True, slots=True)
class Given:
    """The texts given for one option, and where: `--as-of`, `as-of in depcheck.toml`."""

    place: str
    texts: tuple[str, ...]


Source: TypeAlias = Mapping[str, Given]  # by option name


def from_toml(content: str, place: str, *, table: tuple[str, ...] = ()) -> Source:
    """The options in a TOML text; `table` is the way to them (`tool`, `depcheck`), a missing one is empty.

    Raises UsageError for a text that is no TOML, an unknown key and a value of the wrong type.
    """
    try:
        found: object = toml.parse(content)
    except ValueError as error:
        raise UsageError(f"{place} is not valid TOML ({error}), so its options are unknown; mend it.") from None
    for key in table:
        found = found.get(key, {}) if isinstance(found, dict) else found
    if not isinstance(found, dict):
        raise UsageError(f"[{'.'.join(table)}] in {place} is not a table; write it as one, with a key per option.")
    return {name: _from_key(name, value, place) for name, value in found.items()}


def _from_key(name: str, value: object, place: str) -> Given:
    option = next((option for option in CHECK if option.name == name), None)
    if option is None:
        raise UsageError(f"{place} sets {name!r}, which is not an option{_nearest(name)}.")
    if name == "repo":
        raise UsageError(f"{place} sets `repo`, but it is found through the repository; remove the key.")
    return Given(f"`{name}` in {place}", _texts(option, value, place))


def _nearest(name: str) -> str:
    near = get_close_matches(name.replace("_", "-").lower(), [option.name for option in CHECK], n=1)
    return f"; did you mean {near[0]!r}?" if near else "; see the options in `depcheck check --help`"


def _texts(option: Option, value: object, place: str) -> tuple[str, ...]:
    if isinstance(value, list):
        if option.form is not Form.MANY:
            raise UsageError(f"`{option.name}` in {place} takes one value, not a list; give one.")
        return tuple(_text(option, item, place) for item in value)
    return (_text(option, value, place),)


def _text(option: Option, value: object, place: str) -> str:
    if option.name == "python" and isinstance(value, float):
        raise UsageError(f"`python` in {place} is a number, in which 3.10 is 3.1; put it in quotes.")
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list) and option.name == "together":
        return ",".join(map(str, value))
    if isinstance(value, (str, int, float, date)):
        return value.isoformat() if isinstance(value, date) else str(value)
    raise UsageError(f"`{option.name}` in {place} is a {type(value).__name__}; give a text.")


def check_settings(*sources: Source) -> Settings:
    """Settings from `sources`, the weakest first. Raises UsageError with the refused value and its place."""
    return replace(Settings(), **_values(CHECK, sources))


def publish_options(*sources: Source) -> PublishOptions:
    """The same for `publish`."""
    return replace(PublishOptions(), **_values(PUBLISH, sources))


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
