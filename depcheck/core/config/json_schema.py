"""Build the JSON schema of the configuration from the table of options."""

import json
from collections.abc import Iterable

from depcheck.core.config.option_form import Option, OptionForm, TableKey
from depcheck.core.config.option_types import DAY_SCHEMA, FILLED_TEXT_SCHEMA, JsonSchema
from depcheck.core.config.options import ENVIRONMENT_OPTIONS, NAME_OPTION
from depcheck.core.config.toml_file import CONFIGURATION_OPTIONS, ENVIRONMENT_KEY, UNCONFIGURABLE_OPTIONS


def build_config_schema() -> JsonSchema:
    """Build the schema of `depcheck.toml`.

    It also describes the table `tool.depcheck` of `pyproject.toml`.
    """
    environment = _build_table_schema((NAME_OPTION, *ENVIRONMENT_OPTIONS)) | {"required": ["name"]}
    whole = _build_table_schema(CONFIGURATION_OPTIONS)
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
    one = option.type.schema
    if option.keys:
        one = {"anyOf": [one, _build_rule_schema(option.keys)]}
    many = {"anyOf": [one, {"type": "array", "items": one}]}
    return {"description": f"{option.help}{default}", **(many if option.form is OptionForm.MANY else one)}


def _build_rule_schema(keys: tuple[TableKey, ...]) -> JsonSchema:
    """Build the schema of a rule's table.

    Exactly one of its optional keys has to be given.
    """
    known = {key.name: {"description": key.help, **(DAY_SCHEMA if key.is_day else FILLED_TEXT_SCHEMA)} for key in keys}
    either = [{"required": [key.name]} for key in keys if not key.is_required]
    return {
        "type": "object",
        "properties": known,
        "required": [key.name for key in keys if key.is_required],
        "additionalProperties": False,
        **({"oneOf": either} if either else {}),
    }
