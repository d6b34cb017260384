"""Types of options: how to parse, what TOML holds, JSON schema."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from depcheck.core.config import bans, cooldown, parsers, rules
from depcheck.core.lockfiles.formats.known_formats import list_command_patterns

JsonSchema = dict[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class OptionType:
    """One type of options.

    `parse` raises a ValueError whose message is appended to the option's name. `toml_types` are those of the
    configuration's values, beside texts. A type that `is_list` parses one text into a tuple of values.
    """

    parse: Callable[[str], object]
    schema: JsonSchema
    toml_types: tuple[type, ...] = ()
    is_list: bool = False


_TEXT_SCHEMA: JsonSchema = {"type": "string", "pattern": "^[^\\u0000]*$"}
FILLED_TEXT_SCHEMA: JsonSchema = {"type": "string", "pattern": "\\S"}
_DAYS_SCHEMA: JsonSchema = {
    "anyOf": [{"type": "number", "minimum": 0}, {"type": "string", "pattern": "^\\d{1,9}(\\.\\d+)?[hd]?$"}]
}
_TIME_SCHEMA: JsonSchema = {
    "anyOf": [
        {"type": "number", "exclusiveMinimum": 0},
        {"type": "string", "pattern": "^(?=.*[1-9])\\d{1,9}(\\.\\d+)?$"},
    ]
}
_BOOLEAN_SCHEMA: JsonSchema = {"anyOf": [{"type": "boolean"}, {"enum": ["true", "false"]}]}
_PATH_SCHEMA: JsonSchema = {"type": "string", "pattern": "^(?!/)(?!(.*/)?\\.\\.(/|$))(?!(\\./?)*$)[^\\u0000]+$"}
DAY_SCHEMA: JsonSchema = {"type": "string", "pattern": "^\\d{4}-\\d\\d-\\d\\d$", "format": "date"}
# The command may stand right behind the equals sign that ends the path.
_COMPILE_COMMANDS = "|".join(list_command_patterns()).replace("[\\s/]", "[\\s/=]")
_PORT = "\\s*(?=\\d*[1-9])\\d{1,5}\\s*"
_PORTS = f"^(open|off|(\\s*open\\s*,)?{_PORT}(,{_PORT})*)$"
_RESERVED = "|".join(
    "".join(f"[{letter}{letter.lower()}]" for letter in word)
    for word in ("INPUT", "ACTIONS", "GITHUB", "GH", "RUNNER", "DEPCHECK")
)
_NAME_PATTERN = "^\\s*[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?"
_LAST_DAY_PATTERN = "\\s+until\\s+\\d{4}-\\d\\d-\\d\\d"
_REASON_PATTERN = "\\s+because\\s+\\S"
_EXCEPTION_SENTENCE_PATTERN = f"{_NAME_PATTERN}({_LAST_DAY_PATTERN})?{_REASON_PATTERN}"
_BAN_SENTENCE_PATTERN = f"{_NAME_PATTERN}(==[A-Za-z0-9.!+_*-]+)?({_LAST_DAY_PATTERN})?{_REASON_PATTERN}"
_RULE_SENTENCE_PATTERN = f"\\S{_LAST_DAY_PATTERN}{_REASON_PATTERN}"

TEXT = OptionType(parsers.parse_text, _TEXT_SCHEMA)
LABEL = OptionType(parsers.parse_label, FILLED_TEXT_SCHEMA)
LABEL_LIST = OptionType(parsers.parse_label_list, FILLED_TEXT_SCHEMA, is_list=True)
LOCAL_PATH = OptionType(parsers.parse_local_path, {"type": "string", "minLength": 1})
REPOSITORY_PATH = OptionType(parsers.parse_repository_path, _PATH_SCHEMA)
PYTHON_VERSION = OptionType(parsers.parse_python_version, {"type": "string", "pattern": "^[23]\\.\\d{1,2}$"})
MOMENT = OptionType(
    parsers.parse_moment, {"type": "string", "pattern": "^\\d{4}-\\d\\d-\\d\\d([T ]\\d\\d:.*)?$"}, (date,)
)
DAYS = OptionType(parsers.parse_days, _DAYS_SCHEMA, (int, float))
SECONDS = OptionType(parsers.parse_seconds, _TIME_SCHEMA, (int, float))
MINUTES = OptionType(parsers.parse_minutes, _TIME_SCHEMA, (int, float))
COUNT = OptionType(
    parsers.parse_count,
    {
        "anyOf": [
            {"type": "integer", "minimum": 1, "maximum": 999_999},
            {"type": "string", "pattern": "^(?=.*[1-9])\\d{1,6}$"},
        ]
    },
    (int,),
)
BOOLEAN = OptionType(parsers.parse_boolean, _BOOLEAN_SCHEMA, (bool,))
NEGATED_BOOLEAN = OptionType(parsers.parse_negated_boolean, _BOOLEAN_SCHEMA, (bool,))
INDEX_URL = OptionType(parsers.parse_index_url, {"type": "string", "pattern": "^https?://[^/]"})
VARIABLE_NAME = OptionType(
    parsers.parse_variable_name,
    {
        "type": "string",
        "pattern": f"^(?!({_RESERVED})_)[A-Za-z_][A-Za-z0-9_]*$",
    },
)
_GROUP_NAME = "^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$"
GROUP_NAME = OptionType(parsers.parse_group_name, {"type": "string", "pattern": _GROUP_NAME})
PROJECT_FORM = OptionType(parsers.parse_project_form, {"type": "string", "enum": list(parsers.PROJECT_FORMS)})
NETWORK = OptionType(
    parsers.parse_network,
    {
        "anyOf": [
            {"type": "string", "pattern": _PORTS},
            {"type": "integer", "minimum": 1, "maximum": 65_535},
        ]
    },
    (int,),
)
PATH_GROUP = OptionType(
    parsers.parse_path_group, {"anyOf": [_PATH_SCHEMA, {"type": "array", "items": _PATH_SCHEMA, "minItems": 1}]}
)
PATH_WITH_COMMAND = OptionType(
    parsers.parse_path_with_command,
    {
        "type": "string",
        "pattern": f"^(?!\\s*/)(?!\\s*(.*/)?\\.\\.(/|\\s*=))[^=\\u0000]*[^=\\s./][^=\\u0000]*=.*({_COMPILE_COMMANDS})",
    },
)
HOLD_RULE = OptionType(rules.parse_hold_rule, {"type": "string", "pattern": _RULE_SENTENCE_PATTERN})
IGNORE_RULE = OptionType(rules.parse_ignore_rule, {"type": "string", "pattern": _RULE_SENTENCE_PATTERN})
COOLDOWN_EXCEPTION = OptionType(
    cooldown.parse_cooldown_exception, {"type": "string", "pattern": _EXCEPTION_SENTENCE_PATTERN}
)
REQUIRED_PROOF = OptionType(parsers.parse_required_proof, {"enum": ["provenance"]})
BAN = OptionType(bans.parse_ban, {"type": "string", "pattern": _BAN_SENTENCE_PATTERN})
BRANCH_PREFIX = OptionType(parsers.parse_branch_prefix, _TEXT_SCHEMA)
BRANCH_NAME = OptionType(parsers.parse_branch_prefix, _TEXT_SCHEMA)
TITLE_PREFIX = OptionType(parsers.parse_label, FILLED_TEXT_SCHEMA)
