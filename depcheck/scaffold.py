"""`depcheck init`: a workflow and a commented configuration that fit the repository."""

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from depcheck import __version__
from depcheck.core.environments import EnvironmentSpec
from depcheck.core.errors import UsageError
from depcheck.core.options import CHECK, Form, Option

WORKFLOW_PATH = ".github/workflows/depcheck.yml"
CONFIG_PATH = "depcheck.toml"
_OF_ONE_RUN = {"repo", "report", "as-of", "good"}

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
    steps:
      - uses: actions/checkout@8e8c483db84b4bee98b60c0593521ed34d9990e8 # v6.0.1
        with:
          persist-credentials: false
          fetch-depth: 0 # when the lockfiles were committed
      # Pin the commit of this tag: a tag can be moved.
      - uses: {action}
"""
# The owner's name is filled in by the release; the tag is this version's own.
ACTION = f"depcheck-action/depcheck@v{__version__}"


def write(repo: Path, environments: Sequence[EnvironmentSpec]) -> tuple[Path, ...]:
    """Write both files and give their paths. Raises UsageError, with nothing written, where one exists."""
    contents = {
        repo / WORKFLOW_PATH: workflow(repo.resolve().name),
        repo / CONFIG_PATH: configuration(environments),
    }
    for path in contents:
        if path.exists() or path.is_symlink():
            raise UsageError(f"{path} exists and stays as it is; remove it first if you want a new one.")
    for path, content in contents.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return tuple(contents)


def workflow(name: str) -> str:
    """The workflow; the repository's `name` decides its minute, so that not all start at once."""
    digest = sha256(name.encode()).digest()
    return _WORKFLOW.format(minute=digest[0] % 28 * 2 + 3, hour=2 + digest[1] % 4, action=ACTION)


def configuration(environments: Sequence[EnvironmentSpec]) -> str:
    """The configuration: what was found, then every option as a comment with its default."""
    found = [f"#   {_described(spec)}" for spec in environments] or ["#   no lockfile"]
    head = ["# Options of depcheck, each also one of the command line and of the action.", "# Found here:", *found]
    return "\n".join([*head, *(line for option in CHECK for line in _commented(option))]) + "\n"


def _described(spec: EnvironmentSpec) -> str:
    files = ", ".join(lockfile.path for lockfile in spec.lockfiles)
    skipped = f" - skipped: {spec.skipped}" if spec.skipped else ""
    return f"{spec.name}: {files or 'no lockfile'} on Python {spec.python}{skipped}"


def _commented(option: Option) -> list[str]:
    if option.name in _OF_ONE_RUN:
        return []
    example = {Form.SWITCH: "true", Form.OFF_SWITCH: "true", Form.MANY: f'["{option.metavar}"]'}
    value = example.get(option.form, f'"{option.metavar}"')
    return ["", f"# {option.help} Default: {option.default}.", f"# {option.name} = {value}"]
