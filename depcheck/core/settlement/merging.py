"""Decide whether a pull request may be merged without a person's look."""

from datetime import datetime, timedelta

from depcheck.core.model.checks import CheckKind, Outcome
from depcheck.core.model.report import EnvironmentReport
from depcheck.core.model.status import Status

SHORTEST_AGE_DAYS = 3.0  # malware was on the index for hours, in most cases


def is_mergeable_unseen(environment: EnvironmentReport, moment: datetime) -> bool:
    """Whether tests passed with the set, and all is old enough.

    That is as old as the cooldown asks for, and not younger than SHORTEST_AGE_DAYS. What was not checked here (lines
    for other targets) or has no upload time is never merged unseen.
    """
    proposal = environment.proposal
    if proposal is None or not proposal.verified:
        return False
    whole = environment.checks.candidate if environment.status is Status.SAFE else ()
    checks = proposal.checks or whole  # a safe fresh set is the proposal, unless that has checks of its own
    tested = any(each.kind is CheckKind.TEST and each.outcome is Outcome.PASS and each.passed for each in checks)
    age = timedelta(days=max(environment.cooldown_days, SHORTEST_AGE_DAYS))
    old = all(
        each.judged and each.after is not None and each.released_at is not None and moment - each.released_at >= age
        for each in proposal.changes
    )
    return tested and old and bool(proposal.changes)
