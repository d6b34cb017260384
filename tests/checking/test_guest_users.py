"""Two runs on one machine have guests of different users."""

import subprocess
import sys

from depcheck.checking.sandbox.guest_users import claim_guest_number

OTHER = """
from unittest import mock
with mock.patch("os.getpid", return_value={number}):
    from depcheck.checking.sandbox.guest_users import claim_guest_number
    print(claim_guest_number())
"""


def test_a_user_that_another_run_has_is_not_taken() -> None:
    """Claim the next number where the process's own is in use."""
    ours = claim_guest_number()
    theirs = subprocess.check_output([sys.executable, "-c", OTHER.format(number=ours)], text=True)
    assert int(theirs) != ours
    assert claim_guest_number() == ours
