"""What an issue remembers from night to night: a timeline, kept in its own body, since the forge is the only memory.

Each event is a hidden line of a fixed shape. What does not have that shape is not read: people can edit bodies.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from depcheck.core.markdown import code
from depcheck.core.report import EnvironmentReport, Status

SLOT = "<!-- depcheck story -->"
MOST_EVENTS = 40
_NAME, _VERSION = r"[a-z0-9](?:[a-z0-9.-]{0,98}[a-z0-9])?", r"[0-9a-z][0-9a-z.!+-]{0,60}"
_EVENT = re.compile(
    rf"^<!-- depcheck event day=(?P<day>\d{{4}}-\d\d-\d\d) word=(?P<word>[a-z-]{{3,20}})"
    rf"(?P<pins>(?: {_NAME}=={_VERSION}){{0,20}}) -->\r?$",
    re.MULTILINE,
)


class Word(StrEnum):
    """What happened on a night."""

    RELEASED = "released"
    BROKE = "broke"
    OTHERWISE = "otherwise"  # something that is no broken release: the lockfile, the sources, known vulnerabilities
    NEWER = "newer"  # a newer release of the culprit fails as well
    HEALED = "healed"


_SAID = {
    Word.RELEASED: "released",
    Word.BROKE: "found broken by",
    Word.OTHERWISE: "first seen so",
    Word.NEWER: "a newer release fails as well:",
    Word.HEALED: "green again, with",
}


@dataclass(frozen=True, slots=True)
class Event:
    """One night that changed the story; `pins` are releases by package."""

    day: str
    word: Word
    pins: tuple[tuple[str, str], ...] = ()

    @property
    def line(self) -> str:
        """The hidden line."""
        return f"<!-- depcheck event day={self.day} word={self.word}{''.join(f' {n}=={v}' for n, v in self.pins)} -->"


@dataclass(frozen=True, slots=True)
class Tonight:
    """What a night adds to a story.

    `event` is None where all is well; `released` are the culprits' releases, `newest` those that were tried too,
    `fresh` what a fresh resolution takes.
    """

    moment: datetime
    event: Event | None = None
    released: tuple[Event, ...] = ()
    newest: tuple[tuple[str, str], ...] = ()
    fresh: tuple[tuple[str, str], ...] = ()


def told(body: str) -> tuple[Event, ...]:
    """The events that a body holds, in its order."""
    found = [each for each in _EVENT.finditer(body) if each["word"] in set(Word)]
    return tuple(Event(each["day"], Word(each["word"]), _pins(each["pins"])) for each in found)[-MOST_EVENTS:]


def found(environment: EnvironmentReport, moment: datetime) -> Event:
    """The event of a night that found something."""
    guilty = {name: version for culprit in environment.culprits for name, version in culprit.first_bad.items()}
    broke = environment.status is Status.BREAKS and guilty
    return _event(moment, Word.BROKE if broke else Word.OTHERWISE, guilty)


def releases(environment: EnvironmentReport) -> tuple[Event, ...]:
    """When each culprit's first bad release came out."""
    known = ((each.since, each.first_bad) for each in environment.culprits)
    return tuple(_event(since, Word.RELEASED, bad) for since, bad in known if since)


def newest_tried(environment: EnvironmentReport) -> dict[str, str]:
    """The releases of the culprits that a fresh resolution takes tonight: they fail as well."""
    return {
        name: environment.fresh[name]
        for culprit in environment.culprits
        for name in culprit.packages
        if name in environment.fresh and not culprit.build
    }


def extended(story: Sequence[Event], tonight: Tonight) -> tuple[Event, ...]:
    """The story with tonight: a cause that was told already is told again only as a newer release that fails."""
    event = tonight.event
    if event is None:
        return tuple(story)
    more = [each for each in tonight.released if each not in story]
    last = next((each for each in reversed(story) if each.word in {Word.BROKE, Word.OTHERWISE}), None)
    if last is None or (last.word, last.pins) != (event.word, event.pins):
        more.append(event)
    known = {pair for each in (*story, *more) for pair in each.pins}
    tried = dict(pair for pair in tonight.newest if pair not in known)
    more += [Event(event.day, Word.NEWER, _kept(tried))] if tried else []
    return tuple(sorted((*story, *more), key=lambda each: each.day))[-MOST_EVENTS:]


def healed(story: Sequence[Event], fresh: Mapping[str, str], moment: datetime) -> Event | None:
    """The event that ends the story: what the last culprits are now; None where none was blamed."""
    blamed = next((each.pins for each in reversed(story) if each.word is Word.BROKE), ())
    return _event(moment, Word.HEALED, {name: fresh[name] for name, _ in blamed if name in fresh}) if blamed else None


def timeline(events: Sequence[Event]) -> str:
    """The visible list and its hidden lines."""
    return "\n".join([*(f"- {each.day}: {_words(each)}" for each in events), "", *(each.line for each in events)])


def _words(event: Event) -> str:
    pins = ", ".join(code(f"{name} {version}") for name, version in event.pins)
    if event.word is Word.RELEASED:
        return f"{pins} released"
    if event.word is Word.HEALED and not pins:
        return "green again"
    return f"{_SAID[event.word]} {pins}".strip()


def _event(moment: datetime, word: Word, pins: Mapping[str, str]) -> Event:
    return Event(f"{moment:%Y-%m-%d}", word, _kept(pins))


def _kept(pins: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Those that have the shape of a name and a version, by name; at most 20."""
    sound = re.compile(rf"{_NAME}=={_VERSION}")
    return tuple(sorted((n, v) for n, v in pins.items() if sound.fullmatch(f"{n}=={v}")))[:20]


def _pins(text: str) -> tuple[tuple[str, str], ...]:
    pairs = (word.partition("==") for word in text.split())
    return tuple((name, version) for name, _, version in pairs)
