"""The command line parser, built from the table of options."""

import re
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
from depcheck.cli.completion import COMPLETION_RENDERERS, Flag
from depcheck.core.config.from_sources import RawOption, RawOptions
from depcheck.core.config.option_form import Option, OptionForm
from depcheck.core.config.options import BISECT_OPTIONS, CHECK_OPTIONS, LOCATION_OPTIONS, PLAN_OPTIONS
from depcheck.core.config.publish_options import PUBLISH_OPTIONS
from depcheck.core.config.toml_file import ACTION_INPUTS
from depcheck.core.model.errors import UsageError
from depcheck.core.text.close_names import suggest_name

_EXIT_STATUS_HELP = """\
exit status: 0 nothing is broken, 1 something is, 2 usage, 3 could not check, 70 a bug of ours"""

COMMANDS: Mapping[str, tuple[str, tuple[Option, ...], str]] = {
    "check": (
        "Check every environment of a repository and write a report; needs no token.",
        CHECK_OPTIONS,
        """\
examples:
  depcheck check                                        the repository around you, tonight
  depcheck check --as-of 2023-10-02                     the same, as of that evening
  depcheck check --boot 'celery -A tasks worker'        the program must also stay up
  depcheck check --lockfile dev.txt --test 'pytest -x'  one lockfile, your own test command""",
    ),
    "publish": (
        "Turn a report into pull requests and issues.",
        (LOCATION_OPTIONS[1], *PUBLISH_OPTIONS),
        """\
examples:
  depcheck publish --dry-run                            print what would be published
  GITHUB_TOKEN=… GITHUB_REPOSITORY=owner/name depcheck publish --report depcheck-report""",
    ),
    "run": (
        "Check, then publish.",
        (*CHECK_OPTIONS, *PUBLISH_OPTIONS),
        """\
examples:
  depcheck run --dry-run                                judge, and print what would be published""",
    ),
    "bisect": (
        "Find the release that broke it between two dates; no lockfile is needed.",
        BISECT_OPTIONS,
        """\
examples:
  depcheck bisect -r requirements.in --good 2018-05-20 --bad 2018-06-20 \\
      --python 3.6 --boot 'celery -A tasks worker'""",
    ),
    "plan": (
        "Print the environments as a JSON matrix for a workflow.",
        PLAN_OPTIONS,
        """\
examples:
  echo "matrix=$(depcheck plan)" >> "$GITHUB_OUTPUT" """,
    ),
    "init": (
        "Write a workflow and a commented configuration for this repository.",
        (LOCATION_OPTIONS[0],),
        """\
examples:
  depcheck init --check                                 what it sees here, and what a run now would find
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
        "Replay a real incident end to end: werkzeug 3.0 breaks Flask 2.2.",
        (LOCATION_OPTIONS[1],),
        "examples:\n  depcheck demo",
    ),
}


_OUTPUT_FLAGS = (
    Flag("--json", "Print the report as JSON, nothing else."),
    Flag("--quiet", "Print what is broken, nothing else."),
)
# What is of the command line alone: no key of the configuration, no input of the action.
MODE_FLAGS: Mapping[str, tuple[Flag, ...]] = {
    "check": _OUTPUT_FLAGS,
    "run": _OUTPUT_FLAGS,
    "bisect": _OUTPUT_FLAGS,
    "init": (Flag("--check", "Write nothing; say what a run now would find."),),
}


class _OneSentenceParser(ArgumentParser):
    """An argument parser that reports errors in one sentence, without the usage."""

    def error(self, message: str) -> NoReturn:
        unknown = re.search(r"unrecognized arguments:.*?--([a-z][a-z-]*)", message)
        if unknown and (said := _explain_unknown_option(unknown[1])):
            raise UsageError(said)
        raise UsageError(f"{message}; `{self.prog} --help` shows what it takes.")


def _explain_unknown_option(name: str) -> str:
    """Say where an option belongs, or which one was meant.

    Empty if neither is known.
    """
    if instead := ACTION_INPUTS.get(name):
        use = f"{instead[0].upper()}{instead[1:]}"
        return f"--{name} is an input of the GitHub Action, not an option of the command. {use}."
    owners = [command for command, (_, options, _) in COMMANDS.items() if name in {each.name for each in options}]
    if owners:
        return f"--{name} is not an option of this command, but of `depcheck {owners[0]}`; give it there."
    known = {option.name for _, options, _ in COMMANDS.values() for option in options}
    meant = suggest_name(name, sorted(known))
    return f"--{name} is not an option. Did you mean --{meant}?" if meant else ""


def build_parser() -> ArgumentParser:
    """Build the parser of the whole command line.

    It raises UsageError for a wrong command line.
    """
    top = _OneSentenceParser(
        prog="depcheck",
        description="Would a fresh resolution of this repository's requirements still work, and if not, "
        "which release broke it?",
        epilog=_EXIT_STATUS_HELP,
        allow_abbrev=False,
    )
    top.add_argument("--version", action="version", version=f"depcheck {__version__}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True, parser_class=_OneSentenceParser)
    for name, (summary, options, examples) in COMMANDS.items():
        _add_command(
            commands.add_parser(
                name,
                help=summary,
                description=summary,
                epilog=f"{examples}\n\n{_EXIT_STATUS_HELP}",
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
        command.add_argument("shell", choices=tuple(COMPLETION_RENDERERS), help="Whose script.")
    for flag in MODE_FLAGS.get(name, ()):
        short = ["-q"] if flag.name == "--quiet" else []
        command.add_argument(*short, flag.name, action="store_true", help=flag.help)


def _add_option(command: ArgumentParser, option: Option) -> None:
    flags = ["-r"] if option.name == "requirements" else []
    flags.append(f"--{option.name}")
    words = f"{option.help} (default: {option.default})".replace("%", "%%")
    if option.form is OptionForm.SWITCH:
        command.add_argument(*flags, action=BooleanOptionalAction, default=SUPPRESS, help=words)
    elif option.form is OptionForm.OFF_SWITCH:
        command.add_argument(*flags, dest=option.name, action="store_true", default=SUPPRESS, help=option.help)
    elif option.form is OptionForm.MANY:
        words = f"{option.help} Repeatable. (default: {option.default})".replace("%", "%%")
        command.add_argument(*flags, action="append", metavar=option.metavar, default=SUPPRESS, help=words)
    else:
        command.add_argument(*flags, metavar=option.metavar, default=SUPPRESS, help=words)


def collect_given_options(arguments: Namespace) -> RawOptions:
    """Collect the options given on the command line, by option name.

    Options that were not given are absent.
    """
    found: dict[str, RawOption] = {}
    for attribute, value in vars(arguments).items():
        name = attribute.replace("_", "-")
        texts = tuple(value) if isinstance(value, list) else (_to_text(value),)
        found[name] = RawOption(f"--{name}", texts)
    return found


def _to_text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def as_argv(source: RawOptions, options: Iterable[Option]) -> list[str]:
    """Return the command line that gives `source` again, limited to `options`.

    The inverse of `collect_given_options`.
    """
    words: list[str] = []
    for option in options:
        for text in source[option.name].texts if option.name in source else ():
            if option.form is OptionForm.SWITCH:
                words.append(f"--{option.name}" if text == "true" else f"--no-{option.name}")
            elif option.form is OptionForm.OFF_SWITCH:
                words.extend([f"--{option.name}"] if text == "true" else [])
            else:
                words.append(f"--{option.name}={text}")
    return words


def from_action_inputs(environ: Mapping[str, str], options: Iterable[Option]) -> RawOptions:
    """Collect the options given as inputs of the action.

    An input is the variable INPUT_AS-OF and so on. An empty one counts as not given. A repeatable option
    takes one value a line. `test: none` is the empty test command, because an input cannot be empty.
    """
    found: dict[str, RawOption] = {}
    for option in options:
        text = environ.get(f"INPUT_{option.name.upper()}", "").strip()
        texts = tuple(line.strip() for line in text.splitlines() if line.strip())
        if option.form is not OptionForm.MANY:
            texts = (text,) if text else ()
        if option.name == "test" and text == "none":
            texts = ("",)
        if texts:
            found[option.name] = RawOption(f"the input `{option.name}`", texts)
    return found
