"""Requirements files that people write by hand, where nothing is locked."""

import posixpath
import re
from collections.abc import Sequence

from depcheck.checking.discovery.files.repo_files import RepoFiles
from depcheck.checking.discovery.files.requirement_files import follow_includes, read_direct_names
from depcheck.checking.discovery.installs.suite_requirements import RUNNERS

_MOST_FILES, _MOST_DEPTH = 10, 2
_NAME = re.compile(r"(?:[\w.]+[-_])?requirements?(?:[-_.]\w+)*\.(?:txt|pip)")
_RUN_WITH = re.compile(
    r"(?:^|[-_./])(?:(?:prod|production|live|deploy|server|runtime|web|app|main|base|common|core)(?=[-_.])"
    r"|requirements(?=\.))"
)
_NOT_THE_PRODUCT = re.compile(r"(?:^|/)(?:docs?|examples?|samples?|tests?|tools?|scripts?|node_modules|vendor)/")


def find_hand_written(tree: RepoFiles, files: Sequence[str]) -> list[str]:
    """Find what is installed to run the product, near its top.

    In `requirements/`, else the requirements.txt of folders such as `backend/`. What others include belongs to them,
    and what only the tests need is joined later.
    """
    near = [path for path in files if posixpath.dirname(path) == "requirements" and path.endswith((".txt", ".pip"))]
    near += [path for path in files if _NAME.fullmatch(path)]
    if not near:
        below = [
            path for path in files if posixpath.basename(path) == "requirements.txt" and path.count("/") <= _MOST_DEPTH
        ]
        return [path for path in below if not _NOT_THE_PRODUCT.search(path)][:_MOST_FILES]
    included = {each for path in near for each in follow_includes(tree, (path,))[0][1:]}
    tops = [path for path in near if path not in included]
    run_with = [path for path in tops if _RUN_WITH.search(path.removeprefix("requirements/"))]
    plain = [path for path in run_with or tops if not _leads_to_runner(tree, path)]
    return (plain or tops)[:_MOST_FILES]


def _leads_to_runner(tree: RepoFiles, path: str) -> bool:
    reached, _ = follow_includes(tree, (path,))
    return not RUNNERS.isdisjoint(read_direct_names(tree, reached))
