"""The table of check kinds: one row with a class for each."""

from collections.abc import Callable

from depcheck.checking.checks.boot import BootCheckRunner
from depcheck.checking.checks.import_check import ImportCheckRunner
from depcheck.checking.checks.interface import CheckRunner
from depcheck.checking.checks.smoke import SmokeCheckRunner
from depcheck.checking.checks.tests import TestCheckRunner
from depcheck.core.model.checks import CheckKind

CHECK_RUNNERS: dict[str, Callable[[], CheckRunner]] = {
    CheckKind.IMPORT: ImportCheckRunner,
    CheckKind.SMOKE: SmokeCheckRunner,
    CheckKind.BOOT: BootCheckRunner,
    CheckKind.TEST: TestCheckRunner,
}


def make_check_runner(kind: str) -> CheckRunner:
    """Create the runner of a kind.

    Raises:
        TypeError: The kind has no row. It is never run as another kind.
    """
    if kind not in CHECK_RUNNERS:
        raise TypeError(f"Checks of the kind `{kind}` have no row in the table of check kinds, so none can be run.")
    return CHECK_RUNNERS[kind]()
