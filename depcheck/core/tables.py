"""The two tables that people decide by: what changes, and what was checked. Narrow, to be read on a phone."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from depcheck.core.checks import Kind, Outcome
from depcheck.core.links import LinkKind, https
from depcheck.core.markdown import code, folded, paragraphs, prose, table
from depcheck.core.report import AdvisoryReport, ChangeReport, CheckReport
from depcheck.core.sections import Tier, count, rest

_MARKS = {Outcome.PASS: "passes", Outcome.FAIL: "**fails**", Outcome.UNRESOLVED: "gave no answer"}
_TIED = "\u00a0"  # a space at which no line breaks
_FOLDED_ROWS = 15  # a screen of a phone shows about as many
_SHOWN_LINKS = (LinkKind.CHANGELOG, LinkKind.DIFF)
_DATABASE = re.compile(
    r"https://(?:osv\.dev/vulnerability|github\.com/advisories|nvd\.nist\.gov/vuln/detail)/[\w.-]{1,80}"
)


@dataclass(frozen=True, slots=True)
class Seen:
    """What changes are looked at with: the moment from which ages count, and what is known against releases."""

    moment: datetime
    advisories: tuple[AdvisoryReport, ...] = ()


def changes(found: Sequence[ChangeReport], seen: Seen, tier: Tier) -> str:
    """The table of changes, those with warnings first, folded when long."""
    ordered = sorted(found, key=lambda each: not (each.warnings or _against(each, seen)))
    shown = ordered[: tier.rows]
    several = len({change.lockfile for change in found}) > 1
    rows = [(_step(change, seen, several=several), _reason(change, seen)) for change in shown]
    block = paragraphs(table(("package", "why, and what to look at"), rows), rest(found, shown, "change"))
    return folded(f"All {len(found)} changes", block) if len(rows) > _FOLDED_ROWS else block


def _step(change: ChangeReport, seen: Seen, *, several: bool) -> str:
    """Which package, from what to what, how far, how old, and who asks for it."""
    name = code(change.name, 100)
    old, new = code(change.before or "", 60), code(change.after or "", 60)
    step = f"{old}{_TIED}→{_TIED}{new}" if old and new else f"new: {new}" if new else f"removed: {old}"
    kind = change.kind if change.kind not in {"upgraded", "added", "removed"} else ""
    jump = f"**{change.jump}**" if change.jump == "major" else prose(change.jump, 20)
    path = " → ".join(prose(each, 60) for each in change.via[:4])
    comes = "direct" if change.direct else f"by {path}" if path else ""
    return _lines(
        link(name, change.links.get(LinkKind.PAGE, "")) or name,
        step,
        ", ".join(filter(None, (prose(kind, 20), jump, _age(change.released_at, seen.moment)))),
        comes,
        prose(change.lockfile, 120) if several else "",
    )


def _age(released_at: datetime | None, moment: datetime) -> str:
    if released_at is None:
        return ""
    days = max((moment - released_at).days, 0)
    return f"{days // 365} years old" if days >= 730 else f"{count(days, 'day')} old"  # noqa: PLR2004


def _reason(change: ChangeReport, seen: Seen) -> str:
    yanked = (
        f"the committed release was yanked: {change.yanked or 'no reason given'}" if change.yanked is not None else ""
    )
    why = re.sub(r",(?=\S)", ", ", change.why or yanked)  # ranges may break into lines
    alarms = [f"⚠️ {prose(each, 160)}" for each in change.warnings[:6]]
    links = [link(kind, change.links.get(kind, "")) for kind in _SHOWN_LINKS]
    return _lines(prose(why, 200), *alarms, *_against(change, seen), " · ".join(filter(None, links)))


def _against(change: ChangeReport, seen: Seen) -> list[str]:
    """Vulnerabilities that the change heals, and those that it brings."""
    about = [each for each in seen.advisories if each.package == change.name]
    healed = [each for each in about if each.version == change.before and each.committed and not each.fresh]
    brought = [each for each in about if each.version == change.after and each.fresh and not each.committed]
    return [
        *([f"🛡️ heals {', '.join(map(_named, healed[:4]))}"] if healed else []),
        *([f"⚠️ **brings {', '.join(map(_named, brought[:4]))}**"] if brought else []),
    ]


def _named(advisory: AdvisoryReport) -> str:
    name = prose(advisory.id, 60)
    return f"[{name}]({advisory.link})" if _DATABASE.fullmatch(advisory.link) else name


def link(words: str, address: str) -> str:
    """A link with our own words, or nothing where `address` is no plain https link."""
    safe = https(address)
    return f"[{words}]({safe})" if safe else ""


def checks(columns: Sequence[tuple[str, Sequence[CheckReport]]], tier: Tier) -> str:
    """One row a check, one line a set; sets without checks are left out."""
    columns = [(head, found) for head, found in columns if found]
    keys = list(dict.fromkeys((check.kind, check.command) for _, found in columns for check in found))
    rows = [
        (
            _lines(f"{kind}", code(command, 60)),
            _lines(
                *(
                    f"{head}: {_result(next((c for c in found if (c.kind, c.command) == (kind, command)), None))}"
                    for head, found in columns
                )
            ),
        )
        for kind, command in keys[: tier.rows]
    ]
    return table(("check", "result"), rows)


def _result(check: CheckReport | None) -> str:
    if check is None:
        return "not run"
    counted = [f"{check.passed} passed"] * bool(check.passed) + [f"{check.failing} failing"] * (check.failing > 1)
    return ", ".join([_MARKS[check.outcome], *counted, f"{check.duration_s:.1f} s"])


def evidence(columns: Sequence[tuple[str, Sequence[CheckReport]]], python: str) -> str:
    """One sentence: which checks ran, with how many tests, on which Python, and what each set made of them."""
    columns = [(head, found) for head, found in columns if found]
    if not columns:
        return ""
    kinds = list(dict.fromkeys(str(check.kind) for _, found in columns for check in found))
    said = "; ".join(f"{head}: {_counted(found)}" for head, found in columns)
    return f"Checked on Python {prose(python, 20)}: {', '.join(kinds)}. {said[0].upper()}{said[1:]}."


def _counted(found: Sequence[CheckReport]) -> str:
    failing = [check for check in found if check.outcome is Outcome.FAIL]
    unsure = [check for check in found if check.outcome is Outcome.UNRESOLVED]
    passed = sum(check.passed for check in found if check.kind is Kind.TEST)
    cases = f" ({count(passed, 'test')} passed)" if passed else ""
    if failing:
        return f"{len(failing)} of {count(len(found), 'check')} fail{'s' if len(failing) == 1 else ''}{cases}"
    return f"{count(len(unsure), 'check')} gave no answer{cases}" if unsure else f"all pass{cases}"


def _lines(*parts: str) -> str:
    """Lines of one cell."""
    return "<br>".join(part for part in parts if part)
