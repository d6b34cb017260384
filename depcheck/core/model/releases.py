"""Releases of a project, as an index shows them.

The warnings are for maintainers who consider an update.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from packaging.version import Version

from depcheck.core.model.index_facts.project_status import ACTIVE_PROJECT, ProjectStatus
from depcheck.core.text.close_names import suggest_name
from depcheck.core.text.terminal_safe import to_one_line


@dataclass(frozen=True, slots=True)
class ReleaseStatus:
    """Whether an index has a release, and whether it is yanked.

    `known` is false where none has the project. `project` is what the index says of all its releases.
    """

    is_present: bool
    yank_reason: str | None = None
    known: bool = True
    project: ProjectStatus = ACTIVE_PROJECT


@dataclass(frozen=True, slots=True)
class Origins:
    """Indexes asked for a project, and those that have it.

    As addresses that anybody may see.

    `differ` says that several have it, with files that are not the same: a tool takes the newest of all of them.
    """

    asked: tuple[str, ...]
    having: tuple[str, ...]
    differ: bool = False

    def describe_absence(self, name: str) -> str:
        """Return a sentence for a project that no index has."""
        meant = suggest_name(name.partition("==")[0])
        return (
            f"{name} exists on none of the indexes that were asked ({', '.join(self.asked)})."
            f"{f' Did you mean {meant}?' if meant else ''} If another index has it, name that index in your "
            "requirements, with --extra-index-url, or in pip's or uv's variable."
        )


@dataclass(frozen=True, slots=True)
class Release:
    """One version of a project, with the combined metadata of its files.

    `uploaded_at` is the earliest upload time of its visible files (aware UTC), None if the index gives none.
    `yank_reason` is the reason ("" if none was given) if every file is yanked, else None. `requires_python` are
    the distinct specifiers of its files. `wheels` are its wheel file names, `sdists` its source file names.
    With `is_attested` the index has attestations (PEP 740) for each of them.
    """

    version: Version
    uploaded_at: datetime | None
    yank_reason: str | None
    requires_python: tuple[str, ...]
    wheels: tuple[str, ...]
    sdists: tuple[str, ...]
    is_attested: bool = False


YOUNG_RELEASE_AGE = timedelta(days=3)
LONG_RELEASE_GAP = timedelta(days=2 * 365)
_MAX_LICENSE_CHARS = 80
_LICENSE_NOISE = re.compile(r"\b(?:the|licen[cs]e|osi approved|software|version|only)\b|[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class ReleaseFacts:
    """Metadata of one release, beside its files.

    Texts are foreign; links are checked (`core/text/links.py`). `notes` is what the package's description says of this
    release, bounded. `has_provenance` says that the index holds
    provenance for its files (PEP 740), `publisher` who published them according to it.
    """

    license: str = ""
    links: Mapping[str, str] = field(default_factory=dict)
    has_provenance: bool = False
    publisher: str = ""
    notes: str = ""


NO_FACTS = ReleaseFacts()


def summarize_license(expression: str, text: str, classifiers: Sequence[str]) -> str:
    """Return the license in a few words.

    The expression if there is one, else the classifiers, else a short License field, else empty.
    """
    named = [each.rpartition("::")[2].strip() for each in classifiers if each.startswith("License ::")]
    short = text if "\n" not in text.strip() else ""
    found = expression or " or ".join(dict.fromkeys(named)) or short
    return to_one_line(found, _MAX_LICENSE_CHARS) if len(found) <= _MAX_LICENSE_CHARS else ""


def classify_version_step(
    before: Version, after: Version, days: tuple[datetime | None, datetime | None] = (None, None)
) -> str:
    """Classify the step between two versions.

    One of `major`, `minor`, `patch`, `pre` or `calendar`; empty for equal versions. `days` are the two upload
    times: a version is a calendar version if its first number is its year.
    """
    if before == after:
        return ""
    if after.is_prerelease:
        return "pre"
    if all(_is_calendar_version(version, day) for version, day in zip((before, after), days, strict=True)):
        return "calendar"
    if (before.epoch, before.major) != (after.epoch, after.major):
        return "major"
    return "minor" if before.minor != after.minor else "patch"


def list_release_warnings(
    releases: Sequence[Release],
    old: Version | None,
    new: Version,
    facts: tuple[ReleaseFacts, ReleaseFacts],
    now: datetime,
) -> tuple[str, ...]:
    """List what to look at before taking the release `new`.

    One short clause each. `facts` are those of the old and of the new release; `old` is None for an added
    package.
    """
    found = {release.version: release for release in releases}
    release = found.get(new)
    said = [*_warn_about_age(releases, release, now), *_warn_about_files(release)] if release else []
    if old is not None:
        said += _warn_about_differences(*facts)
    return tuple(said)


def _warn_about_age(releases: Sequence[Release], release: Release, now: datetime) -> list[str]:
    uploaded = release.uploaded_at
    if uploaded is None:
        return []
    age = now - uploaded
    earlier = [each.uploaded_at for each in releases if each.uploaded_at and each.uploaded_at < uploaded]
    last = max(earlier, default=uploaded)
    young = [describe_release_age(age)] if age < YOUNG_RELEASE_AGE else []
    return [*young, *([f"first release since {last.year}"] if uploaded - last >= LONG_RELEASE_GAP else [])]


def describe_release_age(age: timedelta) -> str:
    """Describe a release's age, as in `released 2 days ago`."""
    if age.days < 1:
        return "released today"
    if age.days >= LONG_RELEASE_GAP.days:
        return f"released {age.days // 365} years ago"
    return f"released {age.days} day{'' if age.days == 1 else 's'} ago"


def _warn_about_files(release: Release) -> list[str]:
    return (
        ["no wheel, only a source distribution: installing it runs its code"]
        if release.sdists and not release.wheels
        else []
    )


def _warn_about_differences(old: ReleaseFacts, new: ReleaseFacts) -> list[str]:
    said = []
    if old.has_provenance and not new.has_provenance:
        said.append("no provenance any more: the release before had a signed one, this one has none")
    if old.publisher and new.publisher and old.publisher != new.publisher:
        said.append(f"published from {new.publisher}, earlier releases from {old.publisher}")
    if old.license and new.license and _normalize_license(old.license) != _normalize_license(new.license):
        said.append(f"licence changed from {old.license} to {new.license}")
    return said


def _is_calendar_version(version: Version, day: datetime | None) -> bool:
    """Return True if the version's first number is a year.

    Either it is above 1900, or it equals the last two digits of the upload year.
    """
    return version.major > 1900 or (day is not None and version.major == day.year % 100)  # noqa: PLR2004  # years


def _normalize_license(license_text: str) -> str:
    """Normalize the spelling of a license.

    For example `MIT License` becomes `mit`, and any BSD license `bsd`.
    """
    words = _LICENSE_NOISE.sub(" ", license_text.lower()).split()
    return "bsd" if "bsd" in words else "apache2" if "apache" in words else " ".join(words)
