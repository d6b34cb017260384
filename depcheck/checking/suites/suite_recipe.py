"""What an environment of tox, nox or hatch runs and installs."""

import posixpath
import re
import shlex
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from depcheck.checking.suites.command_words import to_preparation, to_test_command

# Reports and plug-ins of their own; places and credentials of the machine.
_NOT_TAKEN_OVER = re.compile(r"(?:COVERAGE|COV|PIP|UV|VIRTUALENV|TOX|PYTEST)_\w*|PATH|HOME|VIRTUAL_ENV|TMPDIR")
_PLAIN_NAME, _PLAIN_VALUE = re.compile(r"[A-Za-z_]\w*"), re.compile(r"[^{}$`\n]*")
_OWN = re.compile(r"(?:-e|--editable)?\s*(?:\.|\{toxinidir\}|\{tox_root\})/?(?:\[(?P<extras>[\w, .-]+)\])?")


@dataclass(frozen=True, slots=True)
class SuiteRecipe:
    """Commands that test, and what is installed for them.

    `folder` is where they run, relative to the repository. `settings` are variables, `preparation` are commands that
    run before. `requirements` are lines as pip reads them, `extras` and `groups` those of the project.
    """

    commands: tuple[tuple[str, ...], ...] = ()
    preparation: tuple[tuple[str, ...], ...] = ()
    settings: tuple[tuple[str, str], ...] = ()
    folder: str = ""
    requirements: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    label: str = ""

    def to_commands(self, exists: Callable[[str], bool]) -> list[str]:
        """Return the shell commands that run its tests, as `to_test_command` reduces them.

        `exists` says whether a path of the repository is there.
        """

        def exists_here(path: str) -> bool:
            return exists(posixpath.normpath(posixpath.join(self.folder, path)))

        found = [to_test_command(words, exists_here) for words in self.commands]
        before = [line for words in self.preparation if (line := to_preparation(words, exists_here))]
        return [self._place([*before, command]) for command in dict.fromkeys(found) if command]

    def _place(self, commands: list[str]) -> str:
        """Join commands with their variables and folder."""
        taken = [(name, value) for name, value in self.settings if is_taken_over(name, value)]
        prefix = "".join(f"{name}={shlex.quote(value)} " for name, value in taken)
        joined = " && ".join(f"{prefix}{command}" for command in commands)
        return f"(cd {shlex.quote(self.folder)} && {joined})" if self.folder else joined


def is_taken_over(name: str, value: str) -> bool:
    """Return True for a variable that a test run may depend on."""
    plain = _PLAIN_NAME.fullmatch(name) and _PLAIN_VALUE.fullmatch(value)
    return bool(plain) and not _NOT_TAKEN_OVER.fullmatch(name)


def split_own_extras(lines: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Split lines such as `-e .[test]` off: other lines, and extras."""
    others, extras = list[str](), list[str]()
    for line in lines:
        own = _OWN.fullmatch(line.strip())
        if own:
            extras += [extra.strip() for extra in (own["extras"] or "").split(",") if extra.strip()]
        elif line.strip():
            others.append(line.strip())
    return tuple(others), tuple(extras)
