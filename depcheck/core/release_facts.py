"""What a release says of itself beside its files, and what of that a maintainer should be warned of."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from packaging.version import Version

from depcheck.core.plain import one_line
from depcheck.core.releases import Release

YOUNG = timedelta(days=3)
LONG_SILENCE = timedelta(days=2 * 365)
_LICENSE_CHARS = 80
_NOISE = re.compile(r"\b(?:the|licen[cs]e|osi approved|software|version|only)\b|[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class ReleaseFacts:
    """Metadata of one release. Texts are foreign, links are checked (`core.links`).

    `attested` says that the index holds provenance for its files (PEP 740), `publisher` who it says published them.
    """

    license: str = ""
    links: Mapping[str, str] = field(default_factory=dict)
    attested: bool = False
    publisher: str = ""


NO_FACTS = ReleaseFacts()


def stated_license(expression: str, text: str, classifiers: Sequence[str]) -> str:
    """The license in a few words: the expression, else the classifiers, else a short License field, else empty."""
    named = [each.rpartition("::")[2].strip() for each in classifiers if each.startswith("License ::")]
    short = text if "\n" not in text.strip() else ""
    found = expression or " or ".join(dict.fromkeys(named)) or short
    return one_line(found, _LICENSE_CHARS) if len(found) <= _LICENSE_CHARS else ""


def jump(before: Version, after: Version, days: tuple[datetime | None, datetime | None] = (None, None)) -> str:
    """The kind of step between two versions: `major`, `minor`, `patch`, `pre` or `calendar`; empty for none.

    `days` are the two upload times: a version is a date where its first number is its year.
    """
    if before == after:
        return ""
    if after.is_prerelease:
        return "pre"
    if all(_of_calendar(version, day) for version, day in zip((before, after), days, strict=True)):
        return "calendar"
    if (before.epoch, before.major) != (after.epoch, after.major):
        return "major"
    return "minor" if before.minor != after.minor else "patch"


def warnings(
    releases: Sequence[Release],
    old: Version | None,
    new: Version,
    facts: tuple[ReleaseFacts, ReleaseFacts],
    now: datetime,
) -> tuple[str, ...]:
    """What to look at before taking `new`, one short clause each; `facts` are of the old and of the new release."""
    found = {release.version: release for release in releases}
    release = found.get(new)
    said = [*_of_time(releases, release, now), *_of_files(release)] if release else []
    if old is not None:
        said += _of_change(*facts)
    return tuple(said)


def _of_time(releases: Sequence[Release], release: Release, now: datetime) -> list[str]:
    uploaded = release.uploaded_at
    if uploaded is None:
        return []
    age = now - uploaded
    earlier = [each.uploaded_at for each in releases if each.uploaded_at and each.uploaded_at < uploaded]
    silence = uploaded - max(earlier) if earlier else timedelta()
    young = [f"very young ({age.days} day{'' if age.days == 1 else 's'})"] if age < YOUNG else []
    years = [f"first release in {silence.days // 365} years"] if silence >= LONG_SILENCE else []
    return young + years


def _of_files(release: Release) -> list[str]:
    return ["source distribution only: installing it runs its code"] if release.sdists and not release.wheels else []


def _of_change(old: ReleaseFacts, new: ReleaseFacts) -> list[str]:
    said = []
    if old.attested and not new.attested:
        said.append("provenance lost: the release before was attested, this one is not")
    if old.publisher and new.publisher and old.publisher != new.publisher:
        said.append(f"published from {new.publisher}, before from {old.publisher}")
    if old.license and new.license and _plain(old.license) != _plain(new.license):
        said.append(f"license {old.license} became {new.license}")
    return said


def _of_calendar(version: Version, day: datetime | None) -> bool:
    return version.major > 1900 or (day is not None and version.major == day.year % 100)  # noqa: PLR2004  # years


def _plain(license_text: str) -> str:
    """A license without the ways of writing it: `MIT License` is `MIT`, `BSD` is any BSD."""
    words = _NOISE.sub(" ", license_text.lower()).split()
    return "bsd" if "bsd" in words else "apache2" if "apache" in words else " ".join(words)
