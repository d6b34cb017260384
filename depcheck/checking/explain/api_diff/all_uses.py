"""List every line that uses what a release changed."""

from collections.abc import Iterator

from depcheck.checking.explain.api_diff.dependent_files import DependentFileReader
from depcheck.checking.explain.api_diff.usage import ApiUse, SourceFile
from depcheck.core.tool_output.api_errors import ApiChange, ApiChangeKind

MOST_USES = 40


def list_all_uses(reader: DependentFileReader, found: ApiChange) -> list[tuple[str, int]]:
    """List (file, line) of each use of `found`, at most MOST_USES.

    Without the one that it names itself. Empty for kinds whose uses only a traceback shows.
    """
    word = found.name.rpartition(".")[2]
    places = (
        (place.display_path, use.line) for place, file in reader.iterate_files(word) for use in _find_uses(file, found)
    )
    others = dict.fromkeys(place for place in places if place != (found.path, found.line))
    return list(others)[:MOST_USES]


def _find_uses(file: SourceFile, found: ApiChange) -> Iterator[ApiUse]:
    if found.kind is ApiChangeKind.MODULE:
        yield from file.find_imports(found.name)
    elif found.kind is ApiChangeKind.NAME:
        yield from file.find_uses(f"{found.owner}.{found.name}")
    elif found.kind is ApiChangeKind.PARAMETER:
        yield from (use for use in file.find_calls_passing(found.name) if use.target == found.owner)
