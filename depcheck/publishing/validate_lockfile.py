"""Validate proposed lockfiles: pins with hashes, annotations, and unchanged lines.

Pins must come from an index. Lines are read as pip, editors and git see them: the core's line parser has
refused every character on which they disagree.
"""

import posixpath
import re
from collections.abc import Iterator, Sequence

from depcheck.core.lockfiles.formats.known_formats import (
    get_lockfile_format,
    parse_compile_command,
    parse_header,
    parse_lockfile,
)
from depcheck.core.lockfiles.lockfile_parser import Lockfile, LockfileEntry
from depcheck.core.lockfiles.requirement_line import LogicalLine
from depcheck.core.model.errors import LockfileError
from depcheck.core.model.report_json import ReportError
from depcheck.core.text.terminal_safe import to_one_line

_HASH_OPTION = re.compile(
    r"\s--hash[=\s]\s*(?:sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128})(?=\s|$)", re.IGNORECASE
)
_PIN = re.compile(
    r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?(?:\[[A-Za-z0-9._, -]*\])?\s*={2,3}\s*[A-Za-z0-9][A-Za-z0-9._+!-]*"
    r"(?:\s*;[A-Za-z0-9_.\s'\"<>=!~()+*,-]*)?"
)
# Up at its beginning alone: behind a link, up is somewhere else.
_EDITABLE = re.compile(r"-e ((?:\.|\.\.(?:/\.\.)*)(?:/(?!\.\.?(?:/|$))[\w.-]+)*)", re.ASCII)
_VIA_COMMENT = re.compile(r"#\s?via(?:\s+\S.*)?|#\s{2,}\S.*|#\s[A-Za-z0-9][A-Za-z0-9._-]*|#")
_MAX_COMMENT_CHARS = 1000
# Written by the compilers below the pins.
_COMPILER_SENTENCES = frozenset(
    {
        "# The following packages are considered to be unsafe in a requirements file:",
        "# The following packages were excluded from the output:",
        "# WARNING: The following packages were not pinned, but pip requires them to be",
        "# pinned when the requirements file includes hashes and the requirement is not",
        "# satisfied by a package already installed. Consider using the --allow-unsafe flag.",
    }
)


def check_lockfile_content(path: str, base: str | None, proposed: str, sources: Sequence[str] = ()) -> None:
    """Refuse a text that changes more than pins, hashes and annotations.

    It is compared with `base`. With None for `base` a new lockfile is proposed: it may contain nothing but pins
    and folders of the repository, and its command may name no files but `sources`, which the caller must have
    found on the base branch.

    Raises:
        ReportError: A line is refused, or `base` is no lockfile.
    """
    before = _parse_or_refuse(path, base or "", "on the base branch")
    after = _parse_or_refuse(path, proposed, "proposed")
    if base is not None and not before.entries and not parse_header(base).compiler:
        raise _build_refusal(path, "is no lockfile on the base branch")
    form = get_lockfile_format(parse_header(base or proposed).compiler)
    if (own := form.find_violations(before, after)) is not None:
        _refuse_first(path, own if base is not None else iter(["is new, and only a committed one is changed"]))
        return
    header = _find_new_header_problem(path, after, sources) if base is None else _find_header_change(before, after)
    folders = frozenset() if base is not None else _find_local_editables(path, after)
    _refuse_first(path, iter([header]) if header else _find_violations(before, after, folders))


def _refuse_first(path: str, violations: Iterator[str]) -> None:
    """Raise ReportError for the first violation, if any."""
    if wrong := next(violations, ""):
        raise _build_refusal(path, wrong)


def _parse_or_refuse(path: str, text: str, where: str) -> Lockfile:
    try:
        return parse_lockfile(text)
    except LockfileError as error:
        raise ReportError(
            f"{quote_path(path)} {where} does not read as a lockfile: {to_one_line(str(error))}"
        ) from None


def _find_header_change(before: Lockfile, after: Lockfile) -> str:
    same = after.header.replace("\r\n", "\n") == before.header.replace("\r\n", "\n")
    return "" if same else "would get another header, whose command the next compile follows"


def _find_local_editables(path: str, lockfile: Lockfile) -> frozenset[str]:
    """Return the editables of folders inside the repository, as written.

    `path` is the lockfile's path; examples are `-e .` and `-e ../part`.
    """
    folder = posixpath.dirname(path)
    stated = filter(None, (_EDITABLE.fullmatch(_strip_hashes_and_comments(entry)) for entry in lockfile.entries))
    places = ((match[0], posixpath.normpath(posixpath.join(folder, match[1]))) for match in stated)
    return frozenset(editable for editable, place in places if place != ".." and not place.startswith("../"))


def _find_violations(before: Lockfile, after: Lockfile, own: frozenset[str] = frozenset()) -> Iterator[str]:
    """Yield the forbidden changes of the proposed file.

    A missing index is as wrong as a new one. The editables in `own` may be new.
    """
    if after.options != before.options:
        changed = next(iter({*after.options} ^ {*before.options}), "their order")
        yield f"would change its options ({to_one_line(changed, 120)!r})"
    known = own.union(map(_strip_hashes_and_comments, before.entries))
    if after.text.rstrip().endswith("\\"):
        yield "would end in a line that goes on"
    pins = [entry.pin for entry in before.entries if not entry.pin.reference]
    hashed = bool(pins) and all(pin.hashes for pin in pins)
    for entry in after.entries:
        if _strip_hashes_and_comments(entry) not in known:
            yield from _find_pin_violations(entry)
        if hashed and not entry.pin.hashes and not entry.pin.reference:
            text = _strip_hashes_and_comments(entry)
            yield f"would get {text!r} on line {entry.line} without a hash, and all others have one"
    remarks = set(_list_comments(before))
    for comment in _list_comments(after):
        if comment not in remarks and not _is_annotation(comment):
            yield f"would get the comment {to_one_line(comment, 120)!r}, which no compiler writes"


def _find_pin_violations(entry: LockfileEntry) -> Iterator[str]:
    stated = _strip_hashes_and_comments(entry)
    if not _PIN.fullmatch(stated):
        kind = "URL, path or editable" if entry.pin.reference else "requirement"
        yield f"would get the {kind} {to_one_line(stated, 120)!r} on line {entry.line}, which it did not have"


def _strip_hashes_and_comments(entry: LockfileEntry) -> str:
    """Return an entry without hashes and comments, as pip reads it."""
    return _HASH_OPTION.sub("", LogicalLine(0, entry.text).content).strip()


def _list_comments(lockfile: Lockfile) -> Iterator[str]:
    for part in lockfile.parts:
        text = part if isinstance(part, str) else part.text
        yield from (f"#{comment}".rstrip() for comment in LogicalLine(0, text).comments)


def _is_annotation(comment: str) -> bool:
    """Return True if the comment names requirers or is a compiler's sentence.

    It must contain no invisible character and no address.
    """
    if not comment.isprintable() or len(comment) > _MAX_COMMENT_CHARS or "://" in comment or comment.endswith("\\"):
        return False
    return comment in _COMPILER_SENTENCES or _VIA_COMMENT.fullmatch(comment) is not None


def _find_new_header_problem(path: str, after: Lockfile, sources: Sequence[str]) -> str:
    """Return what is wrong with a new lockfile's header, or empty.

    Its command must be plain, and about its own sources.
    """
    if not after.entries:
        return "is new and pins nothing"
    header = parse_header(after.header)
    if not header.compiler:
        return ""
    try:
        command = parse_compile_command(header) if header.argv else None
    except LockfileError as error:
        return f"has a command that is not followed: {to_one_line(str(error))}"
    if command is None or not all(map(str.isprintable, header.text.splitlines())):
        return "has a header that no compiler writes for a new lockfile"
    reaching = (command.index_url, *command.extra_index_urls, *command.find_links, *command.paths)
    if any(reaching) or command.has_option("--pip-args"):
        return "has a command that reaches beyond its sources"
    folder = posixpath.dirname(path)
    named = {posixpath.normpath(each) for each in (*command.sources, *filter(None, [command.output]))}
    expected = {*sources, path} | {posixpath.relpath(each, folder or ".") for each in (*sources, path)}
    return "" if named <= expected else "has a command about other files"


def _build_refusal(path: str, why: str) -> ReportError:
    return ReportError(f"{quote_path(path)} {why}; nothing of it is published. Change it by hand where it is wanted.")


def quote_path(path: str) -> str:
    """Quote a path of a report for a message."""
    return repr(to_one_line(path, 120))
