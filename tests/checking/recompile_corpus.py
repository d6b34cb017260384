"""Recompile the corpus for real and print a line for each lockfile.

`python tests/checking/recompile_corpus.py NAME…`, all without names.

Each lockfile is written with its real hashes, found, and compiled without upgrade by the compiler of a run, in its own
interpreter, from the real index. What differs is told as a run would tell it.
"""

import os
import re
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import requests
from packaging.utils import canonicalize_name, parse_sdist_filename, parse_wheel_filename

sys.path.insert(0, str(Path(__file__).parent))
import corpus
from bench import benches

from depcheck.checking.discovery.repository import RepositoryWorkspace
from depcheck.core.config.settings import Settings
from depcheck.core.lockfiles.lock_set import LockSet
from depcheck.core.model.errors import DepcheckError
from depcheck.pipeline.baseline import Stale, understand_lockfile
from depcheck.pipeline.context import EnvironmentCase

TELLS_NO_PYTHON = {"uv", "prose", "none", "multi", "multi-later", "hatch-early"}


@dataclass(frozen=True)
class Outcome:
    """The outcome: `faithful`, `refused` (on reading) or `unfaithful`, and why.

    Unfaithful: its compile differs. `to the byte` stands beside it.
    """

    word: str
    reason: str = ""
    exact: bool = False

    def fits(self, facts: corpus.Facts) -> bool:
        """Whether it is what the fact sheet expects."""
        wanted = facts.refused or facts.unfaithful
        expected = "refused" if facts.refused else "unfaithful" if facts.unfaithful else "faithful"
        return self.word == expected and bool(re.search(wanted, self.reason))


def recompiled(facts: corpus.Facts, root: Path, bench) -> Outcome:
    """Compile one lockfile of the corpus again, in `root`."""
    corpus.write(facts, root, _hashes(facts))
    if facts.python and facts.wording in TELLS_NO_PYTHON:
        (root / ".python-version").write_text(facts.python)
    given = (facts.path,) if (facts.wording, facts.style) == ("none", "none") else ()
    environments = RepositoryWorkspace(Settings(repo=root, lockfiles=given)).find_environments()
    (spec,) = (each for each in environments if facts.path in {each.name, *(lock.path for lock in each.lockfiles)})
    if spec.skip_reason:
        return Outcome("refused", spec.skip_reason)
    compiler = _Remembering(bench.compiler(root))
    quiet = SimpleNamespace(start_stage=lambda _: None)
    ports = SimpleNamespace(compiler=compiler, index=bench.index, reporter=quiet)
    settings = Settings(repo=root)
    try:
        case = EnvironmentCase(
            spec, ports, settings, bench.interpreters.get_interpreter(spec.python).markers, datetime.now(UTC)
        )
        found = understand_lockfile(case)
    except DepcheckError as error:  # what is brought from git needs a network that reaches it
        return Outcome("unfaithful" if "could not be fetched" in str(error) else "error", str(error))
    if not isinstance(found, LockSet):
        return Outcome("unfaithful", found.reason if isinstance(found, Stale) else str(found))
    again = dict(compiler.last.files)[facts.path]
    return Outcome("faithful", exact=again == corpus.text(facts, _hashes(facts)))


class _Remembering:
    """The compiler, and what it gave last."""

    def __init__(self, compiler) -> None:
        self.compiler = compiler
        self.last = None

    def compile_lockfiles(self, *given, **named):
        self.last = self.compiler.compile_lockfiles(*given, **named)
        return self.last


def _hashes(facts: corpus.Facts) -> dict[str, list[str]]:
    """Fetch the index's digests for each pin of a hashed lockfile."""
    if not facts.hashes:
        return {}
    pins = [(row.name, row.stated.partition("==")[2].split()[0]) for row in facts.rows]
    with ThreadPoolExecutor(8) as pool:
        return dict(zip((name for name, _ in pins), pool.map(_digests, pins), strict=True))


def _digests(pin: tuple[str, str]) -> list[str]:
    name, version = pin
    accept = {"Accept": "application/vnd.pypi.simple.v1+json"}
    page = requests.get(f"https://pypi.org/simple/{canonicalize_name(name)}/", headers=accept, timeout=60).json()
    found = {file["hashes"]["sha256"] for file in page["files"] if _version(file["filename"]) == version}
    return sorted(f"sha256:{digest}" for digest in found)


def _version(filename: str) -> str:
    try:
        parsed = parse_wheel_filename(filename) if filename.endswith(".whl") else parse_sdist_filename(filename)
    except ValueError:
        return ""
    return str(parsed[1])


def main(names: list[str]) -> int:
    """Print an outcome for each, and the shares."""
    sheets = [facts for facts in corpus.sheets() if not names or facts.name in names]
    results = []
    scratch = Path(os.environ.get("CORPUS_SCRATCH") or tempfile.mkdtemp(prefix="corpus-"))
    with benches(scratch) as bench:
        for facts in sheets:
            root = Path(tempfile.mkdtemp(prefix=facts.name, dir=scratch))
            outcome = recompiled(facts, root, bench)
            results.append((facts, outcome))
            mark = "as expected" if outcome.fits(facts) else "NOT AS EXPECTED"
            exact = " to the byte" if outcome.exact else ""
            print(f"{facts.name}: {outcome.word}{exact} ({mark}) {outcome.reason}", flush=True)
    for word in ("faithful", "refused", "unfaithful", "error"):
        print(f"{word}: {sum(outcome.word == word for _, outcome in results)} of {len(results)}")
    print(f"to the byte: {sum(outcome.exact for _, outcome in results)}")
    return 0 if all(outcome.fits(facts) for facts, outcome in results) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
