"""From texts that people give to values. A refusal is a ValueError that goes on after the value's name."""

import re
from datetime import UTC, date, datetime, time
from math import isfinite
from pathlib import PurePath, PurePosixPath
from urllib.parse import urlsplit

# What the runner and the forge keep in variables must never be let through to strangers' code.
_SECRET_VARIABLES = re.compile(r"(INPUT|ACTIONS|GITHUB|GH|RUNNER|DEPCHECK)_.*", re.IGNORECASE)
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PYTHON = re.compile(r"[23]\.\d{1,2}")
_HIGHEST_PORT = 65535


def text(given: str) -> str:
    """Any text without a null byte, which no command line can carry."""
    if "\0" in given:
        raise ValueError("contains a null byte; remove it")
    return given


def when(given: str) -> datetime:
    """A moment, aware UTC. A date alone means the end of that day; a time without a zone is UTC."""
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", given):
            return datetime.combine(date.fromisoformat(given), time.max, UTC)
        moment = datetime.fromisoformat(given)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"is neither a date nor a time ({error}); give 2023-10-02 or 2023-10-02T12:00:00Z") from None


def python_version(given: str) -> str:
    """An interpreter's version as X.Y."""
    if not _PYTHON.fullmatch(given):
        raise ValueError("is not a Python version of the form X.Y; give for example 3.12")
    return given


def _number(given: str, unit: str) -> float:
    try:
        number = float(given)
    except ValueError:
        raise ValueError(f"is not a number; give {unit}, for example 30") from None
    if not isfinite(number) or number < 0:
        raise ValueError(f"is not a possible number of {unit}; give 0 or more")
    return number


def days(given: str) -> float:
    """Days, 0 or more; parts of a day are allowed."""
    return _number(given, "days")


def _positive(given: str, unit: str) -> float:
    number = _number(given, unit)
    if number == 0:
        raise ValueError(f"leaves no time for anything to run; give more than 0 {unit}")
    return number


def seconds(given: str) -> float:
    """Seconds, more than 0."""
    return _positive(given, "seconds")


def minutes(given: str) -> float:
    """Minutes, more than 0."""
    return _positive(given, "minutes")


def count(given: str) -> int:
    """A whole number, 1 or more."""
    if not re.fullmatch(r"\d{1,6}", given) or int(given) == 0:
        raise ValueError("is not a whole number of 1 or more; give for example 2")
    return int(given)


def boolean(given: str) -> bool:
    """`true` or `false`, as YAML and TOML spell them."""
    if given.lower() not in {"true", "false"}:
        raise ValueError("is neither true nor false; give one of them")
    return given.lower() == "true"


def negated(given: str) -> bool:
    """The opposite of `boolean`, for options that switch something off."""
    return not boolean(given)


def network(given: str) -> str:
    """`open`, `off`, or ports that stay reachable: `5432,6379`, each once, ascending."""
    if given in {"open", "off"}:
        return given
    ports = [port.strip() for port in given.split(",")]
    if not all(re.fullmatch(r"\d{1,5}", port) and 0 < int(port) <= _HIGHEST_PORT for port in ports):
        raise ValueError("is not a network setting; give open, off, or ports such as 5432,6379")
    return ",".join(map(str, sorted({int(port) for port in ports})))


PROJECT_FORMS = ("editable", "copy", "none")


def project_form(given: str) -> str:
    """Accept `editable`, `copy` or `none`."""
    if given not in PROJECT_FORMS:
        raise ValueError("is no way to install the project; give editable, copy or none")
    return given


def variable(given: str) -> str:
    """The name of a variable that checks may see; those of the runner and the forge are refused."""
    if not _VARIABLE.fullmatch(given):
        raise ValueError("is not the name of an environment variable; give a name such as DATABASE_URL")
    if _SECRET_VARIABLES.fullmatch(given):
        raise ValueError(
            "may hold a credential of the runner, which no check may see; copy what you need to another name"
        )
    return given


def location(given: str) -> PurePath:
    """A path of this machine."""
    if not text(given):
        raise ValueError("is empty; give a folder, for example `.`")
    return PurePath(given)


def inside(given: str) -> str:
    """A path in the repository: POSIX, relative, without detours."""
    path = PurePosixPath(text(given))
    if not path.parts or path.is_absolute() or ".." in path.parts:
        raise ValueError("does not stay in the repository; give a path relative to its top folder")
    return str(path)


def group(given: str) -> tuple[str, ...]:
    """Paths in the repository, separated by commas."""
    return tuple(inside(path.strip()) for path in given.split(","))


def compile_command(given: str) -> tuple[str, str]:
    """A lockfile's path and the command that compiles it, with `=` between them."""
    path, equals, command = given.partition("=")
    if not equals or not re.search(r"(?:^|[\s/])pip-compile(?=\s|$)|-m piptools compile|\buv pip compile\b", command):
        raise ValueError(
            "does not say how a lockfile is compiled; give its path, =, and a command of pip-compile or uv pip compile"
        )
    return inside(path.strip()), command.strip()


def url(given: str) -> str:
    """The address of a package index."""
    if urlsplit(given).scheme not in {"http", "https"} or not urlsplit(given).hostname:
        raise ValueError("is not the address of a package index; give one such as https://pypi.org/simple")
    return given


def label(given: str) -> str:
    """A name for the forge: one line, not empty."""
    if not given.strip() or not given.isprintable():
        raise ValueError("is not a name on one line; give for example dependencies")
    return given.strip()


def branch_prefix(given: str) -> str:
    """The beginning of a branch name that git accepts."""
    if not re.fullmatch(r"[A-Za-z0-9][\w./-]*", given, re.ASCII) or ".." in given or "//" in given:
        raise ValueError("cannot begin a branch name; give for example depcheck/")
    return given
