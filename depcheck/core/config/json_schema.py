"""Build the JSON schema of the configuration from the table of options.

For editors, and for checks before a commit.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from depcheck.core.config import parsers, rules
from depcheck.core.config.options import CHECK_OPTIONS, ENVIRONMENT_OPTIONS, NAME_OPTION, Option, OptionForm, TableKey
from depcheck.core.config.toml_file import ENVIRONMENT_KEY, UNCONFIGURABLE_OPTIONS

JsonSchema = dict[str, Any]

_TEXT: JsonSchema = {"type": "string", "pattern": "^[^\\u0000]*$"}
_FILLED: JsonSchema = {"type": "string", "pattern": "\\S"}
_AMOUNT: JsonSchema = {
    "anyOf": [{"type": "number", "minimum": 0}, {"type": "string", "pattern": "^\\d{1,9}(\\.\\d+)?$"}]
}
_TIME: JsonSchema = {
    "anyOf": [
        {"type": "number", "exclusiveMinimum": 0},
        {"type": "string", "pattern": "^(?=.*[1-9])\\d{1,9}(\\.\\d+)?$"},
    ]
}
_SWITCH: JsonSchema = {"anyOf": [{"type": "boolean"}, {"enum": ["true", "false"]}]}
_PATH: JsonSchema = {"type": "string", "pattern": "^(?!/)(?!(.*/)?\\.\\.(/|$))(?!(\\./?)*$)[^\\u0000]+$"}
_DAY: JsonSchema = {"type": "string", "pattern": "^\\d{4}-\\d\\d-\\d\\d$", "format": "date"}
_PORT = "\\s*(?=\\d*[1-9])\\d{1,5}\\s*"
_PORTS = f"^(open|off|{_PORT}(,{_PORT})*)$"
_RESERVED = "|".join(
    "".join(f"[{letter}{letter.lower()}]" for letter in word)
    for word in ("INPUT", "ACTIONS", "GITHUB", "GH", "RUNNER", "DEPCHECK")
)
_RULE_SENTENCE_PATTERN = "\\S\\s+until\\s+\\d{4}-\\d\\d-\\d\\d\\s+because\\s+\\S"

_PARSER_SCHEMAS: Mapping[Callable[[str], object], JsonSchema] = {
    parsers.parse_text: _TEXT,
    parsers.parse_label: _FILLED,
    parsers.parse_local_path: {"type": "string", "minLength": 1},
    parsers.parse_repository_path: _PATH,
    parsers.parse_python_version: {"type": "string", "pattern": "^[23]\\.\\d{1,2}$"},
    parsers.parse_moment: {"type": "string", "pattern": "^\\d{4}-\\d\\d-\\d\\d([T ]\\d\\d:.*)?$"},
    parsers.parse_days: _AMOUNT,
    parsers.parse_seconds: _TIME,
    parsers.parse_minutes: _TIME,
    parsers.parse_count: {
        "anyOf": [
            {"type": "integer", "minimum": 1, "maximum": 999_999},
            {"type": "string", "pattern": "^(?=.*[1-9])\\d{1,6}$"},
        ]
    },
    parsers.parse_boolean: _SWITCH,
    parsers.parse_negated_boolean: _SWITCH,
    parsers.parse_index_url: {"type": "string", "pattern": "^https?://[^/]"},
    parsers.parse_variable_name: {
        "type": "string",
        "pattern": f"^(?!({_RESERVED})_)[A-Za-z_][A-Za-z0-9_]*$",
    },
    parsers.project_form: {"type": "string", "enum": list(parsers.PROJECT_FORMS)},
    parsers.parse_network: {
        "anyOf": [
            {"type": "string", "pattern": _PORTS},
            {"type": "integer", "minimum": 1, "maximum": 65_535},
        ]
    },
    parsers.parse_path_group: {"anyOf": [_PATH, {"type": "array", "items": _PATH, "minItems": 1}]},
    parsers.parse_path_with_command: {
        "type": "string",
        "pattern": "^(?!\\s*/)(?!\\s*(.*/)?\\.\\.(/|\\s*=))[^=\\u0000]*[^=\\s./][^=\\u0000]*=.*"
        "((^|[\\s/=])pip-compile(\\s|$)|-m piptools compile|\\buv pip compile\\b)",
    },
    rules.parse_hold_rule: {"type": "string", "pattern": _RULE_SENTENCE_PATTERN},
    rules.parse_ignore_rule: {"type": "string", "pattern": _RULE_SENTENCE_PATTERN},
}


def build_config_schema() -> JsonSchema:
    """Build the schema of `depcheck.toml`.

    It also describes the table `tool.depcheck` of `pyproject.toml`.
    """
    environment = _build_table_schema((NAME_OPTION, *ENVIRONMENT_OPTIONS)) | {"required": ["name"]}
    whole = _build_table_schema(CHECK_OPTIONS)
    whole["properties"][ENVIRONMENT_KEY] = {
        "description": "Environments with options of their own, each by its name.",
        "type": "array",
        "items": environment,
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "The configuration of depcheck",
        **whole,
    }


def render_config_schema() -> str:
    """Render the schema as the JSON text that is published."""
    return json.dumps(build_config_schema(), indent=2, ensure_ascii=False) + "\n"


def _build_table_schema(options: Iterable[Option]) -> JsonSchema:
    known = {
        option.name: _build_option_schema(option) for option in options if option.name not in UNCONFIGURABLE_OPTIONS
    }
    return {"type": "object", "properties": known, "additionalProperties": False}


def _build_option_schema(option: Option) -> JsonSchema:
    default = f" Default: {option.default}." if option.default else ""
    one = _PARSER_SCHEMAS[option.parser]
    if option.keys:
        one = {"anyOf": [one, _build_rule_schema(option.keys)]}
    many = {"anyOf": [one, {"type": "array", "items": one}]}
    return {"description": f"{option.help}{default}", **(many if option.form is OptionForm.MANY else one)}


def _build_rule_schema(keys: tuple[TableKey, ...]) -> JsonSchema:
    """Build the schema of a rule's table.

    Exactly one of its optional keys has to be given.
    """
    known = {key.name: {"description": key.help, **(_DAY if key.is_day else _FILLED)} for key in keys}
    either = [{"required": [key.name]} for key in keys if not key.is_required]
    return {
        "type": "object",
        "properties": known,
        "required": [key.name for key in keys if key.is_required],
        "additionalProperties": False,
        **({"oneOf": either} if either else {}),
    }
