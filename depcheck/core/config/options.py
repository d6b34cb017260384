"""The table of all options.

Command line, configuration, inputs of the action and reference docs are generated from it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from depcheck.core.config import parsers, rules


class OptionForm(StrEnum):
    """The ways to give an option: once, repeatedly, or as a switch."""

    ONE = "one"
    MANY = "many"  # repeated on the command line, a list in the configuration, lines in an input
    SWITCH = "switch"  # true or false
    OFF_SWITCH = "off-switch"  # its name begins with `no-` and it switches something off


@dataclass(frozen=True, slots=True)
class TableKey:
    """One key of a configuration table, with a text or a day."""

    name: str
    help: str
    is_required: bool = True
    is_day: bool = False


@dataclass(frozen=True, slots=True)
class Option:
    """One option.

    `field` is its attribute in the settings. `default` is the text for help and docs. `keys` are those of the
    table that can stand for a value in the configuration.
    """

    name: str
    field: str
    parser: Callable[[str], object]
    help: str
    metavar: str = ""
    default: str = ""
    form: OptionForm = OptionForm.ONE
    keys: tuple[TableKey, ...] = ()  # of the table that says the same in the configuration


RULE_KEYS = (
    TableKey("package", "Whose releases."),
    TableKey("below", "The first release that is held back, short for a specifier of `<`.", is_required=False),
    TableKey("specifier", "Which releases may be taken.", is_required=False),
    TableKey("reason", "Why, for whoever reads it in a year."),
    TableKey("until", "The last day on which it holds, in UTC.", is_day=True),
)
_MANY, _SWITCH, _OFF = OptionForm.MANY, OptionForm.SWITCH, OptionForm.OFF_SWITCH

LOCATION_OPTIONS = (
    Option("repo", "repo", parsers.parse_local_path, "The repository to judge.", "DIR", "."),
    Option("report", "report", parsers.parse_local_path, "Where the report is written.", "DIR", "depcheck-report"),
)
SELECTION_OPTIONS = (
    Option("lockfile", "lockfiles", parsers.parse_repository_path, "A lockfile to judge.", "PATH", "all found", _MANY),
    Option(
        "together",
        "together",
        parsers.parse_path_group,
        "Lockfiles that are installed together, lower layers first.",
        "PATH,PATH",
        "found out from -c and -r",
        _MANY,
    ),
    Option(
        "compile-command",
        "compile_commands",
        parsers.parse_path_with_command,
        "How a lockfile is compiled, where its header does not say or says it wrongly.",
        "PATH=COMMAND",
        "the lockfile's header",
        _MANY,
    ),
    Option(
        "python",
        "python",
        parsers.parse_python_version,
        "The interpreter.",
        "X.Y",
        "the lockfile's header, then its name, then .python-version, then the backports among its pins, then "
        "requires-python, then what was current when its header was worded so, then depcheck's own",
    ),
    Option("only", "only", parsers.parse_label, "Judge only the environment of this name.", "NAME", "all", _MANY),
)
INDEX_OPTIONS = (
    Option(
        "as-of",
        "as_of",
        parsers.parse_moment,
        "Judge the package index as it stood at this time; a date means the end of that day in UTC.",
        "WHEN",
        "now",
    ),
    Option(
        "good",
        "good",
        parsers.parse_moment,
        "For a repository without a lockfile: when all was well.",
        "WHEN",
        "when the sources last changed",
    ),
    Option(
        "cooldown", "cooldown_days", parsers.parse_days, "Ignore releases younger than this many days.", "DAYS", "0"
    ),
    Option(
        "hold",
        "holds",
        rules.parse_hold_rule,
        "Releases that an update may take, until a day and for a reason.",
        "RULE",
        "none",
        _MANY,
        RULE_KEYS,
    ),
    Option(
        "ignore",
        "ignores",
        rules.parse_ignore_rule,
        "A package that no update changes, until a day and for a reason.",
        "RULE",
        "none",
        _MANY,
        RULE_KEYS[:1] + RULE_KEYS[3:],
    ),
    Option(
        "advisories",
        "advisories",
        parsers.parse_boolean,
        "Ask PyPI for known vulnerabilities of what is pinned.",
        default="true",
        form=_SWITCH,
    ),
    Option("index-url", "index_url", parsers.parse_index_url, "The package index.", "URL", "pip's own configuration"),
    Option(
        "extra-index-url", "extra_index_urls", parsers.parse_index_url, "A further package index.", "URL", "none", _MANY
    ),
)
CHECK_STEP_OPTIONS = (
    Option(
        "test",
        "test",
        parsers.parse_text,
        "The test command; an empty one for no tests.",
        "COMMAND",
        "pytest or unittest, where the repository has them",
    ),
    Option("smoke", "smoke", parsers.parse_text, "A command that must exit with 0 in time.", "COMMAND", "none", _MANY),
    Option(
        "boot",
        "boot",
        parsers.parse_text,
        "A program that must stay up for --boot-seconds, or exit with 0 before.",
        "COMMAND",
        "none",
        _MANY,
    ),
    Option(
        "imports",
        "imports",
        parsers.parse_boolean,
        "Import every module of the changed packages, of those that need them, and of the project.",
        default="true",
        form=_SWITCH,
    ),
    Option(
        "project",
        "project",
        parsers.project_form,
        "How the repository's own package is installed: editable (`pip install -e .`), as a copy, or not at all.",
        "editable|copy|none",
        "editable",
    ),
    Option("setup", "setup", parsers.parse_text, "Run once per environment, before its checks.", "COMMAND", "none"),
)
LIMIT_OPTIONS = (
    Option(
        "boot-seconds",
        "boot_seconds",
        parsers.parse_seconds,
        "How long a booted program must stay up.",
        "SECONDS",
        "10",
    ),
    Option("env", "env", parsers.parse_variable_name, "A variable that the checks may see.", "NAME", "none", _MANY),
    Option("timeout", "timeout_s", parsers.parse_seconds, "The longest that one command may run.", "SECONDS", "1800"),
    Option(
        "parallel",
        "parallel",
        parsers.parse_count,
        "How many environments are judged at the same time, at most 8. Their checks must not get in each other's way.",
        "N",
        "1",
    ),
    Option("budget", "budget_minutes", parsers.parse_minutes, "The time to spend on finding out who.", "MINUTES", "60"),
    Option(
        "confirmations",
        "confirmations",
        parsers.parse_count,
        "How often a failure must repeat before a release is blamed.",
        "N",
        "2",
    ),
    Option(
        "network",
        "network",
        parsers.parse_network,
        "What smoke, boot and test commands may reach: open, off, or ports such as 5432,6379.",
        "open|off|PORT,…",
        "open",
    ),
    Option(
        "no-sandbox",
        "sandbox",
        parsers.parse_negated_boolean,
        "Run strangers' code with your own rights. Only for a machine that holds nothing of worth.",
        default="false",
        form=_OFF,
    ),
)
REPORT_OPTIONS = (
    Option(
        "history",
        "history",
        parsers.parse_local_path,
        "A report of a past night, or a folder of such, for report.html.",
        "PATH",
        "none",
        _MANY,
    ),
)
CHECK_OPTIONS = (
    *LOCATION_OPTIONS,
    *SELECTION_OPTIONS,
    *INDEX_OPTIONS,
    *CHECK_STEP_OPTIONS,
    *LIMIT_OPTIONS,
    *REPORT_OPTIONS,
)
PLANNING_OPTIONS = (
    Option(
        "jobs",
        "jobs",
        parsers.parse_count,
        "The most rows; several environments share one where they are more.",
        "N",
        "256",
    ),
    Option("last", "last", parsers.parse_local_path, "Reports of the last night, to balance by.", "DIR", "none", _MANY),
)
PLAN_OPTIONS = (LOCATION_OPTIONS[0], *SELECTION_OPTIONS, *PLANNING_OPTIONS)

_GLOBAL_OPTIONS = {
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
ENVIRONMENT_OPTIONS = tuple(option for option in CHECK_OPTIONS if option.name not in _GLOBAL_OPTIONS)
"""What an environment of the configuration can have of its own."""
NAME_OPTION = Option(
    "name", "name", parsers.parse_label, "What it is called, in reports, branches and issues.", "NAME", "required"
)

PUBLISH_OPTIONS = (
    Option("dry-run", "dry_run", parsers.parse_boolean, "Print what would be published.", "", "false", _SWITCH),
    Option("pull-request", "pull_request", parsers.parse_boolean, "Open pull requests.", "", "true", _SWITCH),
    Option("issue", "issue", parsers.parse_boolean, "Open issues.", "", "true", _SWITCH),
    Option(
        "dashboard",
        "dashboard",
        parsers.parse_boolean,
        "Keep one issue that shows every environment, what is held back and since when.",
        "",
        "false",
        _SWITCH,
    ),
    Option("labels", "labels", parsers.parse_label, "A label for what is published.", "NAME", "dependencies", _MANY),
    Option("assignees", "assignees", parsers.parse_label, "Who is assigned.", "LOGIN", "none", _MANY),
    Option("reviewers", "reviewers", parsers.parse_label, "Who is asked to review.", "LOGIN", "none", _MANY),
    Option(
        "branch-prefix",
        "branch_prefix",
        parsers.parse_branch_prefix,
        "How our branches' names begin.",
        "TEXT",
        "depcheck/",
    ),
)

_GOOD_OPTION = Option("good", "good", parsers.parse_moment, "When all was well.", "DATE", "required")
_BAD_OPTION = Option("bad", "as_of", parsers.parse_moment, "When it was not.", "DATE", "now")
_BISECT_OPTION_NAMES = {"report", "lockfile", "python", "test", "smoke", "boot", "imports", "project", "setup"}
_REQUIREMENTS_OPTION = Option(
    "requirements", "requirements", parsers.parse_local_path, "A requirements file.", "FILE", "none", _MANY
)
BISECT_OPTIONS = (
    _REQUIREMENTS_OPTION,
    _GOOD_OPTION,
    _BAD_OPTION,
    *(option for option in CHECK_OPTIONS if option.name in _BISECT_OPTION_NAMES),
)
