"""The timeline of an issue, stored in the issue's own body.

The forge is the only memory. Each event is a hidden line of a fixed shape. A line without that shape is
ignored, as people can edit bodies.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from depcheck.core.messages.hidden_state import (
    ISO_DAY,
    MAX_PINS,
    compile_hidden_comment,
    is_hidden_pin,
    parse_hidden_pins,
    render_hidden_comment,
)
from depcheck.core.model.report import EnvironmentReport
from depcheck.core.model.status import Status
from depcheck.core.text.markdown import render_code_span

TIMELINE_SLOT = "<!-- depcheck story -->"
MAX_EVENTS = 40
_MOST_OTHERS = 6
_EVENT_LINE = compile_hidden_comment("event", {"day": ISO_DAY, "word": "[a-z-]{3,20}"})


class EventKind(StrEnum):
    """The kind of a timeline event."""

    RELEASED = "released"
    BROKE = "broke"
    OTHER_PROBLEM = "otherwise"  # something that is no broken release: the lockfile, the sources, known vulnerabilities
    VICTIM = "victim"  # whose code fails
    NEWER_FAILS = "newer"  # a newer release of the culprit, or of whose code fails, fails as well
    HEALED = "healed"


_FAILING = frozenset({EventKind.BROKE, EventKind.VICTIM, EventKind.NEWER_FAILS})
_EVENT_PHRASES = {
    EventKind.RELEASED: "released",
    EventKind.BROKE: "first failed, because of",
    EventKind.OTHER_PROBLEM: "first seen",
    EventKind.VICTIM: "the code that fails is that of",
    EventKind.NEWER_FAILS: "a newer release fails too:",
    EventKind.HEALED: "fixed, with",
}


@dataclass(frozen=True, slots=True)
class TimelineEvent:
    """One day on which something changed.

    `day` is an ISO date, `pins` are releases by package.
    """

    day: str
    kind: EventKind
    pins: tuple[tuple[str, str], ...] = ()

    @property
    def hidden_line(self) -> str:
        """The event as the hidden line in a body."""
        return render_hidden_comment("event", {"day": self.day, "word": self.kind}, self.pins)


@dataclass(frozen=True, slots=True)
class TimelineUpdate:
    """The events that a run adds to a timeline.

    `event` is None if nothing is wrong. `release_events` are the culprits' releases, `newest_tried` newer
    releases of them that were tried too, `fresh_versions` those of a fresh resolution. `victims` are the releases
    whose code fails.
    """

    moment: datetime
    event: TimelineEvent | None = None
    release_events: tuple[TimelineEvent, ...] = ()
    newest_tried: tuple[tuple[str, str], ...] = ()
    fresh_versions: tuple[tuple[str, str], ...] = ()
    victims: tuple[tuple[str, str], ...] = ()


def parse_timeline(body: str) -> tuple[TimelineEvent, ...]:
    """Parse the events that a body holds, in their order.

    At most the last `MAX_EVENTS`.
    """
    found = [each for each in _EVENT_LINE.finditer(body) if each["word"] in set(EventKind)][-MAX_EVENTS:]
    return tuple(TimelineEvent(each["day"], EventKind(each["word"]), parse_hidden_pins(each["pins"])) for each in found)


def make_finding_event(environment: EnvironmentReport, moment: datetime) -> TimelineEvent:
    """Make the event of a run that found a problem."""
    guilty = {name: version for culprit in environment.culprits for name, version in culprit.first_bad.items()}
    broke = environment.status is Status.BREAKS and guilty
    return _make_event(moment, EventKind.BROKE if broke else EventKind.OTHER_PROBLEM, guilty)


def make_release_events(environment: EnvironmentReport) -> tuple[TimelineEvent, ...]:
    """Make an event for the upload of each culprit's first bad release."""
    known = ((each.since, each.first_bad) for each in environment.culprits)
    return tuple(_make_event(since, EventKind.RELEASED, bad) for since, bad in known if since)


def find_newest_tried(environment: EnvironmentReport) -> dict[str, str]:
    """Find the releases of culprits and victims in a fresh resolution."""
    return {
        name: environment.fresh[name]
        for culprit in environment.culprits
        for name in (*culprit.packages, *culprit.victims)
        if name in environment.fresh and not culprit.build
    }


def extend_timeline(story: Sequence[TimelineEvent], tonight: TimelineUpdate) -> tuple[TimelineEvent, ...]:
    """Extend the timeline by the update of this run.

    A cause that is in it already is added again only as a newer release that fails.
    """
    event = tonight.event
    if event is None:
        return tuple(story)
    more = [each for each in tonight.release_events if each not in story]
    last = next((each for each in reversed(story) if each.kind in {EventKind.BROKE, EventKind.OTHER_PROBLEM}), None)
    if last is None or (last.kind, last.pins) != (event.kind, event.pins):
        more.append(event)
    met = {name for each in (*story, *more) if each.kind in _FAILING for name, _ in each.pins}
    first = dict(pair for pair in tonight.victims if pair[0] not in met)
    more += [TimelineEvent(event.day, EventKind.VICTIM, _select_valid_pins(first))] if first else []
    known = {pair for each in (*story, *more) for pair in each.pins}
    tried = dict(pair for pair in tonight.newest_tried if pair not in known)
    more += [TimelineEvent(event.day, EventKind.NEWER_FAILS, _select_valid_pins(tried))] if tried else []
    return tuple(sorted((*story, *more), key=lambda each: each.day))[-MAX_EVENTS:]


def list_failing(story: Sequence[TimelineEvent]) -> tuple[TimelineEvent, ...]:
    """List the events of releases that failed for the last cause."""
    begin = max((number for number, each in enumerate(story) if each.kind is EventKind.BROKE), default=len(story))
    return tuple(each for each in story[begin:] if each.kind in _FAILING)


def _split_by_news(failing: Sequence[TimelineEvent], fresh: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Split what failed into fresh releases that came, and others."""
    seen = {pair for each in failing for pair in each.pins}
    now = {name: fresh[name] for name, _ in sorted(seen) if name in fresh}
    came = {name: version for name, version in now.items() if (name, version) not in seen}
    return came, {name: version for name, version in now.items() if name not in came}


def make_healed_event(
    story: Sequence[TimelineEvent], fresh: Mapping[str, str], moment: datetime
) -> TimelineEvent | None:
    """Make the event that ends the timeline.

    It holds the releases that came since the last failure, or those of the last cause if none of them did. None if no
    release was blamed.
    """
    failing = list_failing(story)
    came, kept = _split_by_news(failing, fresh)
    return _make_event(moment, EventKind.HEALED, came or kept) if failing else None


def describe_healing(story: Sequence[TimelineEvent], fresh: Mapping[str, str], others: Sequence[str] = ()) -> str:
    """Describe in one sentence what became of the last cause.

    `others` are further releases that came. A release that was seen to fail is never said to be the remedy.
    """
    failing = list_failing(story)
    last = {name: version for each in failing for name, version in each.pins}
    came, kept = _split_by_news(failing, fresh)
    if gone := [name for name in last if name not in fresh]:
        return f"Nothing requires {_join(map(render_code_span, gone))} any more."
    if not came:
        others = [each for each in others if each.partition(" ")[0] not in last]
        since = f"; new since this was last written: {_join(map(render_code_span, others[:_MOST_OTHERS]))}"
        works = "works" if len(kept) == 1 else "work"
        return f"{_join_releases(kept)} {works} now, because something else changed{since if others else ''}."
    works = "works" if len(came) == 1 else "work"
    if came.keys() == dict(failing[0].pins).keys() and not kept:
        return f"{_join_releases(dict(failing[0].pins))} broke it, {_join_releases(came)} {works}."
    beside = f" with {_join_releases(kept)}" if kept else ""
    return f"{_join_releases(came)} {works}{beside}, {_join_releases({name: last[name] for name in came})} did not."


def _join_releases(releases: Mapping[str, str]) -> str:
    return _join(render_code_span(f"{name} {version}") for name, version in releases.items())


_SET_LINE = re.compile(r"^<!-- depcheck fresh(?P<pins>(?: [^\s=]{1,100}==[^\s=]{1,64}){0,400}) -->\r?$", re.MULTILINE)
_MOST_SET_CHARS = 10_000


def render_fresh_set(fresh: Mapping[str, str]) -> str:
    """Render the fresh set as a hidden line, if not too long."""
    line = render_hidden_comment("fresh", {}, [pin for pin in sorted(fresh.items()) if is_hidden_pin(*pin)])
    return line if len(line) <= _MOST_SET_CHARS else ""


def parse_fresh_set(body: str) -> dict[str, str]:
    """Parse the fresh set that a body stores."""
    found = _SET_LINE.search(body)
    return dict(pin for pin in parse_hidden_pins(found["pins"]) if is_hidden_pin(*pin)) if found else {}


def _join(names: Iterable[str]) -> str:
    *most, last = [*names] or [""]
    return f"{', '.join(most)} and {last}" if most else last


def render_timeline(events: Sequence[TimelineEvent]) -> str:
    """Render the visible list of events, and their hidden lines."""
    return "\n".join(
        [*(f"- {each.day}: {_describe_event(each)}" for each in events), "", *(each.hidden_line for each in events)]
    )


def _describe_event(event: TimelineEvent) -> str:
    pins = ", ".join(render_code_span(f"{name} {version}") for name, version in event.pins)
    if event.kind is EventKind.RELEASED:
        return f"{pins} released"
    if event.kind is EventKind.HEALED and not pins:
        return "fixed"
    return f"{_EVENT_PHRASES[event.kind]} {pins}".strip()


def _make_event(moment: datetime, word: EventKind, pins: Mapping[str, str]) -> TimelineEvent:
    return TimelineEvent(f"{moment:%Y-%m-%d}", word, _select_valid_pins(pins))


def _select_valid_pins(pins: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Return the pins whose name and version have a valid shape.

    Sorted by name, at most 20.
    """
    return tuple(sorted(pin for pin in pins.items() if is_hidden_pin(*pin)))[:MAX_PINS]
