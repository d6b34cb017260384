"""Completion in real shells: what completes is what the grammar takes."""

import shutil
import subprocess

import pytest

from depcheck.cli import argument_parser, commands
from depcheck.cli.completion import COMPLETION_RENDERERS


def script(shell, capsys):
    assert commands.completion(argument_parser.build_parser().parse_args(["completion", shell]), {}) == 0
    return capsys.readouterr().out


def completed(text, *words):
    """Return what bash offers after `words`.

    The last of them is being typed.
    """
    typed = " ".join(f"'{word}'" for word in words)
    line = f'{text}\nCOMP_WORDS=({typed}); COMP_CWORD={len(words) - 1}; _depcheck; printf "%s\\n" "${{COMPREPLY[@]}}"'
    ran = subprocess.run(["bash", "--norc", "-c", line], capture_output=True, text=True, check=True)
    assert ran.stderr == ""
    return ran.stdout.split()


def test_bash_completes_commands_options_and_values(tmp_path, monkeypatch, capsys):
    """Complete commands, their options, and values in bash.

    Words and files where a value is due.
    """
    text = script("bash", capsys)
    (tmp_path / "requirements.txt").write_text("")
    (tmp_path / "report").mkdir()
    monkeypatch.chdir(tmp_path)
    assert set(argument_parser.COMMANDS) <= set(completed(text, "depcheck", ""))
    assert completed(text, "depcheck", "che") == ["check"]
    assert completed(text, "depcheck", "check", "--as") == ["--as-of"]
    assert completed(text, "depcheck", "bisect", "--as") == []
    assert completed(text, "depcheck", "check", "--network", "o") == ["open", "off"]
    assert completed(text, "depcheck", "check", "--lockfile", "req") == ["requirements.txt"]
    assert completed(text, "depcheck", "check", "--repo", "") == ["report"]
    assert completed(text, "depcheck", "init", "--che") == ["--check"]


@pytest.mark.parametrize("name", argument_parser.COMMANDS)
def test_every_word_that_completes_is_one_that_the_grammar_knows(name, capsys):
    """Each option of `--help` completes, and the other way round."""
    text = script("bash", capsys)
    offered = set(completed(text, "depcheck", name, "-"))
    (subparsers,) = argument_parser.build_parser()._subparsers._group_actions
    known = set(subparsers.choices[name]._option_string_actions)
    assert offered == known - {"-h", "-q"}


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_take_the_script(shell, tmp_path, capsys):
    """Parse the completion scripts of the other shells.

    fish completes with it.
    """
    if not shutil.which(shell):
        pytest.skip(f"this machine lacks {shell}")
    file = tmp_path / "script"
    file.write_text(script(shell, capsys))
    subprocess.run([shell, "-n", file], check=True)
    if shell == "fish":
        asked = f"source {file}; complete --do-complete 'depcheck check --as'"
        ran = subprocess.run(
            ["fish", "-c", asked],
            capture_output=True,
            text=True,
            check=True,
            env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
        )
        assert ran.stdout.startswith("--as-of\t")


def test_every_shell_is_offered():
    """Three shells, each with each command in its script."""
    assert set(COMPLETION_RENDERERS) == {"bash", "zsh", "fish"}
