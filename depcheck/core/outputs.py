"""What processes print, made safe and short: the telling line, and what two runs of one error share."""

import re
from collections.abc import Iterable

from depcheck.core.plain import one_line

EVIDENCE_CHARS = 16 << 10
SIGNATURE_CHARS = 4000  # a headline has 300
_MOST_PASSES = 6  # a mask can uncover another; after the first pass there is rarely anything left

_ESCAPES = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[PX^_][^\x1b]*(?:\x1b\\)?|[ -/]*[0-~])"
)
_BREAKS = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
# C0 and C1 controls but tab and newline; marks that reorder or hide text; halves of surrogate pairs; BOM
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ud800-\udfff\ufeff]")

# /tmp/depcheck-x1y2z3a4/env-0123abcd/venv/lib/... as made by depcheck.app and depcheck.checking
_PATH = re.compile(r"/[^\s/'\"()<>][^\s'\"()<>]*")
_SCRATCH = re.compile(
    r"\A/(?:.*/)?depcheck-[a-z0-9_]{8}/(?:(?:env|run|copy)-[a-z0-9_]{8}/)?"
    r"(?:tmp/pip-(?:resolver?|install|req-build|build-env)-[a-z0-9_]{8}/)?"
)

_TRACEBACK = re.compile(r"Traceback \(most recent call last\):")
_EXCEPTION = re.compile(
    r"^(?:E\s+)?((?:[A-Za-z_]\w*\.)*[A-Z]\w*(?:Error|Exception|Warning|Interrupt|Exit|Group)\b(?::.*)?)$"
)
_MISSING = re.compile(r"No module named '([\w.]+)'")
_STATEMENT = re.compile(r"^>?\s*(?:from|import)\s+[\w.]+")
_ADDED = re.compile(r"(?<=') \(>?\s*(?:from|import) [^)]*\)?$")
_LOUD = re.compile(r"error|fatal|exception|panic|segmentation fault", re.IGNORECASE)
_UNHAPPY = re.compile(r"fail|cannot|can't|could not|unable|no such|not found|denied|refused|invalid", re.IGNORECASE)
_RULE = re.compile(r"[-=_*#~ ]{3,}")
_BOX_END = re.compile(r"^[ \t]*╰─+╯[ \t]*\n", re.MULTILINE)
_BLANK_LINE = re.compile(r"\n[ \t]*\n")

_SIGNALS = {4: "illegal instruction", 6: "aborted", 7: "bus error", 8: "arithmetic error", 9: "killed",
            11: "segmentation fault", 13: "broken pipe", 15: "terminated"}  # fmt: skip
_SIGNAL_BASE = 128


def clean(text: str) -> str:
    """`text` without escapes, controls and marks that reorder text; every line break is a newline."""
    return _CONTROLS.sub("", _BREAKS.sub("\n", _ESCAPES.sub("", text)))


def without_scratch(text: str) -> str:
    """`text` without the folders of one run in its paths: they differ each night and tell nobody anything."""
    return _PATH.sub(lambda path: _SCRATCH.sub("", path[0], count=1), text)


def middle_cut(text: str, head: int, tail: int) -> str:
    """`text` whole where it is short, else its first `head` and last `tail` characters, the gap counted."""
    left_out = len(text) - head - tail
    return text if left_out <= 0 else f"{text[:head]}\n[{left_out} characters left out]\n{text[-tail:]}"


def evidence(text: str) -> str:
    """The end of `text`, clean, as many whole lines as fit."""
    text = clean(text).strip("\n")
    if len(text) <= EVIDENCE_CHARS:
        return text
    end = text[-EVIDENCE_CHARS:]
    return end[end.find("\n") + 1 :] or end


def _column(before: str, following: list[str]) -> int:
    """Where the lines of a traceback begin: all indented alike, or all behind the same prefix, or not at all."""
    alike = not before.strip() or all(line.startswith(before) for line in following)
    return len(before) if alike else 0


def _after_traceback(lines: list[str]) -> str:
    """The exception that ends the last traceback: the first line after it that stands where it began."""
    for start in range(len(lines) - 1, -1, -1):
        found = _TRACEBACK.search(lines[start])
        if found is None:
            continue
        column = _column(lines[start][: found.start()], lines[start + 1 : start + 2])
        for number in range(start + 1, len(lines)):
            rest = lines[number][column:]
            if rest.strip() and not rest[0].isspace():
                more = lines[number + 1 : number + 2] if rest.rstrip().endswith(":") else []
                return " ".join([rest, *more])
    return ""


def telling_line(text: str) -> str:
    """The line of an output that says what went wrong, on one line; empty for an empty output.

    The exception of the last traceback; else the last line that looks like an exception, an error, or
    a complaint; else the last line.
    """
    lines = [line for line in clean(text).split("\n") if line.strip()]
    found = _after_traceback(lines)
    if found:
        return with_statement(one_line(found), lines)
    exceptions = [match[1] for line in lines if (match := _EXCEPTION.match(line.strip()))]
    if exceptions:
        return with_statement(one_line(exceptions[-1]), lines)
    said = [line for line in lines if not _RULE.fullmatch(line)] or lines
    for pattern in (_LOUD, _UNHAPPY):
        loud = [line for line in said if pattern.search(line)]
        if loud:
            return one_line(loud[-1])
    return one_line(said[-1]) if said else ""


def behind_box(text: str) -> str:
    """What stands right behind the last drawn box of `text`, the text itself where nothing does.

    rich, and typer with it, draws a traceback as a box and prints the exception below.
    """
    rest = _BOX_END.split(text)[-1].strip()
    return _BLANK_LINE.split(rest, maxsplit=1)[0] or text


def with_statement(headline: str, lines: Iterable[str]) -> str:
    """`No module named 'a.b'` with the statement that wanted `a.b.c`, where the traceback's `lines` tell one.

    Python names the first missing part only; what the program asked for says more.
    """
    missing = _MISSING.search(headline)
    if missing is None or headline.endswith(")"):
        return headline
    statements = [line.strip().removeprefix("E").strip() for line in lines if f"{missing[1]}." in line]
    wanted = [line for line in statements if _STATEMENT.match(line)]
    return one_line(f"{headline} ({wanted[-1]})") if wanted else headline


def error_itself(headline: str) -> str:
    """A headline without the statement that `with_statement` adds."""
    return _ADDED.sub("", headline)


def exit_sentence(status: int) -> str:
    """`exit status 139 (segmentation fault)`: as a shell counts, signals as 128 and their number."""
    number = _SIGNAL_BASE - status if status < 0 else status
    name = _SIGNALS.get(number - _SIGNAL_BASE)
    return f"exit status {number} ({name})" if name else f"exit status {number}"


def died_of_signal(status: int) -> bool:
    """Whether a process, or the last one of a shell, was ended by a signal that tells of a crash."""
    return status < 0 or status - _SIGNAL_BASE in _SIGNALS


_MASKS = tuple(
    (re.compile(pattern, re.IGNORECASE), mask)
    for pattern, mask in (
        (r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", "<uuid>"),
        (r"\b0x[0-9a-f]+\b", "<address>"),
        (r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?", "<time>"),
        (r"\b\d{4}-\d\d-\d\d\b|\b\d\d:\d\d:\d\d(?:[.,]\d+)?\b", "<time>"),
        (r"\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{12,}\b", "<digest>"),
        (r"(?<=localhost:)\d+|(?<=\d\.\d\.\d\.\d:)\d+|(?<=port=)\d+|(?<=port )\d+", "<port>"),
        (r"(?:[a-z]:)?(?:[\\/][^\s\\/:'\"()<>,]+)*[\\/](?=[^\s\\/:'\"()<>,])", "/"),
        (r"\b(tmp|temp|pytest-|pip-[\w-]{1,40}-)[\w-]{0,80}\d[\w-]{0,80}", "<tmp>"),
        (r"\bpid[ =:]*\d+|(?<=process )\d+", "<process>"),
        (r"(?<=line )\d+|(?<=\.py:)\d+(?::\d+)?", "<line>"),
        (r"\b\d+(?:\.\d+)?(?: ?(?:ms|s|secs?|seconds?|minutes?|min))\b", "<duration>"),
        (r"\b\d+(?:\.\d+)+(?:[-.]?(?:a|b|rc|dev|post|alpha|beta)\d*)?\b", "<version>"),
    )
)


def signature(text: str) -> str:
    """`text` with what differs between runs and releases masked: times, addresses, folders, versions.

    What stands behind the first SIGNATURE_CHARS does not count.
    """
    text = " ".join(text[:SIGNATURE_CHARS].split())
    for _ in range(_MOST_PASSES):
        before = text
        for pattern, mask in _MASKS:
            text = pattern.sub(mask, text)
        if text == before:
            break
    return text
