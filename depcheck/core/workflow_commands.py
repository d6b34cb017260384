r"""The runner's language: workflow commands, and foreign text that must never become one.

The runner reads standard output and standard error, ends a line at `\n`, `\r\n` or a lone `\r`, takes
`::name::` after white space only and `##[name]` anywhere in a line.
"""

from collections.abc import Mapping

from depcheck.core.plain import one_line

MESSAGE_LIMIT = 4096  # characters, cut by the runner
ANNOTATIONS_LIMIT = 10  # of each level in a step; the runner drops the rest
SUMMARY_LIMIT_BYTES = 1024 * 1024  # a larger summary is dropped whole
_CUT = "\n\nThe rest did not fit; the whole report is in the artifact.\n"


def message(text: str) -> str:
    """`text` as the message of a command, without what no log in UTF-8 can hold."""
    text = text[:MESSAGE_LIMIT].encode(errors="replace").decode()
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def command(name: str, text: str, properties: Mapping[str, str] | None = None) -> str:
    """`::error file=a.txt,line=3::text`, every value escaped."""
    pairs = ",".join(f"{key}={_property(value)}" for key, value in (properties or {}).items() if value)
    return f"::{name}{' ' if pairs else ''}{pairs}::{message(text)}"


def _property(value: str) -> str:
    return message(value).replace(":", "%3A").replace(",", "%2C")


def inert(text: str, limit: int = 500) -> str:
    """Foreign text as one log line behind a prefix, which is no command whatever it says."""
    return f"| {unheard(one_line(text, limit))}"


def unheard(sentence: str) -> str:
    """A line that begins with a word of ours, with nothing in it that the runner would hear."""
    return sentence.replace("##[", "## [")


def unheard_json(text: str) -> str:
    """The same document with no command in it: `##[` can stand in strings only, where it has another spelling."""
    return text.replace("##[", "#\\u0023[")


def assignment(name: str, value: str, delimiter: str) -> str:
    """One output in the format of GITHUB_OUTPUT; `delimiter` must be unpredictable and not in the value."""
    if delimiter in value or delimiter in name:
        raise ValueError(f"the delimiter stands in the output {name!r}; take another one")
    return f"{name}<<{delimiter}\n{value}\n{delimiter}\n"


def fitting_summary(markdown: str) -> str:
    """`markdown`, cut at a line's end where it is larger than the runner takes."""
    encoded = markdown.encode(errors="replace")
    if len(encoded) <= SUMMARY_LIMIT_BYTES:
        return encoded.decode()
    kept = encoded[: SUMMARY_LIMIT_BYTES - len(_CUT.encode())].decode(errors="ignore")
    return kept[: kept.rfind("\n") + 1] + _CUT
