"""The shipped action: description, image and locks agree with the program."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from depcheck.core.config.option_form import Option, OptionForm
from depcheck.core.config.options import CHECK_OPTIONS
from depcheck.core.config.publish_options import PUBLISH_OPTIONS

ROOT = Path(__file__).parents[2]
ACTION = YAML(typ="safe").load(ROOT / "action.yml")
OWN_INPUTS = {"command": "run", "fail-on": "unjudged", "token": "${{ github.token }}"}
OUTPUTS = {
    "status",
    "drift",
    "broken",
    "pull-request-number",
    "pull-request-url",
    "issue-number",
    "issue-url",
    "report",
    "summary",
}
LOCKS = ("requirements.txt", "requirements-build.txt", "requirements-dev.txt")


def test_inputs_are_the_options_and_nothing_else():
    """Make each option of check and publish an input, and nothing else."""
    assert set(ACTION["inputs"]) == {option.name for option in (*CHECK_OPTIONS, *PUBLISH_OPTIONS)} | set(OWN_INPUTS)


@pytest.mark.parametrize("option", [*CHECK_OPTIONS, *PUBLISH_OPTIONS], ids=lambda option: option.name)
def test_input_tells_what_the_option_tells(option: Option):
    """The description says whether several may be given, and the default."""
    described = ACTION["inputs"][option.name]
    assert ("One a line." in described["description"]) == (option.form is OptionForm.MANY)
    told = described["default"] or re.search(r"Default: (.*)\.$", described["description"]).group(1)
    assert told == {"repo": "the workspace"}.get(option.name, option.default)


@pytest.mark.parametrize("option", [*CHECK_OPTIONS, *PUBLISH_OPTIONS], ids=lambda option: option.name)
def test_no_default_hides_the_configuration(option: Option):
    """Leave options empty by default for the configuration."""
    assert ACTION["inputs"][option.name]["default"] == ("false" if option.name == "dry-run" else "")


def test_defaults_are_texts():
    """Quote defaults so that YAML passes them as written.

    It would make a number of an unquoted 3.10.
    """
    assert all(isinstance(described["default"], str) for described in ACTION["inputs"].values())
    assert {name: ACTION["inputs"][name]["default"] for name in OWN_INPUTS} == OWN_INPUTS


def test_outputs_are_those_of_the_contract():
    """Workflows rely on exactly these names."""
    assert set(ACTION["outputs"]) == OUTPUTS


def test_image_starts_in_exec_form():
    """A shell would lose the inputs whose names have a hyphen."""
    assert ACTION["runs"] == {"using": "docker", "image": "Dockerfile"}
    start = r'^ENTRYPOINT \["/usr/bin/env", "--block-signal=INT", "/opt/depcheck/bin/python", "-P", '
    assert re.search(start, (ROOT / "Dockerfile").read_text(), re.MULTILINE)


def test_image_gets_all_that_it_copies():
    """Copy only files that .dockerignore lets through."""
    let_through = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert {name for line in copied for name in line.split()} == let_through
    assert all((ROOT / name).exists() for name in let_through)


@pytest.mark.parametrize("name", LOCKS)
def test_locks_are_hashed_and_name_no_index(name: str):
    """Lock with hashes, and name no index."""
    text = (ROOT / name).read_text()
    pins = re.findall(r"^[a-z0-9-]+==.*\n(.*)", text, re.MULTILINE)
    assert pins
    assert all("--hash=sha256:" in following for following in pins)
    assert not re.search(r"^--(extra-)?index-url|^--find-links|^--trusted-host|://", text, re.MULTILINE)


def test_locks_agree():
    """Give each package one pin in all three locks."""
    pins = {
        pin for name in LOCKS for pin in re.findall(r"^([a-z0-9-]+)==(\S+)", (ROOT / name).read_text(), re.MULTILINE)
    }
    assert len({name for name, _ in pins}) == len(pins)


def test_build_backend_is_locked():
    """What pyproject.toml asks for to build is what requirements-build.in asks for."""
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]["requires"]
    assert set(wanted) <= set((ROOT / "requirements-build.in").read_text().splitlines())


@pytest.mark.parametrize(
    "script", ["scripts/test", "scripts/demo", "scripts/container", "scripts/actionlint", ".ci/run"]
)
def test_scripts_are_sound(script: str):
    """Each one can be executed, and bash can read it."""
    assert (ROOT / script).stat().st_mode & 0o111
    assert subprocess.run(["bash", "-n", ROOT / script], check=False).returncode == 0


def test_scripts_refuse_what_they_do_not_know():
    """A mistyped option is no green run."""
    ran = subprocess.run([ROOT / "scripts/test", "--al"], capture_output=True, text=True, check=False)
    assert ran.returncode == 2
    assert "--al is none of" in ran.stderr


def test_command_starts_as_module():
    """`python -m depcheck` is the command."""
    ran = subprocess.run(
        [sys.executable, "-P", "-m", "depcheck", "--version"], capture_output=True, text=True, check=False
    )
    assert re.fullmatch(r"depcheck \d+\.\d+\.\d+\n", ran.stdout), ran.stderr
