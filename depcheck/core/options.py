"""The one table of options. Command line, configuration, inputs of the action and docs come from it."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from depcheck.core import rules, values


class Form(StrEnum):
    """How often and how a value is given."""

    ONE = "one"
    MANY = "many"  # repeated on the command line, a list in the configuration, lines in an input
    SWITCH = "switch"  # true or false
    OFF_SWITCH = "off-switch"  # its name begins with `no-` and it switches something off


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a table in the configuration: a text, or a day."""

    name: str
    help: str
    required: bool = True
    day: bool = False


@dataclass(frozen=True, slots=True)
class Option:
    """One option: `field` is its attribute in the settings, `default` the text that people read."""

    name: str
    field: str
    parse: Callable[[str], object]
    help: str
    metavar: str = ""
    default: str = ""
    form: Form = Form.ONE
    keys: tuple[Key, ...] = ()  # of the table that says the same in the configuration


RULE = (
    Key("package", "Whose releases."),
    Key("below", "The first release that is held back, short for a specifier of `<`.", required=False),
    Key("specifier", "Which releases may be taken.", required=False),
    Key("reason", "Why, for whoever reads it in a year."),
    Key("until", "The last day on which it holds, in UTC.", day=True),
)
_MANY, _SWITCH, _OFF = Form.MANY, Form.SWITCH, Form.OFF_SWITCH

WHERE = (
    Option("repo", "repo", values.location, "The repository to judge.", "DIR", "."),
    Option("report", "report", values.location, "Where the report is written.", "DIR", "depcheck-report"),
)
WHICH = (
    Option("lockfile", "lockfiles", values.inside, "A lockfile to judge.", "PATH", "all found", _MANY),
    Option(
        "together",
        "together",
        values.group,
        "Lockfiles that are installed together, lower layers first.",
        "PATH,PATH",
        "found out from -c and -r",
        _MANY,
    ),
    Option(
        "compile-command",
        "compile_commands",
        values.compile_command,
        "How a lockfile is compiled, where its header does not say or says it wrongly.",
        "PATH=COMMAND",
        "the lockfile's header",
        _MANY,
    ),
    Option(
        "python",
        "python",
        values.python_version,
        "The interpreter.",
        "X.Y",
        "the lockfile's header, then its name, then .python-version, then the backports among its pins, then "
        "requires-python, then what was current when its header was worded so, then depcheck's own",
    ),
    Option("only", "only", values.label, "Judge only the environment of this name.", "NAME", "all", _MANY),
)
WORLD = (
    Option(
        "as-of",
        "as_of",
        values.when,
        "Judge the package index as it stood at this time; a date means the end of that day in UTC.",
        "WHEN",
        "now",
    ),
    Option(
        "good",
        "good",
        values.when,
        "For a repository without a lockfile: when all was well.",
        "WHEN",
        "when the sources last changed",
    ),
    Option("cooldown", "cooldown_days", values.days, "Ignore releases younger than this many days.", "DAYS", "0"),
    Option(
        "hold",
        "holds",
        rules.hold,
        "Releases that an update may take, until a day and for a reason.",
        "RULE",
        "none",
        _MANY,
        RULE,
    ),
    Option(
        "ignore",
        "ignores",
        rules.ignore,
        "A package that no update changes, until a day and for a reason.",
        "RULE",
        "none",
        _MANY,
        RULE[:1] + RULE[3:],
    ),
    Option(
        "advisories",
        "advisories",
        values.boolean,
        "Ask PyPI for known vulnerabilities of what is pinned.",
        default="true",
        form=_SWITCH,
    ),
    Option("index-url", "index_url", values.url, "The package index.", "URL", "pip's own configuration"),
    Option("extra-index-url", "extra_index_urls", values.url, "A further package index.", "URL", "none", _MANY),
)
CHECKS = (
    Option(
        "test",
        "test",
        values.text,
        "The test command; an empty one for no tests.",
        "COMMAND",
        "pytest or unittest, where the repository has them",
    ),
    Option("smoke", "smoke", values.text, "A command that must exit with 0 in time.", "COMMAND", "none", _MANY),
    Option(
        "boot",
        "boot",
        values.text,
        "A program that must stay up for --boot-seconds, or exit with 0 before.",
        "COMMAND",
        "none",
        _MANY,
    ),
    Option(
        "imports",
        "imports",
        values.boolean,
        "Import every module of the changed packages, of those that need them, and of the project.",
        default="true",
        form=_SWITCH,
    ),
    Option(
        "project",
        "project",
        values.project_form,
        "How the repository's own package is installed: editable (`pip install -e .`), as a copy, or not at all.",
        "editable|copy|none",
        "editable",
    ),
    Option("setup", "setup", values.text, "Run once per environment, before its checks.", "COMMAND", "none"),
)
LIMITS = (
    Option(
        "boot-seconds",
        "boot_seconds",
        values.seconds,
        "How long a booted program must stay up.",
        "SECONDS",
        "10",
    ),
    Option("env", "env", values.variable, "A variable that the checks may see.", "NAME", "none", _MANY),
    Option("timeout", "timeout_s", values.seconds, "The longest that one command may run.", "SECONDS", "1800"),
    Option(
        "parallel",
        "parallel",
        values.count,
        "How many environments are judged at the same time, at most 8. Their checks must not get in each other's way.",
        "N",
        "1",
    ),
    Option("budget", "budget_minutes", values.minutes, "The time to spend on finding out who.", "MINUTES", "60"),
    Option(
        "confirmations",
        "confirmations",
        values.count,
        "How often a failure must repeat before a release is blamed.",
        "N",
        "2",
    ),
    Option(
        "network",
        "network",
        values.network,
        "What smoke, boot and test commands may reach: open, off, or ports such as 5432,6379.",
        "open|off|PORT,…",
        "open",
    ),
    Option(
        "no-sandbox",
        "sandbox",
        values.negated,
        "Run strangers' code with your own rights. Only for a machine that holds nothing of worth.",
        default="false",
        form=_OFF,
    ),
)
TELLING = (
    Option(
        "history",
        "history",
        values.location,
        "A report of a past night, or a folder of such, for report.html.",
        "PATH",
        "none",
        _MANY,
    ),
)
CHECK = (*WHERE, *WHICH, *WORLD, *CHECKS, *LIMITS, *TELLING)
PLANNING = (
    Option(
        "jobs", "jobs", values.count, "The most rows; several environments share one where they are more.", "N", "256"
    ),
    Option("last", "last", values.location, "Reports of the last night, to balance by.", "DIR", "none", _MANY),
)
PLAN = (WHERE[0], *WHICH, *PLANNING)

_OF_ALL = {
    "repo",
    "report",
    "history",
    "compile-command",
    "together",
    "only",
    "parallel",
    "as-of",
    "advisories",
    "env",
    "no-sandbox",
}
ENVIRONMENT = tuple(option for option in CHECK if option.name not in _OF_ALL)
"""What an environment of the configuration can have of its own."""
NAME = Option("name", "name", values.label, "What it is called, in reports, branches and issues.", "NAME", "required")

PUBLISH = (
    Option("dry-run", "dry_run", values.boolean, "Print what would be published.", "", "false", _SWITCH),
    Option("pull-request", "pull_request", values.boolean, "Open pull requests.", "", "true", _SWITCH),
    Option("issue", "issue", values.boolean, "Open issues.", "", "true", _SWITCH),
    Option(
        "dashboard",
        "dashboard",
        values.boolean,
        "Keep one issue that shows every environment, what is held back and since when.",
        "",
        "false",
        _SWITCH,
    ),
    Option("labels", "labels", values.label, "A label for what is published.", "NAME", "dependencies", _MANY),
    Option("assignees", "assignees", values.label, "Who is assigned.", "LOGIN", "none", _MANY),
    Option("reviewers", "reviewers", values.label, "Who is asked to review.", "LOGIN", "none", _MANY),
    Option(
        "branch-prefix",
        "branch_prefix",
        values.branch_prefix,
        "How our branches' names begin.",
        "TEXT",
        "depcheck/",
    ),
)

_GOOD = Option("good", "good", values.when, "When all was well.", "DATE", "required")
_BAD = Option("bad", "as_of", values.when, "When it was not.", "DATE", "now")
_OF_BISECT = {"report", "lockfile", "python", "test", "smoke", "boot", "imports", "project", "setup"}
_REQUIREMENTS = Option("requirements", "requirements", values.location, "A requirements file.", "FILE", "none", _MANY)
BISECT = (_REQUIREMENTS, _GOOD, _BAD, *(option for option in CHECK if option.name in _OF_BISECT))
