"""The command line's grammar, made from the table of options."""

from argparse import (
    SUPPRESS,
    ArgumentParser,
    BooleanOptionalAction,
    Namespace,
    RawDescriptionHelpFormatter,
)
from collections.abc import Iterable, Mapping
from typing import NoReturn

from depcheck import __version__
from depcheck.core.completion import SHELLS, Flag
from depcheck.core.config import Given, Source
from depcheck.core.errors import UsageError
from depcheck.core.options import BISECT, CHECK, PLAN, PUBLISH, WHERE, Form, Option

_STATUSES = """\
exit status: 0 nothing is broken, 1 something is, 2 usage, 3 could not judge, 70 a bug of ours"""

COMMANDS: Mapping[str, tuple[str, tuple[Option, ...], str]] = {
    "check": (
        "Judge every environment of a repository and write a report; needs no token.",
        CHECK,
        """\
examples:
  depcheck check                                        the repository around you, tonight
  depcheck check --as-of 2023-10-02                     the same, as of that evening
  depcheck check --boot 'celery -A tasks worker'        the program must also stay up
  depcheck check --lockfile dev.txt --test 'pytest -x'  one lockfile, your own test command""",
    ),
    "publish": (
        "Turn a report into pull requests and issues.",
        (WHERE[1], *PUBLISH),
        """\
examples:
  depcheck publish --dry-run                            print what would be published
  GITHUB_TOKEN=… GITHUB_REPOSITORY=owner/name depcheck publish --report depcheck-report""",
    ),
    "run": (
        "Check, then publish.",
        (*CHECK, *PUBLISH),
        """\
examples:
  depcheck run --dry-run                                judge, and print what would be published""",
    ),
    "bisect": (
        "Find the release that broke it between two dates; no lockfile is needed.",
        BISECT,
        """\
examples:
  depcheck bisect -r requirements.in --good 2018-05-20 --bad 2018-06-20 \\
      --python 3.6 --boot 'celery -A tasks worker'""",
    ),
    "plan": (
        "Print the environments as a JSON matrix for a workflow.",
        PLAN,
        """\
examples:
  echo "matrix=$(depcheck plan)" >> "$GITHUB_OUTPUT" """,
    ),
    "init": (
        "Write a workflow and a commented configuration for this repository.",
        (WHERE[0],),
        """\
examples:
  depcheck init --check                                 what it sees here, and what tonight's run would find
  depcheck init                                         writes both files; asks how the program is started""",
    ),
    "completion": (
        "Print the completion script of a shell: bash, zsh or fish.",
        (),
        """\
examples:
  source <(depcheck completion bash)                    in this shell, and in ~/.bashrc for all
  depcheck completion zsh > "${fpath[1]}/_depcheck"
  depcheck completion fish > ~/.config/fish/completions/depcheck.fish""",
    ),
    "demo": (
        "Replay a real incident end to end: the night werkzeug 3.0 met Flask 2.2.",
        (WHERE[1],),
        "examples:\n  depcheck demo",
    ),
}


_SAYING = (
    Flag("--json", "Print the report as JSON, nothing else."),
    Flag("--quiet", "Print what is broken, nothing else."),
)
# What is of the command line alone: no key of the configuration, no input of the action.
MODES: Mapping[str, tuple[Flag, ...]] = {
    "check": _SAYING,
    "run": _SAYING,
    "bisect": _SAYING,
    "init": (Flag("--check", "Write nothing; say what a run tonight would find."),),
}


class _Parser(ArgumentParser):
    """Refuses with one sentence instead of the whole usage."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}; `{self.prog} --help` shows what it takes.")


def parser() -> ArgumentParser:
    """The whole grammar. A wrong command line raises UsageError."""
    top = _Parser(
        prog="depcheck",
        description="Would a fresh resolution of this repository's requirements still work, and if not, "
        "which release broke it?",
        epilog=_STATUSES,
        allow_abbrev=False,
    )
    top.add_argument("--version", action="version", version=f"depcheck {__version__}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True, parser_class=_Parser)
    for name, (summary, options, examples) in COMMANDS.items():
        _add_command(
            commands.add_parser(
                name,
                help=summary,
                description=summary,
                epilog=f"{examples}\n\n{_STATUSES}",
                formatter_class=RawDescriptionHelpFormatter,
                allow_abbrev=False,
            ),
            name,
            options,
        )
    return top


def _add_command(command: ArgumentParser, name: str, options: Iterable[Option]) -> None:
    for option in options:
        _add_option(command, option)
    if name == "completion":
        command.add_argument("shell", choices=tuple(SHELLS), help="Whose script.")
    for flag in MODES.get(name, ()):
        short = ["-q"] if flag.name == "--quiet" else []
        command.add_argument(*short, flag.name, action="store_true", help=flag.help)


def _add_option(command: ArgumentParser, option: Option) -> None:
    flags = ["-r"] if option.name == "requirements" else []
    flags.append(f"--{option.name}")
    words = f"{option.help} (default: {option.default})".replace("%", "%%")
    if option.form is Form.SWITCH:
        command.add_argument(*flags, action=BooleanOptionalAction, default=SUPPRESS, help=words)
    elif option.form is Form.OFF_SWITCH:
        command.add_argument(*flags, dest=option.name, action="store_true", default=SUPPRESS, help=option.help)
    elif option.form is Form.MANY:
        words = f"{option.help} Repeatable. (default: {option.default})".replace("%", "%%")
        command.add_argument(*flags, action="append", metavar=option.metavar, default=SUPPRESS, help=words)
    else:
        command.add_argument(*flags, metavar=option.metavar, default=SUPPRESS, help=words)


def given(arguments: Namespace) -> Source:
    """What was given on the command line, by option name; options that were not given are absent."""
    found: dict[str, Given] = {}
    for attribute, value in vars(arguments).items():
        name = attribute.replace("_", "-")
        texts = tuple(value) if isinstance(value, list) else (_text(value),)
        found[name] = Given(f"--{name}", texts)
    return found


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def as_argv(source: Source, options: Iterable[Option]) -> list[str]:
    """The command line that gives `source` again, as far as it concerns `options`; `given` undoes it."""
    words: list[str] = []
    for option in options:
        for text in source[option.name].texts if option.name in source else ():
            if option.form is Form.SWITCH:
                words.append(f"--{option.name}" if text == "true" else f"--no-{option.name}")
            elif option.form is Form.OFF_SWITCH:
                words.extend([f"--{option.name}"] if text == "true" else [])
            else:
                words.append(f"--{option.name}={text}")
    return words


def from_inputs(environ: Mapping[str, str], options: Iterable[Option]) -> Source:
    """What the action's inputs give: INPUT_AS-OF and so on, an empty one is not given.

    A repeatable option takes one value a line. `test: none` is the empty test command, which an input cannot be.
    """
    found: dict[str, Given] = {}
    for option in options:
        text = environ.get(f"INPUT_{option.name.upper()}", "").strip()
        texts = tuple(line.strip() for line in text.splitlines() if line.strip())
        if option.form is not Form.MANY:
            texts = (text,) if text else ()
        if option.name == "test" and text == "none":
            texts = ("",)
        if texts:
            found[option.name] = Given(f"the input `{option.name}`", texts)
    return found
