"""What the project reaches first is imported first."""

from depcheck.checking.checks.importing import module_order
from depcheck.checking.checks.importing.module_order import leave_out_unreached, split_modules
from depcheck.core.import_graph.reachable import Reach


def test_each_share_begins_with_what_matters_most(monkeypatch) -> None:
    """A spent budget loses what nothing reaches."""
    monkeypatch.setattr(module_order, "SHARED_FROM", 2)
    monkeypatch.setattr(module_order.os, "cpu_count", lambda: 2)
    rates = {"a": Reach.NONE, "b": Reach.STRONG, "c": Reach.WEAK, "d": Reach.STRONG, "e": Reach.WEAK, "f": Reach.NONE}
    assert split_modules(list(rates), rates.__getitem__) == [["b", "c", "a"], ["d", "e", "f"]]


def test_few_modules_share_one_process() -> None:
    """Starting another one would take longer."""
    assert split_modules(["a", "b"], lambda _: Reach.STRONG) == [["a", "b"]]


def test_modules_that_nothing_reaches_are_bounded(monkeypatch) -> None:
    """Keep what is reached, and of the rest the packages' tops."""
    monkeypatch.setattr(module_order, "MOST_UNREACHED", 1)
    rates = {"a.b.c": Reach.NONE, "a.x": Reach.NONE, "b.c.d.e": Reach.WEAK, "c.d": Reach.STRONG}
    assert leave_out_unreached(list(rates), rates.__getitem__) == ["a.x", "b.c.d.e", "c.d"]
