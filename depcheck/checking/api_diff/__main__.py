"""Standard input holds the order of `checking/explaining.py`, descriptor 3 gets the answer."""

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from depcheck.checking.api_diff.compared import Compared, Place
from depcheck.checking.api_diff.released import Released
from depcheck.core.explanation import Missed, Sought


def answered(order: dict[str, Any]) -> dict[str, Any]:
    """`imported` ([file, line] by dropped requirement) and, where that is empty, `found` (a Found's fields) if any."""
    places = [Place(Path(path), shown, line) for path, shown, line in order["places"]]
    compared = Compared(Released(Path(order["good"])), Released(Path(order["bad"])), places)
    answer: dict[str, Any] = {"imported": {}}
    wanted = [Sought(Missed(kind), owner, name) for kind, owner, name in order["sought"]]
    for requirement, modules in order["dropped"].items():
        if place := compared.imported(modules):
            answer["imported"][requirement] = place
    if not answer["imported"] and (found := compared.first(wanted)):
        answer["found"] = asdict(found)
    return answer


def main() -> None:
    """One order, one answer."""
    answer = answered(json.loads(sys.stdin.read()))
    with os.fdopen(3, "w", encoding="utf-8", errors="backslashreplace") as channel:
        json.dump(answer, channel)


if __name__ == "__main__":
    main()
