"""The workflow and the configuration that `init` writes."""

import json
from collections.abc import Iterable, Sequence
from hashlib import sha256
from pathlib import Path

from depcheck import __version__
from depcheck.cli.init_detect import RepositoryFacts, Service
from depcheck.core.config.option_form import Option, OptionForm
from depcheck.core.config.toml_file import CONFIGURATION_OPTIONS, UNCONFIGURABLE_OPTIONS
from depcheck.core.model.errors import UsageError
from depcheck.core.text.terminal_safe import to_one_line

WORKFLOW_PATH = ".github/workflows/depcheck.yml"
CONFIG_PATH = "depcheck.toml"
_SINGLE_RUN_OPTIONS = {"report", "as-of", "good", *UNCONFIGURABLE_OPTIONS}
_RULE_EXAMPLES = {
    "hold": '["kombu<4.2 until 2030-01-01 because the reason is this"]',
    "ban": '["our-client==1.2.3 because it deletes files"]',
    "cooldown-except": '["our-client because we release it ourselves"]',
    "ignore": '["django until 2030-01-01 because the reason is this"]',
}
SCHEMA_URL = f"https://raw.githubusercontent.com/depcheck-action/depcheck/v{__version__}/docs/depcheck.schema.json"

_WORKFLOW_TEMPLATE = """\
# In each run: would a fresh resolution of the requirements still work, and if not, which release broke it?
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
      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1
        with:
          persist-credentials: false
          fetch-depth: 0 # when the lockfiles were committed
      # Pin the commit of this tag: a tag can be moved. Dependabot and Renovate keep pinned actions current.
      - uses: {action}
        with:
          fail-on: new # red when something is new; broken or unjudged: red as long as something is wrong
{index}      - uses: actions/upload-artifact@bbbca2ddaa5d8feaa63e36b76fdaad77386f024f # v7.0.0
        if: ${{{{ !cancelled() }}}}
        with:
          name: depcheck-report
          path: depcheck-report
          if-no-files-found: ignore
"""
# The owner's name is filled in by the release; the tag is this version's own.
ACTION_REFERENCE = f"depcheck-action/depcheck@v{__version__}"
_DOCS_URL = "https://depcheck-action.github.io/depcheck/how-to"


PERMISSION_NOTICE = (
    "One setting is yours to make: Settings -> Actions -> General -> Allow GitHub Actions to create and approve pull "
    "requests. Without it, updates become issues that hold the patch; an App's token needs no setting."
)


def refuse_without_work(repo: Path, reasons: Iterable[str]) -> None:
    """Refuse to write a workflow that would find nothing to do.

    `reasons` say of each environment why it cannot be judged, or are empty.

    Raises:
        UsageError: There is no git repository, or nothing to judge in it.
    """
    top = repo.resolve()
    if not any((folder / ".git").exists() for folder in (top, *top.parents)):
        raise UsageError(f"{repo} is no git repository, so no workflow can run in it; run `git init`, or give --repo.")
    reasons = list(reasons)
    if all(reasons):
        why = reasons[0] if reasons else "No lockfile and no requirements were found."
        raise UsageError(f"Nothing here can be checked, so a workflow would be red each time: {why}")


def get_init_paths(repo: Path) -> tuple[Path, Path]:
    """Return the paths of the workflow and the configuration."""
    return repo / WORKFLOW_PATH, repo / CONFIG_PATH


def write_init_files(repo: Path, found: RepositoryFacts, boot: str = "") -> tuple[Path, ...]:
    """Write both files and return their paths.

    Raises:
        UsageError: One of them exists; nothing was written.
    """
    contents = dict(
        zip(
            get_init_paths(repo),
            (render_workflow(repo.resolve().name, found), render_configuration(found, boot)),
            strict=True,
        )
    )
    for path in contents:
        if path.exists() or path.is_symlink():
            raise UsageError(f"{path} exists and stays as it is; remove it first if you want a new one.")
    for path, content in contents.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return tuple(contents)


def render_workflow(name: str, found: RepositoryFacts | None = None) -> str:
    """Render the workflow.

    The repository's `name` decides the minute of its schedule, so that not all repositories start at once.
    """
    digest = sha256(name.encode()).digest()
    found = found or RepositoryFacts()
    return _WORKFLOW_TEMPLATE.format(
        minute=digest[0] % 28 * 2 + 3,
        hour=2 + digest[1] % 4,
        action=ACTION_REFERENCE,
        services=_render_services(found.services),
        index=_render_index(found) + _render_system_packages(found),
    )


def _render_services(services: Sequence[Service]) -> str:
    if not services:
        return ""
    lines = [
        f"Found in {services[0].source_file}. Services are reached by their names; see {_DOCS_URL}/services/",
        "services:",
    ]
    for each in services:
        lines += [f"  {each.name}:", f"    image: {each.image} # put its digest here"]
    return _render_comment_block(lines, "    ")


def _render_index(found: RepositoryFacts) -> str:
    if not found.indexes:
        return ""
    host = found.indexes[0].partition("://")[2]
    lines = [
        f"A private index: its password as a secret, in this variable alone; see {_DOCS_URL}/private-index/",
        "env:",
        f"  PIP_EXTRA_INDEX_URL: https://user:${{{{ secrets.INDEX_PASSWORD }}}}@{host}",
    ]
    return _render_comment_block(lines, "        ")


def _render_system_packages(found: RepositoryFacts) -> str:
    if not found.system_packages:
        return ""
    names = ", ".join(found.system_packages[:8])
    line = f"Some file installs {names}. Where packages need them: {_DOCS_URL}/system-packages/"
    return _render_comment_block([line], "        ")


def _render_comment_block(lines: Iterable[str], indent: str) -> str:
    return "".join(f"{indent}# {line}\n" for line in lines if line.isprintable())


def render_configuration(found: RepositoryFacts, boot: str = "") -> str:
    """Render the configuration.

    It lists what was found, then every option as a comment with its default.
    """
    head = [
        f"#:schema {SCHEMA_URL}",
        "# Options of depcheck, each also one of the command line and of the action.",
        "# Found here:",
    ]
    told = [f"#   {to_one_line(line, 400)}" for line in found.to_lines()]
    given = {"boot": f"[{json.dumps(boot)}]"} if boot else {}
    hints = {"network": _suggest_network(found)}
    options = [line for option in CONFIGURATION_OPTIONS for line in _render_option(option, given, hints)]
    return "\n".join([*head, *told, *options]) + "\n"


def _suggest_network(found: RepositoryFacts) -> str:
    ports = ",".join(str(port) for port in dict.fromkeys(each.port for each in found.services))
    return f" For the services found here: {ports}." if ports else ""


def _render_option(option: Option, given: dict[str, str], hints: dict[str, str]) -> list[str]:
    if option.name in _SINGLE_RUN_OPTIONS:
        return []
    words = f"# {option.help} Default: {option.default}.{hints.get(option.name, '')}"
    if option.name in given:
        return ["", words, f"{option.name} = {given[option.name]}"]
    example = {OptionForm.SWITCH: "true", OptionForm.OFF_SWITCH: "true", OptionForm.MANY: f'["{option.metavar}"]'}
    value = _RULE_EXAMPLES.get(option.name) or example.get(option.form, f'"{option.metavar}"')
    return ["", words, f"# {option.name} = {value}"]
