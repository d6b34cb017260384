"""Shell completion scripts, generated from the table of options."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from depcheck.core.config.option_form import Option, OptionForm


@dataclass(frozen=True, slots=True)
class Flag:
    """One flag of the command line with its help text.

    `metavar` names its value, and is empty for a flag without one.
    """

    name: str
    help: str
    metavar: str = ""
    is_repeatable: bool = False

    @property
    def choices(self) -> tuple[str, ...]:
        """Return the words of a metavar `open|off|PORT,…` that can be completed."""
        return tuple(word for word in self.metavar.split("|") if word.islower() and word.isalpha())


CommandFlags = Mapping[str, tuple[str, Sequence[Flag]]]
_COMMON = (Flag("--help", "Show what it takes."),)
_FOLDERS, _FILES = {"DIR"}, {"PATH", "FILE", "PATH,PATH"}


def list_flags(options: Iterable[Option]) -> tuple[Flag, ...]:
    """List the command-line flags of `options`."""
    found: list[Flag] = []
    for option in options:
        switch = option.form in {OptionForm.SWITCH, OptionForm.OFF_SWITCH}
        metavar = "" if switch else option.metavar or "TEXT"
        found.append(Flag(f"--{option.name}", option.help, metavar, option.form is OptionForm.MANY))
        if option.form is OptionForm.SWITCH:
            found.append(Flag(f"--no-{option.name}", f"Not: {option.help}"))
        if option.name == "requirements":
            found.append(Flag("-r", option.help, metavar, is_repeatable=True))
    return tuple(found)


def render_bash_completion(commands: CommandFlags) -> str:
    """Render the completion script for bash 3.2 and later."""
    every = {flag.name: flag for _, found in commands.values() for flag in found}
    values = "".join(_render_bash_value(flag) for flag in every.values() if flag.metavar)
    cases = "".join(
        f'    {name}) words="{" ".join(flag.name for flag in (*found, *_COMMON))}" ;;\n'
        for name, (_, found) in commands.items()
    )
    names = " ".join(commands)
    return f"""\
# bash completion of depcheck: source <(depcheck completion bash)
_depcheck() {{
  local cur=${{COMP_WORDS[COMP_CWORD]}} prev=${{COMP_WORDS[COMP_CWORD - 1]}} command="" words="" i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case ${{COMP_WORDS[i]}} in
      {"|".join(commands)}) command=${{COMP_WORDS[i]}}; break ;;
    esac
  done
  COMPREPLY=()
  [[ -n $command ]] && case $prev in
{values}  esac
  case $command in
    "") words="{names} --help --version" ;;
{cases}  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}}
complete -F _depcheck depcheck
"""


def _render_bash_value(flag: Flag) -> str:
    """Render the case that completes the value of a flag."""
    if flag.metavar in _FOLDERS | _FILES:
        kind = "-d" if flag.metavar in _FOLDERS else "-f"
        found = f'compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen {kind} -- "$cur"))'
    else:
        found = f'COMPREPLY=($(compgen -W "{" ".join(flag.choices)}" -- "$cur"))' if flag.choices else ":"
    return f"    {flag.name}) {found}; return ;;\n"


def render_zsh_completion(commands: CommandFlags) -> str:
    """Render the completion script for zsh.

    The file is named `_depcheck` and lies on `fpath`, or is sourced after compinit.
    """
    described = "".join(f"    {_quote_zsh(f'{name}:{summary}')}\n" for name, (summary, _) in commands.items())
    cases = "".join(
        f"        {name})\n          _arguments \\\n"
        + " \\\n".join(f"            {_render_zsh_flag(flag)}" for flag in (*found, *_COMMON))
        + " ;;\n"
        for name, (_, found) in commands.items()
    )
    return f"""\
#compdef depcheck
# zsh completion of depcheck: depcheck completion zsh > "${{fpath[1]}}/_depcheck"
_depcheck() {{
  local curcontext="$curcontext" state line
  local -a commands
  commands=(
{described}  )
  _arguments -C '--help[Show what it takes.]' '--version[Show the version.]' '1:command:->command' '*::option:->option'
  case $state in
    command) _describe command commands ;;
    option)
      case $words[1] in
{cases}      esac ;;
  esac
}}
if [[ $funcstack[1] == _depcheck ]]; then _depcheck "$@"; else compdef _depcheck depcheck; fi
"""


def _render_zsh_flag(flag: Flag) -> str:
    """Render one flag as an argument of `_arguments`."""
    help_ = re.sub(r"([\[\]:\\])", r"\\\1", flag.help)
    if not flag.metavar:
        return _quote_zsh(f"{flag.name}[{help_}]")
    metavar = re.sub(r"[^\w ]", " ", flag.metavar).strip()
    action = "_files -/" if flag.metavar in _FOLDERS else "_files" if flag.metavar in _FILES else ""
    action = f"({' '.join(flag.choices)})" if flag.choices else action or " "
    star, equals = "*" if flag.is_repeatable else "", "=" if flag.name.startswith("--") else ""
    return _quote_zsh(f"{star}{flag.name}{equals}[{help_}]:{metavar}:{action}")


def render_fish_completion(commands: CommandFlags) -> str:
    """Render the completion script for fish 3 and later."""
    lines = [
        "# fish completion of depcheck: depcheck completion fish > ~/.config/fish/completions/depcheck.fish",
        "complete -c depcheck -f",
        "complete -c depcheck -n __fish_use_subcommand -l help -d 'Show what it takes.'",
        "complete -c depcheck -n __fish_use_subcommand -l version -d 'Show the version.'",
    ]
    for name, (summary, found) in commands.items():
        lines.append(f"complete -c depcheck -n __fish_use_subcommand -a {name} -d {_quote_fish(summary)}")
        lines += [_render_fish_flag(name, flag) for flag in (*found, *_COMMON)]
    return "\n".join(lines) + "\n"


def _render_fish_flag(command: str, flag: Flag) -> str:
    """Render one flag as a `complete` line."""
    short = not flag.name.startswith("--")
    words = f"-s {flag.name[1:]}" if short else f"-l {flag.name[2:]}"
    if flag.choices:
        words += f" -x -a '{' '.join(flag.choices)}'"
    elif flag.metavar in _FOLDERS:
        words += " -x -a '(__fish_complete_directories)'"
    elif flag.metavar:
        words += " -r -F" if flag.metavar in _FILES else " -x"
    return f"complete -c depcheck -n '__fish_seen_subcommand_from {command}' {words} -d {_quote_fish(flag.help)}"


def _quote_zsh(text: str) -> str:
    """Quote a text for zsh in single quotes."""
    return "'" + text.replace("'", "'\\''") + "'"


def _quote_fish(text: str) -> str:
    """Quote a text for fish in single quotes."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


COMPLETION_RENDERERS: Mapping[str, Callable[[CommandFlags], str]] = {
    "bash": render_bash_completion,
    "zsh": render_zsh_completion,
    "fish": render_fish_completion,
}
