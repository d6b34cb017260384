"""Parse option values from text.

Each parser raises a ValueError whose message is appended to the option's name.
"""

import re
from datetime import UTC, date, datetime, time
from math import isfinite
from pathlib import PurePath, PurePosixPath
from urllib.parse import urlsplit

from packaging.utils import InvalidName, canonicalize_name

from depcheck.core.lockfiles.formats.known_formats import find_command_format

# What the runner and the forge keep in variables must never be let through to strangers' code.
_SECRET_VARIABLES = re.compile(r"(INPUT|ACTIONS|GITHUB|GH|RUNNER|DEPCHECK)_.*", re.IGNORECASE)
_VARIABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PYTHON_VERSION = re.compile(r"[23]\.\d{1,2}")
_HIGHEST_PORT = 65535


def parse_text(given: str) -> str:
    """Return any text without a null byte.

    No command line can contain one.
    """
    if "\0" in given:
        raise ValueError("contains a null byte; remove it")
    return given


def parse_moment(given: str) -> datetime:
    """Parse a moment as an aware UTC time.

    A date alone means the end of that day; a time without a zone is UTC.
    """
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", given):
            return datetime.combine(date.fromisoformat(given), time.max, UTC)
        moment = datetime.fromisoformat(given)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"is neither a date nor a time ({error}); give 2023-10-02 or 2023-10-02T12:00:00Z") from None


def parse_python_version(given: str) -> str:
    """Return an interpreter's version as X.Y.

    `3.1` is what YAML and TOML make of an unquoted 3.10.
    """
    if given == "3.1":
        return "3.10"
    if not _PYTHON_VERSION.fullmatch(given):
        raise ValueError("is not a Python version of the form X.Y; give for example 3.12")
    return given


def _parse_number(given: str, unit: str) -> float:
    try:
        number = float(given)
    except ValueError:
        raise ValueError(f"is not a number; give {unit}, for example 30") from None
    if not isfinite(number) or number < 0:
        raise ValueError(f"is not a possible number of {unit}; give 0 or more")
    return number


def parse_days(given: str) -> float:
    """Parse a time in days, 0 or more.

    Parts of a day are allowed, and hours: `12h`. `3d` is the same as 3.
    """
    if given.endswith("h"):
        return _parse_number(given[:-1], "hours") / 24
    return _parse_number(given.removesuffix("d"), "days")


def _parse_positive_number(given: str, unit: str) -> float:
    number = _parse_number(given, unit)
    if number == 0:
        raise ValueError(f"leaves no time for anything to run; give more than 0 {unit}")
    return number


def parse_seconds(given: str) -> float:
    """Parse a number of seconds, more than 0."""
    return _parse_positive_number(given, "seconds")


def parse_minutes(given: str) -> float:
    """Parse a number of minutes, more than 0."""
    return _parse_positive_number(given, "minutes")


def parse_count(given: str) -> int:
    """Parse a whole number, 1 or more."""
    if not re.fullmatch(r"\d{1,6}", given) or int(given) == 0:
        raise ValueError("is not a whole number of 1 or more; give for example 2")
    return int(given)


def parse_boolean(given: str) -> bool:
    """Parse `true` or `false`, as YAML and TOML spell them."""
    if given.lower() not in {"true", "false"}:
        raise ValueError("is neither true nor false; give one of them")
    return given.lower() == "true"


def parse_negated_boolean(given: str) -> bool:
    """Parse a boolean and return its opposite.

    For options that switch something off.
    """
    return not parse_boolean(given)


def parse_network(given: str) -> str:
    """Parse `open`, `off`, or the ports that stay reachable.

    Ports are returned as `5432,6379`: each once, ascending. Behind `open` they stay reachable for very young releases.
    """
    if given in {"open", "off"}:
        return given
    first, comma, rest = given.partition(",")
    if comma and first.strip() == "open":
        return f"open,{_parse_ports(rest)}"
    return _parse_ports(given)


def _parse_ports(given: str) -> str:
    ports = [port.strip() for port in given.split(",")]
    if not all(re.fullmatch(r"\d{1,5}", port) and 0 < int(port) <= _HIGHEST_PORT for port in ports):
        raise ValueError("is not a network setting; give open, off, or ports such as 5432,6379")
    return ",".join(map(str, sorted({int(port) for port in ports})))


PROJECT_FORMS = ("editable", "copy", "none")


def parse_project_form(given: str) -> str:
    """Accept `editable`, `copy` or `none`."""
    if given not in PROJECT_FORMS:
        raise ValueError("is no way to install the project; give editable, copy or none")
    return given


def parse_required_proof(given: str) -> str:
    """Accept `provenance`."""
    if given != "provenance":
        raise ValueError("is nothing that can be required; give provenance")
    return given


def parse_variable_name(given: str) -> str:
    """Parse the name of a variable that checks may see.

    Variables of the runner and the forge are refused.
    """
    if not _VARIABLE_NAME.fullmatch(given):
        raise ValueError("is not the name of an environment variable; give a name such as DATABASE_URL")
    if _SECRET_VARIABLES.fullmatch(given):
        raise ValueError(
            "may hold a credential of the runner, which no check may see; copy what you need to another name"
        )
    return given


def parse_local_path(given: str) -> PurePath:
    """Parse a path of this machine."""
    if not parse_text(given):
        raise ValueError("is empty; give a folder, for example `.`")
    return PurePath(given)


def parse_repository_path(given: str) -> str:
    """Parse a path in the repository.

    The result is POSIX, relative and without detours.
    """
    path = PurePosixPath(parse_text(given))
    if not path.parts or path.is_absolute() or ".." in path.parts:
        raise ValueError("does not stay in the repository; give a path relative to its top folder")
    return str(path)


def parse_path_group(given: str) -> tuple[str, ...]:
    """Parse paths in the repository, separated by commas."""
    return tuple(parse_repository_path(path.strip()) for path in given.split(","))


def parse_path_with_command(given: str) -> tuple[str, str]:
    """Parse a lockfile's path and the command that compiles it.

    They are separated by `=`.
    """
    path, equals, command = given.partition("=")
    if not equals or find_command_format(command) is None:
        raise ValueError(
            "does not say how a lockfile is compiled; give its path, =, and a command of pip-compile or uv pip compile"
        )
    return parse_repository_path(path.strip()), command.strip()


def parse_index_url(given: str) -> str:
    """Parse the URL of a package index."""
    if urlsplit(given).scheme not in {"http", "https"} or not urlsplit(given).hostname:
        raise ValueError("is not the address of a package index; give one such as https://pypi.org/simple")
    return given


def parse_group_name(given: str) -> str:
    """Parse the name of an extra or dependency group, normalized."""
    try:
        return canonicalize_name(given, validate=True)
    except InvalidName:
        raise ValueError("is not the name of an extra or dependency group; give a name such as docs") from None


def parse_label(given: str) -> str:
    """Parse a name for the forge.

    It is one line, and not empty.
    """
    if not given.strip() or not given.isprintable():
        raise ValueError("is not a name on one line; give for example dependencies")
    return given.strip()


def parse_label_list(given: str) -> tuple[str, ...]:
    """Parse names for the forge, separated by commas."""
    return tuple(parse_label(each) for each in given.split(",") if each.strip()) or (parse_label(given),)


def parse_branch_prefix(given: str) -> str:
    """Parse the beginning of a branch name that git accepts."""
    if not re.fullmatch(r"[A-Za-z0-9][\w./-]*", given, re.ASCII) or ".." in given or "//" in given:
        raise ValueError("cannot begin a branch name; give for example depcheck/")
    return given
