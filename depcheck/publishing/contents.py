"""What a proposed lockfile may say: pins from an index with their hashes and annotations, and what was there before.

Lines are judged as pip, editors and git see them: `core.lines` has refused every character at which they disagree.
"""

import posixpath
import re
from collections.abc import Iterator, Sequence

from depcheck.core.compile_command import parse_command
from depcheck.core.errors import LockfileError
from depcheck.core.header import read_header
from depcheck.core.lines import Line
from depcheck.core.lockfile import Entry, Lockfile, parse_lockfile
from depcheck.core.plain import one_line
from depcheck.core.report_json import ReportError

_HASH = re.compile(
    r"\s--hash[=\s]\s*(?:sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128})(?=\s|$)", re.IGNORECASE
)
_PIN = re.compile(
    r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?(?:\[[A-Za-z0-9._, -]*\])?\s*={2,3}\s*[A-Za-z0-9][A-Za-z0-9._+!-]*"
    r"(?:\s*;[A-Za-z0-9_.\s'\"<>=!~()+*,-]*)?"
)
# Up at its beginning alone: behind a link, up is somewhere else.
_EDITABLE = re.compile(r"-e ((?:\.|\.\.(?:/\.\.)*)(?:/(?!\.\.?(?:/|$))[\w.-]+)*)", re.ASCII)
_VIA = re.compile(r"#\s?via(?:\s+\S.*)?|#\s{2,}\S.*|#\s[A-Za-z0-9][A-Za-z0-9._-]*|#")
_COMMENT_CHARS = 1000
# Written by the compilers below the pins.
_SENTENCES = frozenset(
    {
        "# The following packages are considered to be unsafe in a requirements file:",
        "# The following packages were excluded from the output:",
        "# WARNING: The following packages were not pinned, but pip requires them to be",
        "# pinned when the requirements file includes hashes and the requirement is not",
        "# satisfied by a package already installed. Consider using the --allow-unsafe flag.",
    }
)


def check_content(path: str, base: str | None, proposed: str, sources: Sequence[str] = ()) -> None:
    """Refuse a text that changes more than pins, hashes and annotations of `base`.

    With None for `base` a new lockfile is proposed: it may hold nothing but pins and folders of the repository, and
    `sources`, which must be checked to stand on the base branch, are all that its command may name.

    Raises:
        ReportError: A line is refused, or `base` is no lockfile.
    """
    before = _parsed(path, base or "", "on the base branch")
    after = _parsed(path, proposed, "proposed")
    if base is not None and not before.entries and not read_header(base).compiler:
        raise _refused(path, "is no lockfile on the base branch")
    header = _wrong_header(path, after, sources) if base is None else _changed_header(before, after)
    own = frozenset() if base is not None else _own_folders(path, after)
    if wrong := header or next(_wrong(before, after, own), ""):
        raise _refused(path, wrong)


def _parsed(path: str, text: str, where: str) -> Lockfile:
    try:
        return parse_lockfile(text)
    except LockfileError as error:
        raise ReportError(f"{shown(path)} {where} does not read as a lockfile: {one_line(str(error))}") from None


def _changed_header(before: Lockfile, after: Lockfile) -> str:
    same = after.header.replace("\r\n", "\n") == before.header.replace("\r\n", "\n")
    return "" if same else "would get another header, whose command the next compile follows"


def _own_folders(path: str, lockfile: Lockfile) -> frozenset[str]:
    """The editables of folders that stand in the repository itself, as `path` names them: `-e .`, `-e ../part`."""
    folder = posixpath.dirname(path)
    stated = filter(None, (_EDITABLE.fullmatch(_stated(entry)) for entry in lockfile.entries))
    places = ((match[0], posixpath.normpath(posixpath.join(folder, match[1]))) for match in stated)
    return frozenset(editable for editable, place in places if place != ".." and not place.startswith("../"))


def _wrong(before: Lockfile, after: Lockfile, own: frozenset[str] = frozenset()) -> Iterator[str]:
    """What the proposed file changes that it must not: a missing index is as wrong as a new one. `own` may be new."""
    if after.options != before.options:
        changed = next(iter({*after.options} ^ {*before.options}), "their order")
        yield f"would change its options ({one_line(changed, 120)!r})"
    known = own.union(map(_stated, before.entries))
    if after.text.rstrip().endswith("\\"):
        yield "would end in a line that goes on"
    pins = [entry.pin for entry in before.entries if not entry.pin.reference]
    hashed = bool(pins) and all(pin.hashes for pin in pins)
    for entry in after.entries:
        if _stated(entry) not in known:
            yield from _wrong_pin(entry)
        if hashed and not entry.pin.hashes and not entry.pin.reference:
            yield f"would get {_stated(entry)!r} on line {entry.line} without a hash, and all others have one"
    remarks = set(_comments(before))
    for comment in _comments(after):
        if comment not in remarks and not _is_annotation(comment):
            yield f"would get the comment {one_line(comment, 120)!r}, which no compiler writes"


def _wrong_pin(entry: Entry) -> Iterator[str]:
    stated = _stated(entry)
    if not _PIN.fullmatch(stated):
        kind = "URL, path or editable" if entry.pin.reference else "requirement"
        yield f"would get the {kind} {one_line(stated, 120)!r} on line {entry.line}, which it did not have"


def _stated(entry: Entry) -> str:
    """An entry less its hashes and comments, as pip understands it."""
    return _HASH.sub("", Line(0, entry.text).joined).strip()


def _comments(lockfile: Lockfile) -> Iterator[str]:
    for part in lockfile.parts:
        text = part if isinstance(part, str) else part.text
        yield from (f"#{comment}".rstrip() for comment in Line(0, text).comments)


def _is_annotation(comment: str) -> bool:
    """Whether it names requirers, or is a sentence of a compiler's; nothing invisible, no address."""
    if not comment.isprintable() or len(comment) > _COMMENT_CHARS or "://" in comment or comment.endswith("\\"):
        return False
    return comment in _SENTENCES or _VIA.fullmatch(comment) is not None


def _wrong_header(path: str, after: Lockfile, sources: Sequence[str]) -> str:
    """What is wrong with a lockfile that is new: its command must be plain, and about its own sources."""
    if not after.entries:
        return "is new and pins nothing"
    header = read_header(after.header)
    if not header.compiler:
        return ""
    try:
        command = parse_command(header) if header.argv else None
    except LockfileError as error:
        return f"has a command that is not followed: {one_line(str(error))}"
    if command is None or not all(map(str.isprintable, header.text.splitlines())):
        return "has a header that no compiler writes for a new lockfile"
    reaching = (command.index_url, *command.extra_index_urls, *command.find_links, *command.paths)
    if any(reaching) or command.has("--pip-args"):
        return "has a command that reaches beyond its sources"
    folder = posixpath.dirname(path)
    named = {posixpath.normpath(each) for each in (*command.sources, *filter(None, [command.output]))}
    expected = {*sources, path} | {posixpath.relpath(each, folder or ".") for each in (*sources, path)}
    return "" if named <= expected else "has a command about other files"


def _refused(path: str, why: str) -> ReportError:
    return ReportError(f"{shown(path)} {why}; nothing of it is published. Change it by hand where it is wanted.")


def shown(path: str) -> str:
    """A path of a report, for a message."""
    return repr(one_line(path, 120))
