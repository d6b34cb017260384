"""Read raw options from the configuration's TOML text.

Unknown keys and values of the wrong type are refused, with their place in the message.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import date
from difflib import get_close_matches

from depcheck.core.config import rules
from depcheck.core.config.option_form import Option, OptionForm, TableKey
from depcheck.core.config.options import CHECK_OPTIONS, ENVIRONMENT_OPTIONS, NAME_OPTION
from depcheck.core.config.publish_options import PUBLISH_OPTIONS
from depcheck.core.config.settings import RawOption, RawOptions
from depcheck.core.model.errors import UsageError
from depcheck.core.text import toml

ENVIRONMENT_KEY = "environment"
ACTION_INPUTS = {
    "command": "name the command first, as in `depcheck check`",
    "token": "set the variable GITHUB_TOKEN",
    "fail-on": "use the exit status: 1 is broken, 3 is not checked",
}
_SECRET_KEY = re.compile(r"(?i)(?:^|[-_])(?:token|password|passwd|secret|api[-_]?key|credentials?)$")
UNCONFIGURABLE_OPTIONS = {
    "repo": "it is found through the repository",
    "only": "a configuration is for every environment",
    "dry-run": "it is for one run; give it to that run",
}
CONFIGURATION_OPTIONS = (*CHECK_OPTIONS, *PUBLISH_OPTIONS)


def read_toml_options(content: str, place: str, *, table: tuple[str, ...] = ()) -> RawOptions:
    """Read the options in a TOML text.

    `table` is the path to them (`tool`, `depcheck`); a missing table is empty. `place` names the text in
    messages.

    Raises:
        UsageError: The text is no TOML, has an unknown key, or a value of the wrong type.
    """
    try:
        found: object = toml.parse_toml(content)
    except ValueError as error:
        raise UsageError(f"{place} is not valid TOML ({error}), so its options are unknown; mend it.") from None
    for key in table:
        found = found.get(key, {}) if isinstance(found, dict) else found
    if not isinstance(found, dict):
        raise UsageError(f"[{'.'.join(table)}] in {place} is not a table; write it as one, with a key per option.")
    return _read_table(found, CONFIGURATION_OPTIONS, place, tables=True)


def _read_table(
    found: Mapping[str, object], options: tuple[Option, ...], place: str, *, tables: bool = False
) -> RawOptions:
    known = [*(option.name for option in options), *([ENVIRONMENT_KEY] if tables else [])]
    _refuse_unknown_keys(found, [name for name in known if name not in UNCONFIGURABLE_OPTIONS], place)
    named = {option.name: option for option in options}
    return {
        name: RawOption(f"`{name}` in {place}", _convert_values(named[name], value, place))
        if name in named
        else _read_environments(value, place)
        for name, value in found.items()
    }


def _refuse_unknown_keys(found: Mapping[str, object], known: list[str], place: str) -> None:
    for name, value in found.items():
        _refuse_misplaced_key(name, value, place)
        if name in UNCONFIGURABLE_OPTIONS:
            raise UsageError(f"{place} sets `{name}`, but {UNCONFIGURABLE_OPTIONS[name]}; remove the key.")
        if name not in known:
            raise UsageError(f"{place} sets {name!r}, which is not an option; {_suggest_name(name, known)}")


def _refuse_misplaced_key(name: str, value: object, place: str) -> None:
    """Refuse secrets, what only the action takes, and the table's own name."""
    if name == "tool" and isinstance(value, dict) and "depcheck" in value:
        raise UsageError(
            f"{place} has the table [tool.depcheck], which is for pyproject.toml. Remove that one line: in a file of "
            "depcheck's own the options are at the top."
        )
    if _SECRET_KEY.search(name):
        raise UsageError(
            f"{place} sets {name!r}. A secret in a committed file can be read by everyone who has the repository. "
            f"Remove it and revoke it; in a workflow write `with: token: ${{{{ secrets.NAME }}}}`, elsewhere set "
            "GITHUB_TOKEN."
        )
    if name in ACTION_INPUTS:
        raise UsageError(f"{place} sets {name!r}, which only the action takes; put it below `with:` in the workflow.")


def _suggest_name(name: str, known: Iterable[str]) -> str:
    near = get_close_matches(name.replace("_", "-").lower(), [*known], n=1)
    return f"did you mean {near[0]!r}?" if near else f"there are {', '.join(sorted(known))}."


def _read_environments(value: object, place: str) -> RawOption:
    """Read each `[[environment]]`: its name, and its own options."""
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise UsageError(f"`environment` in {place} is no array of tables; begin each one with [[environment]].")
    tables = tuple(_read_table(each, (NAME_OPTION, *ENVIRONMENT_OPTIONS), f"[[environment]] {number} in {place}")
                   for number, each in enumerate(value, 1))  # fmt: skip
    names = [table["name"].texts[0] if "name" in table and table["name"].texts else "" for table in tables]
    for number, name in enumerate(names, 1):
        if not name.strip():
            raise UsageError(f"[[environment]] {number} in {place} has no `name`; give one, such as name = 'py312'.")
        if names.count(name) > 1:
            raise UsageError(f"Two [[environment]] in {place} have the name {name!r}; give each its own.")
    return RawOption(f"`environment` in {place}", tables=tables)


def _convert_values(option: Option, value: object, place: str) -> tuple[str, ...]:
    if isinstance(value, list):
        if option.form is not OptionForm.MANY:
            raise UsageError(f"`{option.name}` in {place} takes one value, not a list; give one.")
        return tuple(_convert_value(option, item, place) for item in value)
    return (_convert_value(option, value, place),)


def _convert_value(option: Option, value: object, place: str) -> str:
    if isinstance(value, dict) and option.keys:
        return _convert_rule_table(option, value, place)
    if option.name == "python" and isinstance(value, float):
        raise UsageError(f"`python` in {place} is a number, in which 3.10 is 3.1; put it in quotes.")
    if isinstance(value, list) and option.name == "together" and all(isinstance(each, str) for each in value):
        return ",".join(value)
    strange = isinstance(value, bool) and not _is_switch(option)  # a bool is an int, too
    if strange or not isinstance(value, (str, *option.type.toml_types)):
        raise UsageError(
            f"`{option.name}` in {place} is {_describe_value(value)}; give {_describe_expected_type(option)}."
        )
    if isinstance(value, bool):
        return str(value).lower()
    return value.isoformat() if isinstance(value, date) else str(value)


def _is_switch(option: Option) -> bool:
    return option.form in {OptionForm.SWITCH, OptionForm.OFF_SWITCH}


def _describe_value(value: object) -> str:
    return f"a {type(value).__name__}" if isinstance(value, (dict, list)) else f"the {type(value).__name__} {value}"


def _describe_expected_type(option: Option) -> str:
    if _is_switch(option):
        return "true or false"
    return "a number" if int in option.type.toml_types else "a text"


def _convert_rule_table(option: Option, table: Mapping[str, object], place: str) -> str:
    """Convert a rule's table to the sentence that the command line takes."""
    where = f"[[{option.name}]] in {place}"
    _refuse_unknown_keys(table, [key.name for key in option.keys], where)
    for key in option.keys:
        _check_rule_key(key, table, where)
    optional = [key.name for key in option.keys if not key.is_required]
    given = [name for name in optional if name in table]
    if optional and len(given) != 1:
        raise UsageError(f"{where} has {' and '.join(given) or 'none'} of {' and '.join(optional)}; give one of them.")
    return rules.format_rule_sentence(table)


def _check_rule_key(key: TableKey, table: Mapping[str, object], where: str) -> None:
    value = table.get(key.name)
    if value is None and key.is_required:
        raise UsageError(f"{where} has no `{key.name}`: {key.help} Every rule says so; add it.")
    good = isinstance(value, str) or (key.is_day and isinstance(value, date))
    if value is not None and not (good and str(value).strip()):
        raise UsageError(f"`{key.name}` of {where} is {value!r}; give a {'day' if key.is_day else 'text'}.")
