"""Makes github_openapi.json: the operations that depcheck uses, of GitHub's official OpenAPI description.

    npm pack @octokit/openapi && tar xzf octokit-openapi-*.tgz
    python tests/publishing/extract_openapi.py package

Descriptions, examples and extensions are left out; nothing else is changed.
"""

import json
import sys
from pathlib import Path

REPO = "/repos/{owner}/{repo}"
OPERATIONS = (
    ("get", REPO),
    ("get", f"{REPO}/issues"),
    ("post", f"{REPO}/issues"),
    ("patch", f"{REPO}/issues/{{issue_number}}"),
    ("get", f"{REPO}/issues/{{issue_number}}/comments"),
    ("post", f"{REPO}/issues/{{issue_number}}/comments"),
    ("post", f"{REPO}/issues/{{issue_number}}/labels"),
    ("post", f"{REPO}/issues/{{issue_number}}/assignees"),
    ("get", f"{REPO}/actions/runs/{{run_id}}/attempts/{{attempt_number}}/jobs"),
    ("get", f"{REPO}/labels/{{name}}"),
    ("post", f"{REPO}/labels"),
    ("get", f"{REPO}/pulls"),
    ("post", f"{REPO}/pulls"),
    ("get", f"{REPO}/pulls/{{pull_number}}"),
    ("post", f"{REPO}/pulls/{{pull_number}}/requested_reviewers"),
    ("get", f"{REPO}/git/ref/{{ref}}"),
    ("get", f"{REPO}/git/matching-refs/{{ref}}"),
    ("post", f"{REPO}/git/refs"),
    ("patch", f"{REPO}/git/refs/{{ref}}"),
    ("delete", f"{REPO}/git/refs/{{ref}}"),
    ("get", f"{REPO}/commits/{{ref}}"),
    ("get", f"{REPO}/git/trees/{{tree_sha}}"),
    ("post", f"{REPO}/git/trees"),
    ("get", f"{REPO}/git/blobs/{{file_sha}}"),
    ("post", f"{REPO}/git/blobs"),
    ("post", f"{REPO}/git/commits"),
)
_LEFT_OUT = ("description", "example", "examples", "externalDocs", "summary", "tags")
_NAMED = ("properties", "schemas", "parameters", "responses", "headers")  # keys there are names, not keywords


def slim(value, *, names=False):
    """`value` without what only people read."""
    if isinstance(value, dict):
        kept = {k: v for k, v in value.items() if names or not (k in _LEFT_OUT or k.startswith("x-"))}
        return {k: slim(v, names=not names and k in _NAMED) for k, v in kept.items()}
    return [slim(each) for each in value] if isinstance(value, list) else value


def referenced(value):
    """All references in `value`."""
    if isinstance(value, dict):
        found = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        return found + [ref for each in value.values() for ref in referenced(each)]
    return [ref for each in value for ref in referenced(each)] if isinstance(value, list) else []


def extract(description, package):
    """Return the operations with all that they refer to."""
    paths = {}
    for method, path in OPERATIONS:
        paths.setdefault(path, {})[method] = slim(description["paths"][path][method])
    components = {}
    waiting = referenced(paths)
    while waiting:
        kind, name = waiting.pop().removeprefix("#/components/").split("/")
        if name not in components.setdefault(kind, {}):
            components[kind][name] = slim(description["components"][kind][name])
            waiting += referenced(components[kind][name])
    source = {"package": package["name"], "version": package["version"], "license": package["license"]}
    source["file"] = "generated/api.github.com.json"
    source["copyright"] = "GitHub and the contributors of Octokit; MIT License"
    return {"source": source, "openapi": description["openapi"], "paths": paths, "components": components}


def main():
    folder = Path(sys.argv[1])
    description = json.loads((folder / "generated/api.github.com.json").read_text())
    found = extract(description, json.loads((folder / "package.json").read_text()))
    Path(__file__).with_name("github_openapi.json").write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
