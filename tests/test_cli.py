"""The command line: what it accepts, what it refuses, how it ends."""

import json
import os
import subprocess
import sys
from argparse import Namespace
from pathlib import Path

import pytest
from hypothesis import given as given_any
from hypothesis import strategies as st

from depcheck.cli import argument_parser, commands, main
from depcheck.core.config.from_sources import build_check_settings, build_publish_options
from depcheck.core.config.option_form import OptionForm
from depcheck.core.config.options import CHECK_OPTIONS
from depcheck.core.config.publish_options import PUBLISH_OPTIONS

ROOT = Path(__file__).resolve().parents[1]
WORDS = st.text(st.characters(min_codepoint=32, max_codepoint=0x2FF, exclude_categories=["Cs"]), max_size=30)


def parsed(*words: str):
    namespace = Namespace()
    argument_parser.build_parser().parse_args(words, namespace)
    return argument_parser.collect_given_options(namespace)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], "COMMAND"),
        (["frobnicate"], "frobnicate"),
        (["check", "--frobnicate"], "--frobnicate"),
        (["check", "--fail-on", "broken"], "input of the GitHub Action"),
        (["check", "--token", "x"], "GITHUB_TOKEN"),
        (["check", "--dry-run"], "of `depcheck publish`"),
        (["check", "--lockfil", "a.txt"], "Did you mean --lockfile?"),
        (["check", "--as-of", "yesterday"], "yesterday"),
        (["check", "--timeout", "0"], "--timeout"),
        (["check", "--env", "GITHUB_TOKEN"], "GITHUB_TOKEN"),
        (["check", "--repo", "/nowhere/at/all"], "/nowhere/at/all"),
        (["bisect", "-r", "requirements.in"], "--good"),
        (["bisect", "--good", "2018-05-20"], "-r FILE"),
        (["bisect", "-r", "a.in", "--good", "2018-05-20", "--bad", "2018-05-19"], "--bad"),
    ],
)
def test_a_wrong_command_line_is_refused_in_one_sentence(words, says, capsys):
    """Exit status 2, one line that names what is wrong, no traceback."""
    assert main.main(words, {}) == 2
    out, err = capsys.readouterr()
    assert not out
    assert says in err
    assert len(err.strip().splitlines()) == 1


@pytest.mark.parametrize("command", ["", *argument_parser.COMMANDS])
def test_help_has_examples_and_exit_statuses(command, capsys):
    """Every command explains itself."""
    with pytest.raises(SystemExit) as ended:
        main.main([*command.split(), "--help"], {})
    out = capsys.readouterr().out
    assert ended.value.code == 0
    assert "exit status" in out
    assert "example" in out or not command


def test_every_command_does_something():
    """Each command of the grammar has its function."""
    assert all(callable(getattr(commands, name)) for name in argument_parser.COMMANDS)


def test_a_bug_of_ours_is_70_and_keeps_its_traceback(monkeypatch, tmp_path, capsys):
    """Exit with 70 for a bug, and keep the traceback.

    A person reads a sentence; the traceback is in the report folder.
    """
    monkeypatch.setattr(commands, "check", lambda *_: 1 // 0)
    assert main.main(["check", "--report", str(tmp_path / "report")], {}) == 70
    assert "ZeroDivisionError" in (tmp_path / "report" / "traceback.txt").read_text()
    err = capsys.readouterr().err
    assert "bug of ours" in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    "words", [["-m", "depcheck", "--version"], [str(ROOT / "entrypoint.py")]], ids=["cli", "action"]
)
def test_a_cancel_in_the_first_moments_shows_no_traceback(words, tmp_path):
    """End with one sentence where a signal comes while modules are imported."""
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\n\nclass Cancel:\n    def find_spec(self, name, *_):\n"
        "        if name == 'depcheck.core':\n            raise KeyboardInterrupt\n\nsys.meta_path.insert(0, Cancel())\n"
    )
    environ = {**os.environ, "PYTHONPATH": str(tmp_path)}
    ran = subprocess.run([sys.executable, *words], capture_output=True, text=True, env=environ, check=False)
    assert (ran.returncode, "Traceback" in ran.stderr) == (130, False)
    assert "interrupted" in ran.stderr


def test_an_interruption_is_130(monkeypatch, capsys):
    """Ctrl-C ends with the status that shells expect, and one sentence."""

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(commands, "check", interrupted)
    assert main.main(["check"], {}) == 130
    assert "interrupted" in capsys.readouterr().err


def test_the_module_is_the_command(tmp_path):
    """Run `python -m depcheck` as the command.

    An empty repository cannot be checked: status 3, with a report.
    """
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("GITHUB_", "INPUT_"))}
    ran = subprocess.run(
        [sys.executable, "-m", "depcheck", "check", "--json", "--report", "report"],
        cwd=tmp_path,
        env={**clean, "DEPCHECK_CACHE": str(tmp_path / "cache")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 3, ran.stderr
    report = json.loads(ran.stdout)
    assert report == json.loads((tmp_path / "report" / "report.json").read_text())
    assert report["environments"][0]["status"] == "skipped"
    assert "skipped" in (tmp_path / "report" / "report.md").read_text()


@given_any(st.lists(WORDS, max_size=3), WORDS, st.booleans(), st.booleans())
def test_as_argv_is_the_way_back(smokes, test, imports, no_sandbox):
    """Law: given(parse(as_argv(source))) has the texts of the source, whatever they hold."""
    words = [*(f"--smoke={text}" for text in smokes), f"--test={test}"]
    words += ["--imports" if imports else "--no-imports", *(["--no-sandbox"] if no_sandbox else [])]
    once = parsed("check", *words)
    again = parsed("check", *argument_parser.as_argv(once, CHECK_OPTIONS))
    assert build_check_settings(again) == build_check_settings(once)
    assert build_check_settings(once).smoke == tuple(smokes)
    assert build_check_settings(once).sandbox is not no_sandbox


@pytest.mark.parametrize("option", [*CHECK_OPTIONS, *PUBLISH_OPTIONS], ids=lambda option: option.name)
def test_an_input_of_the_action_is_the_option(option):
    """INPUT_<NAME>, with its hyphens, means what the command line's option means."""
    value = {
        "compile-command": "r.txt=pip-compile r.in", "require": "provenance",
        "as-of": "2023-10-02", "env": "DATABASE_URL", "good": "2023-10-02", "python": "3.12", "network": "off", "project": "copy",
        "index-url": "https://pypi.org/simple", "extra-index-url": "https://pypi.org/simple",
        "cooldown-except": "kombu because x", "ban": "kombu because x", "hold": "kombu<4.2 until 2027-01-01 because x", "ignore": "kombu until 2027-01-01 because x",
    }.get(option.name, "true" if option.form in {OptionForm.SWITCH, OptionForm.OFF_SWITCH} else "7")  # fmt: skip
    source = argument_parser.from_action_inputs({f"INPUT_{option.name.upper()}": f" {value}\n"}, [option])
    assert source[option.name].texts == (value,)
    settle = build_check_settings if option in CHECK_OPTIONS else build_publish_options
    assert getattr(settle(source), option.field) == getattr(
        settle(parsed("run", *argument_parser.as_argv(source, [option]))), option.field
    )


def test_an_input_can_say_none_for_no_tests():
    """Read `none` as no tests, and empty as not given."""
    assert build_check_settings(argument_parser.from_action_inputs({"INPUT_TEST": "none"}, CHECK_OPTIONS)).test == ""
    assert build_check_settings(argument_parser.from_action_inputs({"INPUT_TEST": ""}, CHECK_OPTIONS)).test is None


def test_repeatable_inputs_take_one_value_a_line():
    """Two smoke commands in one input are two commands."""
    source = argument_parser.from_action_inputs({"INPUT_SMOKE": "python a.py\n\n  python b.py  \n"}, CHECK_OPTIONS)
    assert build_check_settings(source).smoke == ("python a.py", "python b.py")


def test_init_writes_once(tmp_path, capsys):
    """Write both files of `init` once, valid as they are."""
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    (tmp_path / "requirements.txt").write_text("six\n")
    assert main.main(["init", "--repo", str(tmp_path)], {}) == 0
    config = (tmp_path / "depcheck.toml").read_text()
    uncommented = "\n".join(line[2:] for line in config.splitlines() if line.startswith("# ") and " = " in line)
    assert all(
        option.name in config
        for option in CHECK_OPTIONS
        if option.name not in {"repo", "report", "as-of", "good", "only"}
    )
    assert "together" in uncommented
    assert (tmp_path / ".github/workflows/depcheck.yml").exists()
    assert main.main(["init", "--repo", str(tmp_path)], {}) == 2
    assert "stays as it is" in capsys.readouterr().err
    assert (tmp_path / "depcheck.toml").read_text() == config


def test_the_plan_is_one_line_of_json(tmp_path, capsys):
    """Print the plan as one line of JSON for `matrix=`.

    Each entry names what a job gives to `lockfile` and `python`.
    """
    header = "#\n# This file is autogenerated by pip-compile with Python 3.12\n# by the following command:\n#\n"
    (tmp_path / "requirements.in").write_text("six\n")
    (tmp_path / "requirements.txt").write_text(f"{header}#    pip-compile requirements.in\n#\nsix==1.16.0\n")
    assert main.main(["plan", "--repo", str(tmp_path)], dict(os.environ)) == 0
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    assert json.loads(out)["include"] == [
        {"environment": "requirements.txt", "python": "3.12", "lockfiles": "requirements.txt"}
    ]


def test_the_configuration_is_weaker_than_the_command_line(tmp_path):
    """Let the command line override the configuration.

    Two configurations are refused.
    """
    (tmp_path / "depcheck.toml").write_text('cooldown = 3\npython = "3.11"\n')
    settings = commands.load_settings(parsed("check", "--repo", str(tmp_path), "--python", "3.12"))
    assert (settings.cooldown_days, settings.python) == (3, "3.12")
    (tmp_path / "pyproject.toml").write_text("[tool.depcheck]\ncooldown = 4\n")
    assert main.main(["check", "--repo", str(tmp_path), "--report", str(Path(tmp_path, "r"))], {}) == 2
