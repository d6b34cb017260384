"""Make foreign text safe to print in a terminal, log or title.

Control characters are removed, and lengths are bounded.
"""

import re
from textwrap import wrap

# halves of surrogate pairs too, from file names that are no UTF-8: a log in UTF-8 cannot take them
_CONTROL_CHARACTER = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ud800-\udfff\ufeff]")
_ESCAPE_SEQUENCE = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?")


def to_one_line(text: str, limit: int = 300) -> str:
    """Return `text` on one line of at most `limit` characters.

    Escape sequences, control characters and invisible characters are removed.
    """
    line = " ".join(_CONTROL_CHARACTER.sub(" ", _ESCAPE_SEQUENCE.sub("", text)).split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def shorten_words(text: str, limit: int) -> str:
    """Return `text` on one line, cut between words."""
    line = to_one_line(text, 10 * limit)
    if len(line) <= limit:
        return line
    head = line[: limit - 1]
    words = head.rpartition(" ")[0]
    return f"{words if len(words) > limit // 2 else head}…"


def wrap_words(text: str, width: int) -> list[str]:
    """Break a line between words.

    Only a word that is longer than a line is cut.
    """
    return wrap(text, width, break_on_hyphens=False) or [text]


MASK = "***"

_TOKEN_PATTERNS = tuple(
    re.compile(pattern)
    for pattern in (
        # GitHub's tokens; since April 2026 an id and three parts of a JSON web token follow
        r"(?<![A-Za-z0-9])gh[pousr]_[A-Za-z0-9][A-Za-z0-9_.-]{15,}",
        r"\bgithub_pat_[A-Za-z0-9_]{20,}",
        r"\bglpat-[A-Za-z0-9_-]{16,}",
        r"\bpypi-[A-Za-z0-9_-]{32,}",
        r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
        r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}",
        r"\bsk-[A-Za-z0-9_-]{20,}",
        r"(?<![A-Za-z0-9])eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]*",  # JSON web tokens
        r"-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]*(?:-----END [A-Z ]*PRIVATE KEY-----)?",
    )
)
_URL_CREDENTIALS = re.compile(r"(?<=://)[^\s/@'\"<>]+@")
_AUTHORIZATION_HEADER = re.compile(
    r"(?i)\b((?:proxy-)?authorization['\"]?\s*[:=]\s*['\"]?(?:basic|bearer|token)\s+)[^\s'\",]+"
)
_NAMED_SECRET = re.compile(
    r"(?i)\b([\w-]{0,40}(?:password|passwd|secret|token|api[_-]?key|access[_-]?key)['\"]?\s?[:=]\s?['\"]?)[^\s'\",;&)]{6,}"
)


def redact_secrets(text: str) -> str:
    """Return `text` with secrets masked.

    Masks credentials in URLs, authorization headers, well-known tokens, private keys, and `password=…` values.
    """
    text = _URL_CREDENTIALS.sub(f"{MASK}@", text)
    for shape in _TOKEN_PATTERNS:
        text = shape.sub(MASK, text)
    return _NAMED_SECRET.sub(rf"\g<1>{MASK}", _AUTHORIZATION_HEADER.sub(rf"\g<1>{MASK}", text))
