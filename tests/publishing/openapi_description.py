"""GitHub's description, as check of requests and as source of answers."""

import json
import re
from functools import cache, lru_cache
from pathlib import Path
from urllib.parse import unquote

from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

DOCUMENT = json.loads(Path(__file__).with_name("github_openapi.json").read_text())


def _json_schema(value, *, closed=True):
    """Convert OpenAPI 3.0 schemas to closed JSON Schemas.

    Nullable is spelled out, and objects are closed where they list properties.
    """
    if isinstance(value, list):
        return [_json_schema(each, closed=closed) for each in value]
    if not isinstance(value, dict):
        return value
    found = {key: _json_schema(each, closed=key != "allOf") for key, each in value.items() if key != "nullable"}
    if closed and found.get("type") == "object" and isinstance(found.get("properties"), dict):
        found.setdefault("additionalProperties", False)
    return {"anyOf": [found, {"type": "null"}]} if value.get("nullable") is True else found


_CONVERTED = _json_schema(DOCUMENT)
_REGISTRY = Registry().with_resource("github:", Resource(_CONVERTED, DRAFT202012))


def _absolute(schema):
    if isinstance(schema, dict):
        absolute = {key: _absolute(value) for key, value in schema.items()}
        if isinstance(schema.get("$ref"), str):
            absolute["$ref"] = f"github:{schema['$ref']}" if schema["$ref"].startswith("#") else schema["$ref"]
        return absolute
    return [_absolute(each) for each in schema] if isinstance(schema, list) else schema


def resolved(value):
    """`value`, or what it refers to."""
    while "$ref" in value:
        kind, name = value["$ref"].removeprefix("#/components/").split("/")
        value = DOCUMENT["components"][kind][name]
    return value


_PATTERNS = [
    (
        re.compile(
            re.sub(r"\\\{(\w+)\\\}", lambda m: f"(?P<{m[1]}>{'.+' if m[1] == 'ref' else '[^/]+'})", re.escape(path))
        ),
        path,
    )
    for path in sorted(DOCUMENT["paths"], key=lambda path: path.count("{"))
]


def operation(method, path):
    """Find method, template and parameters, or None if not described."""
    for pattern, template in _PATTERNS:
        match = pattern.fullmatch(path)
        if match and method.lower() in DOCUMENT["paths"][template]:
            return (method.lower(), template), {key: unquote(value) for key, value in match.groupdict().items()}
    return None


def _described(op):
    return DOCUMENT["paths"][op[1]][op[0]]


@cache
def _validator(op, status):
    """Build the validator of a body, None if not described.

    Of an answer's body, or of the request's for status None.
    """
    described = _described(op)
    part = described.get("requestBody") if status is None else described["responses"].get(str(status))
    content = resolved(part).get("content") if part else None
    if not content:
        return None
    schema = _absolute(_json_schema(content["application/json"]["schema"]))
    return Draft202012Validator(schema, registry=_REGISTRY)


@lru_cache(maxsize=4096)
def _complaints(op, status, text):
    validator = _validator(op, status)
    if validator is None and status is not None and status >= 400:
        return ()  # some refusals are listed without their body
    if validator is None:
        return (f"{op} {status}: no body is described",) if text != "null" else ()
    return tuple(
        f"{op} {status}: {error.json_path}: {error.message[:300]}" for error in validator.iter_errors(json.loads(text))
    )


_FREE_TEXT = frozenset({"body", "title", "sha", "message", "content", "html_url", "ref"})


def _judged(value):
    """Reduce `value` to what complaints depend on.

    Free text is as good as any other text.
    """
    if isinstance(value, dict):
        return {k: "0" * 40 if k in _FREE_TEXT and isinstance(v, str) else _judged(v) for k, v in value.items()}
    return [_judged(each) for each in value] if isinstance(value, list) else value


def request_complaints(op, query, body):
    """Return complaints about a request."""
    allowed = {
        resolved(each)["name"] for each in _described(op).get("parameters", ()) if resolved(each)["in"] == "query"
    }
    unknown = [f"{op}: unknown query parameter {name}" for name in query if name not in allowed]
    return (*unknown, *_complaints(op, None, json.dumps(_judged(body), sort_keys=True)))


def answer_complaints(op, status, body):
    """Return complaints about an answer."""
    if str(status) not in _described(op)["responses"]:
        return (f"{op}: status {status} is not described",)
    return _complaints(op, status, json.dumps(_judged(body), sort_keys=True))


_STRINGS = {"uri": "https://github.test/x", "date-time": "2026-11-22T03:17:00Z", "email": "a@github.test"}


def instance(name):
    """Build a smallest object of the component `name`."""
    return json.loads(_instance_text(name))


@cache
def _instance_text(name):
    return json.dumps(_smallest(DOCUMENT["components"]["schemas"][name]))


def _smallest(schema):
    schema = resolved(schema)
    for choice in ("oneOf", "anyOf", "allOf"):
        if choice in schema:
            return _smallest(schema[choice][0])
    if schema.get("nullable"):
        return None
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema.get("type", "object")
    if kind == "object":
        return {key: _smallest(schema["properties"][key]) for key in schema.get("required", ())}
    if kind == "string":
        return _STRINGS.get(schema.get("format", ""), "x")
    return {"integer": 1, "number": 1, "boolean": False, "array": []}[kind]
