"""The configuration's text as given options: unknown keys and wrong types are refused with their place."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from difflib import get_close_matches

from depcheck.core import rules, toml, values
from depcheck.core.errors import UsageError
from depcheck.core.given import Given, Source
from depcheck.core.options import CHECK, ENVIRONMENT, NAME, Form, Key, Option

ENVIRONMENT_KEY = "environment"
NOT_CONFIGURED = {"repo": "it is found through the repository", "only": "a configuration is for every environment"}

_TYPES: Mapping[Callable[[str], object], tuple[type, ...]] = {  # beside texts
    values.boolean: (bool,),
    values.negated: (bool,),
    values.days: (int, float),
    values.seconds: (int, float),
    values.minutes: (int, float),
    values.count: (int,),
    values.network: (int,),
    values.when: (date,),
}


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
    return _source(found, CHECK, place, tables=True)


def _source(found: Mapping[str, object], options: tuple[Option, ...], place: str, *, tables: bool = False) -> Source:
    known = [*(option.name for option in options), *([ENVIRONMENT_KEY] if tables else [])]
    _refuse_unknown(found, [name for name in known if name not in NOT_CONFIGURED], place)
    named = {option.name: option for option in options}
    return {
        name: Given(f"`{name}` in {place}", _texts(named[name], value, place))
        if name in named
        else _environments(value, place)
        for name, value in found.items()
    }


def _refuse_unknown(found: Mapping[str, object], known: list[str], place: str) -> None:
    for name in found:
        if name in NOT_CONFIGURED:
            raise UsageError(f"{place} sets `{name}`, but {NOT_CONFIGURED[name]}; remove the key.")
        if name not in known:
            raise UsageError(f"{place} sets {name!r}, which is not an option; {_nearest(name, known)}")


def _nearest(name: str, known: Iterable[str]) -> str:
    near = get_close_matches(name.replace("_", "-").lower(), [*known], n=1)
    return f"did you mean {near[0]!r}?" if near else f"there are {', '.join(sorted(known))}."


def _environments(value: object, place: str) -> Given:
    """Each `[[environment]]`: a name, and options that are its own."""
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise UsageError(f"`environment` in {place} is no array of tables; begin each one with [[environment]].")
    tables = tuple(_source(each, (NAME, *ENVIRONMENT), f"[[environment]] {number} in {place}")
                   for number, each in enumerate(value, 1))  # fmt: skip
    names = [table["name"].texts[0] if "name" in table and table["name"].texts else "" for table in tables]
    for number, name in enumerate(names, 1):
        if not name.strip():
            raise UsageError(f"[[environment]] {number} in {place} has no `name`; give one, such as name = 'py312'.")
        if names.count(name) > 1:
            raise UsageError(f"Two [[environment]] in {place} have the name {name!r}; give each its own.")
    return Given(f"`environment` in {place}", tables=tables)


def _texts(option: Option, value: object, place: str) -> tuple[str, ...]:
    if isinstance(value, list):
        if option.form is not Form.MANY:
            raise UsageError(f"`{option.name}` in {place} takes one value, not a list; give one.")
        return tuple(_text(option, item, place) for item in value)
    return (_text(option, value, place),)


def _text(option: Option, value: object, place: str) -> str:
    if isinstance(value, dict) and option.keys:
        return _sentence(option, value, place)
    if option.name == "python" and isinstance(value, float):
        raise UsageError(f"`python` in {place} is a number, in which 3.10 is 3.1; put it in quotes.")
    if isinstance(value, list) and option.name == "together" and all(isinstance(each, str) for each in value):
        return ",".join(value)
    strange = isinstance(value, bool) and not _is_switch(option)  # a bool is an int, too
    if strange or not isinstance(value, (str, *_TYPES.get(option.parse, ()))):
        raise UsageError(f"`{option.name}` in {place} is {_shown(value)}; give {_wanted(option)}.")
    if isinstance(value, bool):
        return str(value).lower()
    return value.isoformat() if isinstance(value, date) else str(value)


def _is_switch(option: Option) -> bool:
    return option.form in {Form.SWITCH, Form.OFF_SWITCH}


def _shown(value: object) -> str:
    return f"a {type(value).__name__}" if isinstance(value, (dict, list)) else f"the {type(value).__name__} {value}"


def _wanted(option: Option) -> str:
    if _is_switch(option):
        return "true or false"
    return "a number" if int in _TYPES.get(option.parse, ()) else "a text"


def _sentence(option: Option, table: Mapping[str, object], place: str) -> str:
    """A rule's table as the sentence that the command line takes."""
    where = f"[[{option.name}]] in {place}"
    _refuse_unknown(table, [key.name for key in option.keys], where)
    for key in option.keys:
        _check_key(key, table, where)
    optional = [key.name for key in option.keys if not key.required]
    given = [name for name in optional if name in table]
    if optional and len(given) != 1:
        raise UsageError(f"{where} has {' and '.join(given) or 'none'} of {' and '.join(optional)}; give one of them.")
    return rules.sentence(table)


def _check_key(key: Key, table: Mapping[str, object], where: str) -> None:
    value = table.get(key.name)
    if value is None and key.required:
        raise UsageError(f"{where} has no `{key.name}`: {key.help} Every rule says so; add it.")
    good = isinstance(value, str) or (key.day and isinstance(value, date))
    if value is not None and not (good and str(value).strip()):
        raise UsageError(f"`{key.name}` of {where} is {value!r}; give a {'day' if key.day else 'text'}.")
