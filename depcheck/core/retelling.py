"""A proposal in the light of what stands on the forge already: its story goes on, and ends with what healed it."""

from collections.abc import Iterable
from dataclasses import replace

from depcheck.core import dashboard
from depcheck.core.dashboard import Board
from depcheck.core.markdown import code
from depcheck.core.settlement import Existing, Proposal, Stance
from depcheck.core.story import SLOT, Event, Tonight, Word, extended, healed, timeline, told

_BEGIN, _END = "<!-- depcheck timeline begins -->", "<!-- depcheck timeline ends -->"


def retold(proposal: Proposal, known: Iterable[Existing]) -> Proposal:
    """The proposal with its story, or a dashboard with the rows of other runs; twice is the same as once."""
    same = [each for each in known if (each.marker.form, each.marker.key) == (proposal.form, proposal.key)]
    living = min((each for each in same if each.open), key=lambda each: each.number, default=None)  # settlement's too
    if proposal.board is not None:
        return _on_board(proposal, proposal.board, living or max(same, key=lambda each: each.number, default=None))
    if proposal.tonight is None:
        return proposal
    story = told(living.body) if living else ()
    if proposal.stance is Stance.PROPOSE and proposal.tonight.event:
        return replace(proposal, body=_with_timeline(proposal.body, extended(story, proposal.tonight)))
    if proposal.stance is Stance.CLOSE and living is not None:
        return _closed(proposal, proposal.tonight, living, story)
    return proposal


def _on_board(proposal: Proposal, board: Board, before: Existing | None) -> Proposal:
    """The dashboard with what it remembers, also where people closed it: else every night would be news."""
    found = dashboard.rows(board, dashboard.remembered(before.body if before else ""))
    return replace(proposal, digest=dashboard.digest(found), body=dashboard.body(board, found))


def _closed(proposal: Proposal, tonight: Tonight, living: Existing, story: tuple[Event, ...]) -> Proposal:
    end = healed(story, dict(tonight.fresh), tonight.moment)
    if end is None:
        return proposal
    blamed = next(dict(each.pins) for each in reversed(story) if each.word is Word.BROKE)
    return replace(
        proposal,
        reason=f"{proposal.reason} {_with_what(blamed, dict(end.pins))}",
        body=_with_timeline(living.body, (*story, end)),
    )


def _with_what(blamed: dict[str, str], now: dict[str, str]) -> str:
    """What became of the culprits, one sentence."""
    said = []
    for name, bad in blamed.items():
        if name not in now:
            said.append(f"nothing needs {code(name)} any more")
        elif now[name] == bad:
            said.append(f"{code(f'{name} {bad}')} works now: something else changed")
        else:
            said.append(f"{code(f'{name} {bad}')} broke it, {code(f'{name} {now[name]}')} works")
    return f"{'; '.join(said).capitalize() if said[0].startswith('nothing') else '; '.join(said)}."


def _with_timeline(body: str, story: tuple[Event, ...]) -> str:
    """The body with the story in its slot, or in place of the one that it has."""
    block = f"{_BEGIN}\n{timeline(story)}\n{_END}"
    if SLOT in body:
        return body.replace(SLOT, block, 1)
    before, begin, rest = body.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    return f"{before}{block}{after}" if begin and end else body
