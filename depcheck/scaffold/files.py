"""The two files that `init` writes."""

import json
from collections.abc import Iterable, Sequence
from hashlib import sha256
from pathlib import Path

from depcheck import __version__
from depcheck.core.errors import UsageError
from depcheck.core.options import CHECK, Form, Option
from depcheck.core.plain import one_line
from depcheck.scaffold.look import Found, Service

WORKFLOW_PATH = ".github/workflows/depcheck.yml"
CONFIG_PATH = "depcheck.toml"
_OF_ONE_RUN = {"repo", "report", "as-of", "good", "only"}
_RULES = {
    "hold": '["kombu<4.2 until 2030-01-01 because the reason is this"]',
    "ignore": '["django until 2030-01-01 because the reason is this"]',
}
SCHEMA = f"https://raw.githubusercontent.com/depcheck-action/depcheck/v{__version__}/docs/depcheck.schema.json"

_WORKFLOW = """\
# Every night: would a fresh resolution of the requirements still work, and if not, which release broke it?
name: depcheck

on:
  schedule:
    # An odd minute: at full hours the runners are busy, and scheduled runs are delayed or dropped.
    - cron: "{minute} {hour} * * *"
  workflow_dispatch:

permissions: {{}}

concurrency:
  group: depcheck
  cancel-in-progress: false

jobs:
  depcheck:
    runs-on: ubuntu-latest
    timeout-minutes: 120
    permissions:
      contents: write # the branch of the pull request
      pull-requests: write
      issues: write
{services}    steps:
      - uses: actions/checkout@8e8c483db84b4bee98b60c0593521ed34d9990e8 # v6.0.1
        with:
          persist-credentials: false
          fetch-depth: 0 # when the lockfiles were committed
      # Pin the commit of this tag: a tag can be moved.
      - uses: {action}
{index}"""
# The owner's name is filled in by the release; the tag is this version's own.
ACTION = f"depcheck-action/depcheck@v{__version__}"
_DOCS = "https://depcheck-action.github.io/depcheck/how-to"


def paths(repo: Path) -> tuple[Path, Path]:
    """Where the workflow and the configuration go."""
    return repo / WORKFLOW_PATH, repo / CONFIG_PATH


def write(repo: Path, found: Found, boot: str = "") -> tuple[Path, ...]:
    """Write both files and give their paths. Raises UsageError, with nothing written, where one exists."""
    contents = dict(zip(paths(repo), (workflow(repo.resolve().name, found), configuration(found, boot)), strict=True))
    for path in contents:
        if path.exists() or path.is_symlink():
            raise UsageError(f"{path} exists and stays as it is; remove it first if you want a new one.")
    for path, content in contents.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return tuple(contents)


def workflow(name: str, found: Found | None = None) -> str:
    """The workflow; the repository's `name` decides its minute, so that not all start at once."""
    digest = sha256(name.encode()).digest()
    found = found or Found()
    return _WORKFLOW.format(
        minute=digest[0] % 28 * 2 + 3,
        hour=2 + digest[1] % 4,
        action=ACTION,
        services=_services(found.services),
        index=_index(found) + _system(found),
    )


def _services(services: Sequence[Service]) -> str:
    if not services:
        return ""
    lines = [f"Found in {services[0].place}. Services are reached by their names; see {_DOCS}/services/", "services:"]
    for each in services:
        lines += [f"  {each.name}:", f"    image: {each.image} # put its digest here"]
    return _commented_block(lines, "    ")


def _index(found: Found) -> str:
    if not found.indexes:
        return ""
    host = found.indexes[0].partition("://")[2]
    lines = [
        f"A private index: its password as a secret, in this variable alone; see {_DOCS}/private-index/",
        "env:",
        f"  PIP_EXTRA_INDEX_URL: https://user:${{{{ secrets.INDEX_PASSWORD }}}}@{host}",
    ]
    return _commented_block(lines, "        ")


def _system(found: Found) -> str:
    if not found.system:
        return ""
    names = ", ".join(found.system[:8])
    line = f"Some file installs {names}. Where packages need them: {_DOCS}/system-packages/"
    return _commented_block([line], "        ")


def _commented_block(lines: Iterable[str], indent: str) -> str:
    return "".join(f"{indent}# {line}\n" for line in lines if line.isprintable())


def configuration(found: Found, boot: str = "") -> str:
    """The configuration: what was found, then every option as a comment with its default."""
    head = [
        f"#:schema {SCHEMA}",
        "# Options of depcheck, each also one of the command line and of the action.",
        "# Found here:",
    ]
    told = [f"#   {one_line(line, 400)}" for line in found.lines()]
    given = {"boot": f"[{json.dumps(boot)}]"} if boot else {}
    hints = {"network": _network(found)}
    options = [line for option in CHECK for line in _option(option, given, hints)]
    return "\n".join([*head, *told, *options]) + "\n"


def _network(found: Found) -> str:
    ports = ",".join(str(port) for port in dict.fromkeys(each.port for each in found.services))
    return f" For the services found here: {ports}." if ports else ""


def _option(option: Option, given: dict[str, str], hints: dict[str, str]) -> list[str]:
    if option.name in _OF_ONE_RUN:
        return []
    words = f"# {option.help} Default: {option.default}.{hints.get(option.name, '')}"
    if option.name in given:
        return ["", words, f"{option.name} = {given[option.name]}"]
    example = {Form.SWITCH: "true", Form.OFF_SWITCH: "true", Form.MANY: f'["{option.metavar}"]'}
    value = _RULES.get(option.name) or example.get(option.form, f'"{option.metavar}"')
    return ["", words, f"# {option.name} = {value}"]
