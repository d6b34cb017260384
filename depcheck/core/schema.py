"""The JSON schema of the configuration, made from the table of options: for editors, and for checks before a commit."""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from depcheck.core import rules, values
from depcheck.core.options import CHECK, ENVIRONMENT, NAME, Form, Key, Option
from depcheck.core.toml_source import ENVIRONMENT_KEY, NOT_CONFIGURED

Schema = dict[str, Any]

_TEXT: Schema = {"type": "string", "pattern": "^[^\\u0000]*$"}
_FILLED: Schema = {"type": "string", "pattern": "\\S"}
_AMOUNT: Schema = {"anyOf": [{"type": "number", "minimum": 0}, {"type": "string", "pattern": "^\\d{1,9}(\\.\\d+)?$"}]}
_TIME: Schema = {
    "anyOf": [
        {"type": "number", "exclusiveMinimum": 0},
        {"type": "string", "pattern": "^(?=.*[1-9])\\d{1,9}(\\.\\d+)?$"},
    ]
}
_SWITCH: Schema = {"anyOf": [{"type": "boolean"}, {"enum": ["true", "false"]}]}
_PATH: Schema = {"type": "string", "pattern": "^(?!/)(?!(.*/)?\\.\\.(/|$))(?!(\\./?)*$)[^\\u0000]+$"}
_DAY: Schema = {"type": "string", "pattern": "^\\d{4}-\\d\\d-\\d\\d$", "format": "date"}
_PORT = "\\s*(?=\\d*[1-9])\\d{1,5}\\s*"
_PORTS = f"^(open|off|{_PORT}(,{_PORT})*)$"
_RESERVED = "|".join(
    "".join(f"[{letter}{letter.lower()}]" for letter in word)
    for word in ("INPUT", "ACTIONS", "GITHUB", "GH", "RUNNER", "DEPCHECK")
)
_SENTENCE = "\\S\\s+until\\s+\\d{4}-\\d\\d-\\d\\d\\s+because\\s+\\S"

_SHAPES: Mapping[Callable[[str], object], Schema] = {
    values.text: _TEXT,
    values.label: _FILLED,
    values.location: {"type": "string", "minLength": 1},
    values.inside: _PATH,
    values.python_version: {"type": "string", "pattern": "^[23]\\.\\d{1,2}$"},
    values.when: {"type": "string", "pattern": "^\\d{4}-\\d\\d-\\d\\d([T ]\\d\\d:.*)?$"},
    values.days: _AMOUNT,
    values.seconds: _TIME,
    values.minutes: _TIME,
    values.count: {
        "anyOf": [
            {"type": "integer", "minimum": 1, "maximum": 999_999},
            {"type": "string", "pattern": "^(?=.*[1-9])\\d{1,6}$"},
        ]
    },
    values.boolean: _SWITCH,
    values.negated: _SWITCH,
    values.url: {"type": "string", "pattern": "^https?://[^/]"},
    values.variable: {
        "type": "string",
        "pattern": f"^(?!({_RESERVED})_)[A-Za-z_][A-Za-z0-9_]*$",
    },
    values.project_form: {"type": "string", "enum": list(values.PROJECT_FORMS)},
    values.network: {
        "anyOf": [
            {"type": "string", "pattern": _PORTS},
            {"type": "integer", "minimum": 1, "maximum": 65_535},
        ]
    },
    values.group: {"anyOf": [_PATH, {"type": "array", "items": _PATH, "minItems": 1}]},
    values.compile_command: {
        "type": "string",
        "pattern": "^(?!\\s*/)(?!\\s*(.*/)?\\.\\.(/|\\s*=))[^=\\u0000]*[^=\\s./][^=\\u0000]*=.*"
        "((^|[\\s/=])pip-compile(\\s|$)|-m piptools compile|\\buv pip compile\\b)",
    },
    rules.hold: {"type": "string", "pattern": _SENTENCE},
    rules.ignore: {"type": "string", "pattern": _SENTENCE},
}


def schema() -> Schema:
    """The schema of `depcheck.toml`, and of the table `tool.depcheck` in `pyproject.toml`."""
    environment = _table((NAME, *ENVIRONMENT)) | {"required": ["name"]}
    whole = _table(CHECK)
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


def text() -> str:
    """The schema as it is published."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def _table(options: Iterable[Option]) -> Schema:
    known = {option.name: _property(option) for option in options if option.name not in NOT_CONFIGURED}
    return {"type": "object", "properties": known, "additionalProperties": False}


def _property(option: Option) -> Schema:
    default = f" Default: {option.default}." if option.default else ""
    one = _SHAPES[option.parse]
    if option.keys:
        one = {"anyOf": [one, _rule(option.keys)]}
    many = {"anyOf": [one, {"type": "array", "items": one}]}
    return {"description": f"{option.help}{default}", **(many if option.form is Form.MANY else one)}


def _rule(keys: tuple[Key, ...]) -> Schema:
    """A rule's table; of its optional keys exactly one is to be given."""
    known = {key.name: {"description": key.help, **(_DAY if key.day else _FILLED)} for key in keys}
    either = [{"required": [key.name]} for key in keys if not key.required]
    return {
        "type": "object",
        "properties": known,
        "required": [key.name for key in keys if key.required],
        "additionalProperties": False,
        **({"oneOf": either} if either else {}),
    }
