"""Secrets that output of programs and addresses can hold, taken out before anybody reads it."""

import re

MASK = "***"

_SHAPES = tuple(
    re.compile(pattern)
    for pattern in (
        r"\bgh[pousr]_[A-Za-z0-9]{16,}",  # GitHub's tokens
        r"\bgithub_pat_[A-Za-z0-9_]{20,}",
        r"\bglpat-[A-Za-z0-9_-]{16,}",
        r"\bpypi-[A-Za-z0-9_-]{32,}",
        r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
        r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}",
        r"\bsk-[A-Za-z0-9_-]{20,}",
        r"\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]*",  # JSON web tokens
        r"-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]*(?:-----END [A-Z ]*PRIVATE KEY-----)?",
    )
)
_ADDRESS = re.compile(r"(?<=://)[^\s/@'\"<>]+@")
_AUTHORIZATION = re.compile(
    r"(?i)\b((?:proxy-)?authorization['\"]?\s*[:=]\s*['\"]?(?:basic|bearer|token)\s+)[^\s'\",]+"
)
_NAMED = re.compile(
    r"(?i)\b([\w-]{0,40}(?:password|passwd|secret|token|api[_-]?key|access[_-]?key)['\"]?\s?[:=]\s?['\"]?)[^\s'\",;&)]{6,}"
)


def redact(text: str) -> str:
    """`text` with credentials of URLs, well-known tokens, keys and `password=…` values masked."""
    text = _ADDRESS.sub(f"{MASK}@", text)
    for shape in _SHAPES:
        text = shape.sub(MASK, text)
    return _NAMED.sub(rf"\g<1>{MASK}", _AUTHORIZATION.sub(rf"\g<1>{MASK}", text))
