"""Workflow commands of the runner, and escaping of foreign text against them.

The runner reads standard output and standard error. It ends a line at LF, CRLF or a lone CR. It recognizes
`::name::` after white space only, and `##[name]` anywhere in a line.
"""

from collections.abc import Mapping

from depcheck.core.text.terminal_safe import to_one_line

MESSAGE_LIMIT = 4096  # characters, cut by the runner
ANNOTATIONS_LIMIT = 10  # of each level in a step; the runner drops the rest
SUMMARY_LIMIT_BYTES = 1024 * 1024  # a larger summary is dropped whole
_CUT_NOTICE = "\n\nThe rest did not fit; the whole report is in the artifact.\n"


def escape_message(text: str) -> str:
    """Escape `text` as the message of a command.

    It is cut at the runner's limit. Characters that a UTF-8 log cannot hold are replaced.
    """
    text = text[:MESSAGE_LIMIT].encode(errors="replace").decode()
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def format_workflow_command(name: str, text: str, properties: Mapping[str, str] | None = None) -> str:
    """Format a workflow command with every value escaped.

    For example `::error file=a.txt,line=3::text`.
    """
    pairs = ",".join(f"{key}={_escape_property(value)}" for key, value in (properties or {}).items() if value)
    return f"::{name}{' ' if pairs else ''}{pairs}::{escape_message(text)}"


def _escape_property(value: str) -> str:
    return escape_message(value).replace(":", "%3A").replace(",", "%2C")


def to_inert_line(text: str, limit: int = 500) -> str:
    """Convert foreign text to one log line that is never a command.

    The line begins with a prefix.
    """
    return f"| {neutralize_commands(to_one_line(text, limit))}"


def neutralize_commands(sentence: str) -> str:
    """Neutralize commands in a line that begins with our own words.

    Only `##[` counts there, as such a line cannot begin with `::`.
    """
    return sentence.replace("##[", "## [")


def neutralize_json_commands(text: str) -> str:
    """Neutralize commands in a JSON text, without changing the document.

    `##[` can be in strings only, which allow another spelling of it.
    """
    return text.replace("##[", "#\\u0023[")


def format_output_assignment(name: str, value: str, delimiter: str) -> str:
    """Format one output in the format of GITHUB_OUTPUT.

    `delimiter` must be unpredictable.

    Raises:
        ValueError: The name or the value contains the delimiter.
    """
    if delimiter in value or delimiter in name:
        raise ValueError(f"the delimiter stands in the output {name!r}; take another one")
    return f"{name}<<{delimiter}\n{value}\n{delimiter}\n"


def truncate_job_summary(markdown: str) -> str:
    """Cut `markdown` at a line's end if the runner's limit is exceeded."""
    encoded = markdown.encode(errors="replace")
    if len(encoded) <= SUMMARY_LIMIT_BYTES:
        return encoded.decode()
    kept = encoded[: SUMMARY_LIMIT_BYTES - len(_CUT_NOTICE.encode())].decode(errors="ignore")
    return kept[: kept.rfind("\n") + 1] + _CUT_NOTICE
