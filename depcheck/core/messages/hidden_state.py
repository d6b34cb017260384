"""The hidden state of a body: its finding and its run.

It is an HTML comment on the first line of every body and comment, so readers do not see it, and foreign
text further down cannot imitate it.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from hashlib import sha256

MAX_PINS = 20  # in one comment
_PIN = r"[a-z0-9](?:[a-z0-9.-]{0,98}[a-z0-9])?==[0-9a-z][0-9a-z.!+-]{0,60}"
ISO_DAY = r"\d{4}-\d\d-\d\d"


def compile_hidden_comment(kind: str, fields: Mapping[str, str]) -> re.Pattern[str]:
    """Compile the pattern of a hidden comment on its own line.

    `<!-- depcheck kind name=value … package==version … -->`: `fields` are patterns of values by name, with a `?` behind
    the name of one that may be missing. Groups are the names, and `pins`.
    """
    words = [
        f"(?: {name[:-1]}=(?P<{name[:-1]}>{value}))?" if name.endswith("?") else f" {name}=(?P<{name}>{value})"
        for name, value in fields.items()
    ]
    start = f"<!-- depcheck{f' {kind}' if kind else ''}"
    return re.compile(
        rf"^{start}{''.join(words)}(?P<pins>(?: {_PIN}){{0,{MAX_PINS}}}) -->\r?$", re.MULTILINE | re.ASCII
    )


def render_hidden_comment(kind: str, fields: Mapping[str, object], pins: Iterable[tuple[str, str]] = ()) -> str:
    """Render a hidden comment, without the fields that are empty."""
    named = (f"{name}={value}" for name, value in fields.items() if value)
    words = (*([kind] if kind else []), *named, *(f"{name}=={version}" for name, version in pins))
    return f"<!-- depcheck {' '.join(words)} -->"


def parse_hidden_pins(text: str) -> tuple[tuple[str, str], ...]:
    """Parse the pins of a hidden comment."""
    pairs = (word.partition("==") for word in text.split())
    return tuple((name, version) for name, _, version in pairs)


def is_hidden_pin(name: str, version: str) -> bool:
    """Return True if a release can be written into a hidden comment."""
    return re.fullmatch(_PIN, f"{name}=={version}", re.ASCII) is not None


_DIGEST = "[0-9a-f]{16}"
_HIDDEN_LINE = compile_hidden_comment(
    "",
    {
        "form": "pull-request|issue|dashboard",
        "key": _DIGEST,
        "digest": _DIGEST,
        "run": r"\d{1,18}\.\d{1,6}",
        "title": _DIGEST,
        "head": "[0-9a-f]{40,64}|-",
        "closed": "yes|no",
        "detail?": _DIGEST,
        "base?": _DIGEST,
        "files?": "[0-9a-f]{12}(?:,[0-9a-f]{12}){0,15}",
    },
)
_REMARK_LINE = compile_hidden_comment("", {"remark": _DIGEST})
_TRAILER_LINE = re.compile(r"^Depcheck-Finding: (?P<key>[0-9a-f]{16})\.(?P<digest>[0-9a-f]{16})$", re.MULTILINE)


class ProposalForm(StrEnum):
    """The forms in which a proposal is published."""

    PULL_REQUEST = "pull-request"
    ISSUE = "issue"
    DASHBOARD = "dashboard"  # an issue that is always open, about all environments of a branch


@dataclass(frozen=True, slots=True)
class WorkflowRun:
    """A run of a workflow, by its growing number and attempt.

    The number 0 is a run outside of workflows.
    """

    id: int = 0
    attempt: int = 1

    def is_older_than(self, other: "WorkflowRun") -> bool:
        """Return True if this run is the older one.

        A run outside of workflows is never older.
        """
        return bool(self.id and other.id) and (self.id, self.attempt) < (other.id, other.attempt)


@dataclass(frozen=True, slots=True)
class HiddenMarker:
    """The hidden state of a published proposal.

    - `key` is the environment, `digest` the finding, `run` the run that wrote it last.
    - `title` is the digest of the title that depcheck gave. A title with another digest was edited by a
      person.
    - `head` is the commit that depcheck put on the branch. `closed` means that depcheck closed the
      proposal.
    - `detail` is a digest of what else is worth a silent edit, or empty.
    - `base` is a digest of the base branch, `files` are those of the lockfiles' paths. Both are empty where an
      earlier version wrote the marker.
    """

    form: ProposalForm
    key: str
    digest: str
    run: WorkflowRun = WorkflowRun()
    title: str = "0" * 16
    head: str = ""
    closed: bool = False
    detail: str = ""
    base: str = ""
    files: tuple[str, ...] = ()

    @property
    def hidden_line(self) -> str:
        """Return the marker as an HTML comment."""
        return render_hidden_comment(
            "",
            {
                "form": self.form,
                "key": self.key,
                "digest": self.digest,
                "run": f"{self.run.id}.{self.run.attempt}",
                "title": self.title,
                "head": self.head or "-",
                "closed": "yes" if self.closed else "no",
                "detail": self.detail,
                "base": self.base,
                "files": ",".join(self.files),
            },
        )

    def mark_closed(self, run: WorkflowRun) -> "HiddenMarker":
        """Return the marker as closed by `run`."""
        return replace(self, run=run, closed=True)


def parse_hidden_marker(body: str) -> HiddenMarker | None:
    """Parse the first marker in `body`, or return None."""
    found = _HIDDEN_LINE.search(body)
    if found is None:
        return None
    return HiddenMarker(
        form=ProposalForm(found["form"]),
        key=found["key"],
        digest=found["digest"],
        run=WorkflowRun(*map(int, found["run"].split("."))),
        title=found["title"],
        head="" if found["head"] == "-" else found["head"],
        closed=found["closed"] == "yes",
        detail=found["detail"] or "",
        base=found["base"] or "",
        files=tuple(found["files"].split(",")) if found["files"] else (),
    )


def prepend_marker(marker: HiddenMarker, text: str) -> str:
    """Put the marker above a text, replacing the text's own marker."""
    return f"{marker.hidden_line}\n{_HIDDEN_LINE.sub('', text, count=1).lstrip()}"


def render_remark(identity: str, text: str) -> str:
    """Render a comment with a hidden identity.

    The identity prevents that the comment is written twice.
    """
    return f"{render_hidden_comment('', {'remark': compute_short_digest(identity)})}\n{text}"


def is_remark(comment: str, identity: str) -> bool:
    """Return True if `comment` is the remark with this identity."""
    found = _REMARK_LINE.match(comment)
    return found is not None and found["remark"] == compute_short_digest(identity)


def format_commit_trailer(key: str, digest: str) -> str:
    """Format the last line of a commit by depcheck."""
    return f"Depcheck-Finding: {key}.{digest}"


def parse_commit_trailer(message: str) -> tuple[str, str] | None:
    """Parse the key and digest in a commit message of depcheck.

    Returns None for a commit by another author.
    """
    found = _TRAILER_LINE.search(message)
    return (found["key"], found["digest"]) if found else None


def compute_short_digest(*parts: str) -> str:
    """Compute a digest of `parts` with 16 hexadecimal digits."""
    return sha256("\0".join(f"{len(part)}:{part}" for part in parts).encode(errors="replace")).hexdigest()[:16]
