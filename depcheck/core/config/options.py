"""The table of all options.

Command line, configuration, inputs of the action and reference docs are generated from it.
"""

from depcheck.core.config import option_types as types
from depcheck.core.config.option_form import Option, OptionForm, TableKey

RULE_KEYS = (
    TableKey("package", "Whose releases."),
    TableKey("below", "The first release that is held back, short for a specifier of `<`.", is_required=False),
    TableKey("specifier", "Which releases may be taken.", is_required=False),
    TableKey("reason", "Why, for whoever reads it in a year."),
    TableKey("until", "The last day on which it holds, in UTC.", is_day=True),
)
STATED_KEYS = (TableKey("package", "Whose releases."), TableKey("reason", "Why, for whoever reads it in a year."))
_MANY, _SWITCH, _OFF = OptionForm.MANY, OptionForm.SWITCH, OptionForm.OFF_SWITCH

LOCATION_OPTIONS = (
    Option("repo", "repo", types.LOCAL_PATH, "The repository to check.", "DIR", "."),
    Option("report", "report", types.LOCAL_PATH, "Where the report is written.", "DIR", "depcheck-report"),
)
SELECTION_OPTIONS = (
    Option("lockfile", "lockfiles", types.REPOSITORY_PATH, "A lockfile to check.", "PATH", "all found", _MANY),
    Option(
        "together",
        "together",
        types.PATH_GROUP,
        "Lockfiles that are installed together, lower layers first.",
        "PATH,PATH",
        "found out from -c and -r, projects, images, workflows and tests",
        _MANY,
    ),
    Option(
        "compile-command",
        "compile_commands",
        types.PATH_WITH_COMMAND,
        "How a lockfile is compiled, where its header does not say or says it wrongly.",
        "PATH=COMMAND",
        "the lockfile's header",
        _MANY,
    ),
    Option(
        "python",
        "python",
        types.PYTHON_VERSION,
        "The interpreter.",
        "X.Y",
        "the lockfile's header, then its name, then what images, workflows and version files state, then its pins, "
        "then requires-python, then what was current then, then depcheck's own",
    ),
    Option("only", "only", types.LABEL, "Check only the environment of this name.", "NAME", "all", _MANY),
)
INDEX_OPTIONS = (
    Option(
        "as-of",
        "as_of",
        types.MOMENT,
        "Check with the package index as it was at this time; a date means the end of that day in UTC.",
        "WHEN",
        "now",
    ),
    Option(
        "good",
        "good",
        types.MOMENT,
        "For a repository without a lockfile: when all was well.",
        "WHEN",
        "when the sources last changed",
    ),
    Option(
        "cooldown",
        "cooldown_days",
        types.DAYS,
        "How old a release must be to be proposed, in days, or hours such as 12h. What breaks is told at once.",
        "DAYS",
        "3",
    ),
    Option(
        "cooldown-security",
        "cooldown_security_days",
        types.DAYS,
        "The same, for a release that fixes a known vulnerability of a committed pin.",
        "DAYS",
        "0",
    ),
    Option(
        "cooldown-except",
        "cooldown_exceptions",
        types.COOLDOWN_EXCEPTION,
        "A package whose releases are proposed at any age, and why.",
        "NAME [until DAY] because REASON",
        "none",
        _MANY,
        STATED_KEYS,
    ),
    Option(
        "quarantine",
        "quarantine_days",
        types.DAYS,
        "How old all releases of a set must be for smoke, boot and test commands to have an open network.",
        "DAYS",
        "24h",
    ),
    Option(
        "require",
        "require",
        types.REQUIRED_PROOF,
        "What a new release must not have lost: `provenance`, its attestations and their publisher.",
        "provenance",
        "none",
    ),
    Option(
        "ban",
        "bans",
        types.BAN,
        "A release, or a whole package, that is never downloaded, built or run, and why.",
        "NAME[==VERSION] [until DAY] because REASON",
        "none",
        _MANY,
    ),
    Option(
        "hold",
        "holds",
        types.HOLD_RULE,
        "Releases that an update may take, until a day and for a reason.",
        "RULE",
        "none",
        _MANY,
        RULE_KEYS,
    ),
    Option(
        "ignore",
        "ignores",
        types.IGNORE_RULE,
        "A package that no update changes, until a day and for a reason.",
        "RULE",
        "none",
        _MANY,
        RULE_KEYS[:1] + RULE_KEYS[3:],
    ),
    Option(
        "advisories",
        "advisories",
        types.BOOLEAN,
        "Ask PyPI and OSV for known vulnerabilities and malware among what is pinned or taken.",
        default="true",
        form=_SWITCH,
    ),
    Option("index-url", "index_url", types.INDEX_URL, "The package index.", "URL", "pip's own configuration"),
    Option("extra-index-url", "extra_index_urls", types.INDEX_URL, "A further package index.", "URL", "none", _MANY),
)
CHECK_STEP_OPTIONS = (
    Option(
        "test",
        "test",
        types.TEXT,
        "The test command; an empty one for no tests.",
        "COMMAND",
        "what tox or nox run, pytest, manage.py or unittest",
    ),
    Option("smoke", "smoke", types.TEXT, "A command that must exit with 0 in time.", "COMMAND", "none", _MANY),
    Option(
        "boot",
        "boot",
        types.TEXT,
        "A program that must stay up for --boot-seconds, or exit with 0 before.",
        "COMMAND",
        "none",
        _MANY,
    ),
    Option(
        "imports",
        "imports",
        types.BOOLEAN,
        "Import the modules of the changed packages, of those that need them, and of the project.",
        default="true",
        form=_SWITCH,
    ),
    Option(
        "project",
        "project",
        types.PROJECT_FORM,
        "How the repository's own package is installed: editable (`pip install -e .`), as a copy, or not at all.",
        "editable|copy|none",
        "editable",
    ),
    Option(
        "without",
        "without",
        types.GROUP_NAME,
        "An extra or dependency group of a uv.lock that is neither installed nor checked.",
        "NAME",
        "none",
        _MANY,
    ),
    Option("setup", "setup", types.TEXT, "Run once per environment, before its checks.", "COMMAND", "none"),
)
LIMIT_OPTIONS = (
    Option("boot-seconds", "boot_seconds", types.SECONDS, "How long a booted program must stay up.", "SECONDS", "10"),
    Option("env", "env", types.VARIABLE_NAME, "A variable that the checks may see.", "NAME", "none", _MANY),
    Option("timeout", "timeout_s", types.SECONDS, "The longest that one command may run.", "SECONDS", "1800"),
    Option(
        "parallel",
        "parallel",
        types.COUNT,
        "How many environments are checked at the same time, at most 8. Their checks must not get in each other's way.",
        "N",
        "1",
    ),
    Option(
        "budget", "budget_minutes", types.MINUTES, "The time to search for the release that broke it.", "MINUTES", "60"
    ),
    Option(
        "confirmations",
        "confirmations",
        types.COUNT,
        "How often a failure must repeat before a release is blamed.",
        "N",
        "2",
    ),
    Option(
        "network",
        "network",
        types.NETWORK,
        "What smoke, boot and test commands may reach: open, off, or ports such as 5432,6379; with `open,5432`, very "
        "young releases reach that port.",
        "open|off|PORT,…",
        "open",
    ),
    Option(
        "no-sandbox",
        "sandbox",
        types.NEGATED_BOOLEAN,
        "Run strangers' code with your own rights. Only for a machine that holds nothing of worth.",
        default="false",
        form=_OFF,
    ),
)
REPORT_OPTIONS = (
    Option(
        "history",
        "history",
        types.LOCAL_PATH,
        "A report of a past run, or a folder of such, for report.html.",
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
        "jobs", "jobs", types.COUNT, "The most rows; several environments share one where they are more.", "N", "256"
    ),
    Option("last", "last", types.LOCAL_PATH, "Reports of the last run, to balance by.", "DIR", "none", _MANY),
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
    "name", "name", types.LABEL, "What it is called, in reports, branches and issues.", "NAME", "required"
)

_GOOD_OPTION = Option("good", "good", types.MOMENT, "When all was well.", "DATE", "required")
_BAD_OPTION = Option("bad", "as_of", types.MOMENT, "When it was not.", "DATE", "now")
_BISECT_OPTION_NAMES = {"report", "lockfile", "python", "test", "smoke", "boot", "imports", "project", "setup"}
_REQUIREMENTS_OPTION = Option(
    "requirements", "requirements", types.LOCAL_PATH, "A requirements file.", "FILE", "none", _MANY
)
BISECT_OPTIONS = (
    _REQUIREMENTS_OPTION,
    _GOOD_OPTION,
    _BAD_OPTION,
    *(option for option in CHECK_OPTIONS if option.name in _BISECT_OPTION_NAMES),
)
