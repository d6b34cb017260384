"""Answer one comparison request: standard input to descriptor 3.

The request comes from the explainer in `checking/explain`.
"""

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from depcheck.checking.explain.api_diff.compare import ReleaseComparison
from depcheck.checking.explain.api_diff.dependent_files import DependentFile
from depcheck.checking.explain.api_diff.unpack import ReleaseFiles
from depcheck.core.tool_output.api_errors import ApiChangeKind, MissingSymbol


def compare_releases(order: dict[str, Any]) -> dict[str, Any]:
    """Compare two releases as the request describes.

    The answer has `imported` ([file, line] by dropped requirement); if that is empty, `found` (the fields of a
    finding) and `uses` ([file, line] of each other use); if that is missing, `defined` ([file, line, name] of what
    the error's words name), if any.
    """
    places = [DependentFile(Path(path), shown, line, own) for path, shown, line, own in order["places"]]
    compared = ReleaseComparison(ReleaseFiles(Path(order["good"])), ReleaseFiles(Path(order["bad"])), places)
    answer: dict[str, Any] = {"imported": {}}
    wanted = [MissingSymbol(ApiChangeKind(kind), owner, name) for kind, owner, name in order["sought"]]
    for requirement, modules in order["dropped"].items():
        if place := compared.find_first_import(modules):
            answer["imported"][requirement] = place
    if not answer["imported"] and (found := compared.find_first(wanted)):
        answer["found"] = asdict(found)
        answer["uses"] = compared.list_other_uses(found)
    elif not answer["imported"] and (defined := compared.find_definition(order["words"])):
        answer["defined"] = defined
    return answer


def main() -> None:
    """Read one request and write one answer."""
    answer = compare_releases(json.loads(sys.stdin.read()))
    with os.fdopen(3, "w", encoding="utf-8", errors="backslashreplace") as channel:
        json.dump(answer, channel)


if __name__ == "__main__":
    main()
