"""The hidden line by which the forge remembers: which finding a body states, and which run wrote it.

It is the first line of every body and comment of ours, an HTML comment, so nobody sees it and foreign text
further down cannot pose as it.
"""

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from hashlib import sha256

_SHAPE = re.compile(
    r"^<!-- depcheck form=(?P<form>pull-request|issue|dashboard) key=(?P<key>[0-9a-f]{16})"
    r" digest=(?P<digest>[0-9a-f]{16})"
    r" run=(?P<run>\d{1,18})\.(?P<attempt>\d{1,6}) title=(?P<title>[0-9a-f]{16})"
    r" head=(?P<head>[0-9a-f]{40,64}|-) closed=(?P<closed>yes|no)(?: detail=(?P<detail>[0-9a-f]{16}))? -->\r?$",
    re.MULTILINE,
)
_REMARK = re.compile(r"^<!-- depcheck remark=(?P<id>[0-9a-f]{16}) -->\r?$", re.MULTILINE)
_TRAILER = re.compile(r"^Depcheck-Finding: (?P<key>[0-9a-f]{16})\.(?P<digest>[0-9a-f]{16})$", re.MULTILINE)


class Form(StrEnum):
    """What a proposal becomes."""

    PULL_REQUEST = "pull-request"
    ISSUE = "issue"
    DASHBOARD = "dashboard"  # an issue that is always open, about all environments of a branch


@dataclass(frozen=True, slots=True)
class Run:
    """A run of a workflow: its number grows, and each attempt counts on. 0 is a run outside of workflows."""

    id: int = 0
    attempt: int = 1

    def before(self, other: "Run") -> bool:
        """Whether this run is the older one; a person's own run never is."""
        return bool(self.id and other.id) and (self.id, self.attempt) < (other.id, other.attempt)


@dataclass(frozen=True, slots=True)
class Marker:
    """What the forge remembers of a proposal.

    `key` is the environment, `digest` the finding, `run` who wrote it last, `title` the digest of the title that we
    gave (another one is a person's), `head` the commit that we put on the branch, `closed` that we closed it.
    `detail` is what else the body says that is worth a silent edit, empty where there is nothing of that kind.
    """

    form: Form
    key: str
    digest: str
    run: Run = Run()
    title: str = "0" * 16
    head: str = ""
    closed: bool = False
    detail: str = ""

    @property
    def line(self) -> str:
        """The marker as it stands in a body."""
        return (
            f"<!-- depcheck form={self.form} key={self.key} digest={self.digest}"
            f" run={self.run.id}.{self.run.attempt} title={self.title}"
            f" head={self.head or '-'} closed={'yes' if self.closed else 'no'}"
            f"{f' detail={self.detail}' if self.detail else ''} -->"
        )

    def closing(self, run: Run) -> "Marker":
        """The marker of a proposal that `run` closes."""
        return replace(self, run=run, closed=True)


def read_marker(body: str) -> Marker | None:
    """The first marker in `body`, or None."""
    found = _SHAPE.search(body)
    if found is None:
        return None
    return Marker(
        form=Form(found["form"]),
        key=found["key"],
        digest=found["digest"],
        run=Run(int(found["run"]), int(found["attempt"])),
        title=found["title"],
        head="" if found["head"] == "-" else found["head"],
        closed=found["closed"] == "yes",
        detail=found["detail"] or "",
    )


def marked(marker: Marker, text: str) -> str:
    """`text` under its marker, in place of a marker that it has."""
    return f"{marker.line}\n{_SHAPE.sub('', text, count=1).lstrip()}"


def remark(identity: str, text: str) -> str:
    """A comment that says `text`; `identity` keeps it from being said twice."""
    return f"<!-- depcheck remark={short_digest(identity)} -->\n{text}"


def says(comment: str, identity: str) -> bool:
    """Whether `comment` is the remark `identity`."""
    found = _REMARK.match(comment)
    return found is not None and found["id"] == short_digest(identity)


def trailer(key: str, digest: str) -> str:
    """The last line of a commit of ours."""
    return f"Depcheck-Finding: {key}.{digest}"


def read_trailer(message: str) -> tuple[str, str] | None:
    """Key and digest of a commit of ours, or None for another's."""
    found = _TRAILER.search(message)
    return (found["key"], found["digest"]) if found else None


def short_digest(*parts: str) -> str:
    """16 hexadecimal digits that stand for `parts`."""
    return sha256("\0".join(f"{len(part)}:{part}" for part in parts).encode(errors="replace")).hexdigest()[:16]
