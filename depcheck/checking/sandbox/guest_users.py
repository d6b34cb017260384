"""Users of guests: no two runs on one machine share one."""

import os
import socket
from functools import cache

from depcheck.checking.sandbox.policy import GUEST_USER_COUNT

_CLAIMS: list[socket.socket] = []  # bound until this process ends


@cache
def claim_guest_number() -> int:
    """Claim a guest user's number for this process.

    The end of a trial ends all processes of its user, those of another run too. A claim is an abstract socket's name,
    which the kernel gives back when the process ends (unix(7)). Where none can be had, the process's number decides.
    """
    first = os.getpid() % GUEST_USER_COUNT
    numbers = ((first + step) % GUEST_USER_COUNT for step in range(GUEST_USER_COUNT))
    return next((number for number in numbers if _is_claimed_now(number)), first)


def _is_claimed_now(number: int) -> bool:
    claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        claim.bind(f"\0depcheck-guest-{number}")
    except OSError:
        claim.close()
        return False
    _CLAIMS.append(claim)
    return True
