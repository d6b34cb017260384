"""Documents agree with the code, no more and no less.

Options, inputs, outputs, fields, dependencies.
"""

import re
import shlex
import subprocess
import sys
import tomllib
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from depcheck import action
from depcheck.cli import argument_parser, init_write
from depcheck.cli.init_detect import RepositoryFacts
from depcheck.core.config.from_sources import build_check_settings, build_publish_options, read_toml_options
from depcheck.core.config.option_form import OptionForm
from depcheck.core.config.options import BISECT_OPTIONS, CHECK_OPTIONS, PLANNING_OPTIONS
from depcheck.core.config.publish_options import PUBLISH_OPTIONS
from depcheck.core.config.settings import Settings
from depcheck.core.model import report as values

ROOT = Path(__file__).resolve().parents[1]
USAGE = (ROOT / "docs" / "usage.md").read_text()
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
OPTIONS = {option.name: option for option in (*CHECK_OPTIONS, *PUBLISH_OPTIONS, *BISECT_OPTIONS, *PLANNING_OPTIONS)}
OF_THE_ACTION = {"command", "token", "fail-on"}


def yaml(text: str):
    return YAML(typ="safe", pure=True).load(text)


def test_every_option_is_in_the_docs_and_the_other_way_round():
    """docs/usage.md has one row for each option, with its default."""
    rows = re.findall(r"^\| (?:`-r`, )?`--([a-z-]+)[^|]*(?:\\\|[^|]*)*\|.*\| (.*) \|$", USAGE, re.MULTILINE)
    assert {name for name, _ in rows} == set(OPTIONS)
    assert all(default == OPTIONS[name].default for name, default in rows if name != "good")


def test_every_input_and_output_is_in_action_yml_and_the_other_way_round():
    """List exactly the action's inputs and outputs.

    Every option of check and publish, and what the contract names.
    """
    described = yaml((ROOT / "action.yml").read_text())
    assert set(described["inputs"]) == {option.name for option in (*CHECK_OPTIONS, *PUBLISH_OPTIONS)} | OF_THE_ACTION
    assert all(isinstance(each.get("default", ""), str) for each in described["inputs"].values())
    quiet = values.EnvironmentReport("r.txt", "3.12", values.Status.QUIET, "Nothing changed.")
    found = action.to_action_outputs(_report(quiet), Settings())
    published = {"pull-request-number", "pull-request-url", "issue-number", "issue-url"}
    assert set(described["outputs"]) == set(found) | published
    for name in described["outputs"]:
        assert f"`{name}`" in USAGE


def _report(*environments):
    moment = datetime(2026, 11, 22, 3, 17, tzinfo=UTC)
    return values.Report(values.Tool("depcheck", "1"), moment, moment, None, None, None, {}, environments)


@pytest.mark.parametrize(
    ("heading", "shape"),
    [
        ("Report", values.Report),
        ("Environment", values.EnvironmentReport),
        ("Lockfile", values.LockfileReport),
        ("Change", values.ChangeReport),
        ("Check", values.CheckReport),
        ("Culprit", values.Culprit),
        ("Trial", values.TrialReport),
        ("Proposal", values.ProposalReport),
        ("Advisory", values.AdvisoryReport),
        ("Withdrawn", values.WithdrawnReport),
        ("Rule", values.RuleReport),
    ],
)
def test_every_field_of_the_report_is_described(heading, shape):
    """docs/report.md names the fields of report.json, and no others."""
    page = (ROOT / "docs" / "report.md").read_text()
    section = page.partition(f"### {heading}\n")[2].partition("\n### ")[0]
    cells = re.findall(r"^\| (`[^|]*`) \|", section, re.MULTILINE)
    assert {name for cell in cells for name in re.findall(r"`(\w+)`", cell)} == {field.name for field in fields(shape)}


def test_every_status_is_described():
    """The verdicts' words stand in the reference."""
    page = (ROOT / "docs" / "report.md").read_text()
    assert all(f"`{status}`" in page for status in values.Status)


def test_every_dependency_is_justified():
    """docs/dependencies.md has one row for each run-time dependency."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    names = {re.split(r"[<>=\[]", each)[0] for each in project["dependencies"]}
    page = (ROOT / "docs" / "dependencies.md").read_text()
    assert set(re.findall(r"^\| `([\w-]+)` \|", page, re.MULTILINE)) == names


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page):
    """Every relative link names a file, every anchor a heading of it."""
    for target in re.findall(r"\]\((?!https?:)([^)\s]+)\)", page.read_text()):
        path, _, anchor = target.partition("#")
        file = page.parent / path if path else page
        assert file.exists(), target
        headings = re.findall(r"^#+ (.*)$", file.read_text(), re.MULTILINE) if anchor else []
        slugs = {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}
        assert not anchor or anchor in slugs, target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_in_the_docs_are_understood(page):
    """Parse every `depcheck …` of a console or bash block."""
    for kind, block in re.findall(r"```(console|bash)\n(.*?)```", page.read_text(), re.DOTALL):
        prompt = r"\$ " if kind == "console" else ""
        for line in re.findall(rf"^{prompt}(?:[A-Z_]+=\S+ )*(?:\S+/bin/)?depcheck (.*)$", block, re.MULTILINE):
            argument_parser.build_parser().parse_args(shlex.split(line, comments=True))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_shell_commands_in_the_docs_are_shell(page):
    """Parse shell commands of the documents as bash.

    So do the steps of workflows, which actionlint reads.
    """
    for kind, block in re.findall(r"```(console|sh|bash)\n(.*?)```", page.read_text(), re.DOTALL):
        shown = (
            block.splitlines() if kind != "console" else [x for x in block.splitlines() if x.startswith(("$ ", "> "))]
        )
        lines = "\n".join(line.removeprefix("$ ") for line in shown)
        read = subprocess.run(["bash", "-n"], input=lines, capture_output=True, text=True, check=False)
        assert read.returncode == 0, read.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_workflows_in_the_docs_use_inputs_that_exist(page):
    """Use only existing inputs and accepted values in the documents' workflows.

    Every YAML block parses. What an expression gives is known to GitHub alone.
    """
    inputs = {option.name for option in (*CHECK_OPTIONS, *PUBLISH_OPTIONS)} | OF_THE_ACTION
    for block in re.findall(r"```yaml\n(.*?)```", page.read_text(), re.DOTALL):
        for job in yaml(block)["jobs"].values():
            used = [step for step in job["steps"] if "uses" in step]
            ours = [step for step in used if "depcheck" in step["uses"]]
            assert {name for step in ours for name in step.get("with", {})} <= inputs
            assert all(re.search(r"@[0-9a-f]{40}$", step["uses"]) for step in used)
            for step in ours:
                given = {f"INPUT_{name.upper()}": str(value) for name, value in step.get("with", {}).items()}
                plain = {name: value for name, value in given.items() if "${{" not in value}
                build_check_settings(argument_parser.from_action_inputs(plain, CHECK_OPTIONS))
                build_publish_options(argument_parser.from_action_inputs(plain, PUBLISH_OPTIONS))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_configurations_in_the_docs_are_accepted(page):
    """Accept every TOML block as a configuration."""
    for block in re.findall(r"```toml\n(.*?)```", page.read_text(), re.DOTALL):
        build_check_settings(read_toml_options(block, page.name))


def test_the_sites_contents_name_pages_that_exist():
    """Name only existing pages in the site's contents.

    The reference alone is made when the site is built. Pages that are not listed are put under Explanation
    then.
    """
    contents = (ROOT / "mkdocs.yml").read_text().partition("nav:")[2]
    listed = set(re.findall(r": (\S+\.md)$", contents, re.MULTILINE))
    pages = {str(page.relative_to(ROOT / "docs")) for page in (ROOT / "docs").rglob("*.md")}
    assert listed - {"reference.md"} <= pages


def test_the_generated_reference_has_everything():
    """Generate a reference with each command, option, output and field."""
    tool = subprocess.run(
        [sys.executable, ROOT / "scripts" / "reference.py"], capture_output=True, text=True, check=True
    )
    described = yaml((ROOT / "action.yml").read_text())
    wanted = [f"`--{name}`" for name in OPTIONS] + [
        f"`{name}`" for name in (*described["inputs"], *described["outputs"])
    ]
    wanted += [f"### depcheck {command}" for command in argument_parser.COMMANDS]
    wanted += [f"`{field.name}`" for shape in (values.Report, values.EnvironmentReport) for field in fields(shape)]
    assert [each for each in wanted if each not in tool.stdout] == []


def test_actions_are_pinned_alike_everywhere():
    """Pin in documents and `init` what our own workflows pin.

    An updater keeps those current, and this test the others.
    """
    pin = re.compile(r"(actions/[a-z-]+)(?:/\w+)?@([0-9a-f]{40}) # (v[\d.]+)")
    own = {found for path in (ROOT / ".github/workflows").glob("*.yml") for found in pin.findall(path.read_text())}
    used = {found for page in PAGES for found in pin.findall(page.read_text())}
    used |= set(pin.findall(init_write.render_workflow("x")))
    known = {name for name, *_ in own}
    assert len(known) == len(own)
    assert {found for found in used if found[0] in known} <= own


def test_the_workflow_that_init_writes_is_yaml_with_least_rights():
    """Write a workflow with least rights at an odd minute.

    Nothing by default, and the job's three permissions.
    """
    workflow = yaml(init_write.render_workflow("a-repository"))
    (job,) = workflow["jobs"].values()
    assert workflow["permissions"] == {}
    assert set(job["permissions"]) == {"contents", "pull-requests", "issues"}
    (schedule,) = workflow["on"]["schedule"]
    assert int(schedule["cron"].split()[0]) % 2


def test_the_example_configuration_names_every_option():
    """Accept the example configuration with every option uncommented."""
    for line in init_write.render_configuration(RepositoryFacts()).splitlines():
        found = re.fullmatch(r"# ([a-z-]+) = (true|\[.*\])", line)
        if found:
            assert OPTIONS[found[1]].form is not OptionForm.ONE
            read_toml_options(f"{found[1]} = {found[2]}", "depcheck.toml")


def test_nobody_is_led_to_a_strangers_package():
    """Install from a clone, never by a name that is another's."""
    texts = [*PAGES, *(ROOT / "depcheck").rglob("*.py")]
    found = [path for path in texts if re.search(r"pip install (?:-U )?depcheck(?![-\w])", path.read_text())]
    assert found == []
