"""Replay real incidents and compare the verdicts with history.

Each repository as it stood, by `depcheck check`.

    python tests/replay.py NAME… | --all [--imports | --imports-alone] [--flakes PERCENT] [--uv-lock]
        [--jobs N] [--out table.md]

The incidents are folders with an `incident.toml`, found in `../shared/incidents` beside the checkout or where
DEPCHECK_INCIDENTS says. With `--imports` modules are imported too, as they are by default; with `--imports-alone`
nothing else is run. With `--flakes 20` one test fails at random in a fifth of all runs of pytest. With `--uv-lock`
the repository is recast as a project of uv before. Exits with 0 when every replay agrees with history.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[1]
INCIDENTS = Path(os.environ.get("DEPCHECK_INCIDENTS") or CHECKOUT.parent / "shared" / "incidents")
TIMEOUT_S = 3600
_STATUSES = {"control": "safe", "flaky": "flaky", "baseline": "baseline-broken"}  # all others break
_EXITS = {"safe": 0, "breaks": 1}
_FOREIGN = ("PIP_", "UV_", "GITHUB_", "INPUT_", "PYTHON", "VIRTUAL_ENV")

_FLAKY = """import random

LUCK = random.SystemRandom()


def pytest_collection_modifyitems(items):
    if items and 100 * LUCK.random() < PERCENT:
        LUCK.choice(items).add_marker("unlucky")


def pytest_configure(config):
    config.addinivalue_line("markers", "unlucky: fails in this run")


def pytest_runtest_setup(item):
    assert not item.get_closest_marker("unlucky"), "the connection was reset"
"""

Incident = dict[str, Any]


@dataclass(frozen=True)
class Replay:
    """The result of one replay: report and differences from history.

    The whole report, empty without one.
    """

    name: str
    report: dict[str, Any]
    seconds: float
    differences: tuple[str, ...]

    @property
    def found(self) -> dict[str, Any]:
        """The report's only environment, or empty."""
        return self.report["environments"][0] if self.report else {}


def choose_arguments(arguments: Sequence[str], imports: str) -> list[str]:
    """Return an incident's arguments, with imports on or alone.

    `with`, or `alone` and nothing else.
    """
    if not imports:
        return list(arguments)
    pairs = zip(["", *arguments], arguments, strict=False)
    run = {"--test", "--smoke", "--boot", "--boot-seconds"} if imports == "alone" else set()
    kept = [word for before, word in pairs if word not in {"--no-imports", *run} and before not in run]
    return [*kept, "--test", ""] if imports == "alone" else kept


def add_flakes(repo: Path, percent: float) -> None:
    """Let a test fail at random in `percent` of the runs."""
    (repo / "conftest.py").write_text(_FLAKY.replace("PERCENT", str(percent)))
    for words in (["add", "conftest.py"], ["commit", "--quiet", "--amend", "--no-edit"]):
        subprocess.run(["git", "-c", "user.name=dev", "-c", "user.email=dev@localhost", *words], cwd=repo, check=True)


def replay(name: str, imports: str = "", flakes: float = 0, *, recasts: bool = False) -> Replay:
    """Make the repository of the incident `name`, judge it, and compare."""
    with tempfile.TemporaryDirectory(prefix=f"{name}-") as folder:
        made = subprocess.run(
            [sys.executable, INCIDENTS / "make_repo.py", INCIDENTS / name, Path(folder, "repo")],
            capture_output=True,
            text=True,
            check=True,
        )
        story = json.loads(made.stdout)
        if recasts:
            what = (Path(folder, "repo"), story["incident"]["python"], story["incident"]["good_date"])
            subprocess.run([sys.executable, "-m", "tests.recast", *what], cwd=CHECKOUT, check=True)
        if flakes:
            add_flakes(Path(folder, "repo"), flakes)
        started = time.monotonic()
        ran = subprocess.run(
            [
                sys.executable,
                "-m",
                "depcheck",
                "check",
                *choose_arguments(story["arguments"], imports),
                "--report",
                Path(folder, "report"),
            ],
            capture_output=True,
            text=True,
            check=False,
            timeout=TIMEOUT_S,
            env={key: value for key, value in os.environ.items() if not key.startswith(_FOREIGN) or key == "PIP_CERT"},
            cwd=folder,
        )
        seconds = time.monotonic() - started
        file = Path(folder, "report", "report.json")
        report = json.loads(file.read_text()) if file.exists() else {}
    found = report["environments"][0] if report else {}
    differences = (
        tuple(differing(story["incident"], found, ran.returncode, imports)) if found else (ran.stderr[-2000:],)
    )
    return Replay(name, report, seconds, differences)


def differing(incident: Incident, found: dict[str, Any], exit_status: int, imports: str = "") -> Iterator[str]:
    """Where the judgement `found` differs from history, one sentence each."""
    status = _STATUSES.get(incident["category"], "breaks")
    if found["status"] != status:
        yield f"status {found['status']}, not {status}: {found['reason'][:300]}"
    if exit_status != _EXITS.get(status, 3):
        yield f"exit status {exit_status}"
    yield from _differing_culprits(incident, found["culprits"])
    if status == "breaks":
        yield from () if imports == "alone" else _unsaid(incident, found)
        if not (found["proposal"] or {}).get("verified"):
            yield f"no verified proposal ({'; '.join(found['notes'])[:300]})"


def _differing_culprits(incident: Incident, culprits: Sequence[dict[str, Any]]) -> Iterator[str]:
    expected, blamed = set(incident["expected_culprits"]), {name for each in culprits for name in each["packages"]}
    if blamed != expected:
        yield f"culprits {_listed(blamed)}, not {_listed(expected)}"
        return
    entries = 1 if incident["category"] == "interaction" else len(expected)
    if len(culprits) != entries:
        yield f"{len(culprits)} causes, not {entries}"
    for field, history in (("first_bad", "first_bad_version"), ("last_good", "last_good_version")):
        seen = {name: version for each in culprits for name, version in each[field].items() if name in expected}
        if seen != incident[history]:
            yield f"{field} {seen}, not {incident[history]}"


def _unsaid(incident: Incident, found: dict[str, Any]) -> Iterator[str]:
    """Return the story's errors that the report does not show."""
    culprits, candidate = found["culprits"], found["checks"]["candidate"]
    told = [text for each in culprits for text in (each["headline"], each["evidence"])]
    told += [check["headline"] for check in candidate]
    for error in incident.get("errors", {"": incident["expected_error"]}).values():
        if not any(error in text for text in told):
            yield f"{error!r} is not told; headlines: {[each['headline'][:120] for each in culprits]}"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "nobody"


def row(done: Replay) -> str:
    """One row of the table."""
    culprits = done.found.get("culprits", [])
    bad = "; ".join(f"{name} {version}" for each in culprits for name, version in each["first_bad"].items())
    blamed = " / ".join(" with ".join(each["packages"]) for each in culprits)
    ok = "yes" if not done.differences else "; ".join(" ".join(each.split()) for each in done.differences)
    status, trials = done.found.get("status", "no report"), done.found.get("trials", "")
    cells = (done.name, status, blamed, bad, trials, f"{done.seconds:.0f}", ok.replace("|", "\\|"))
    return f"| {' | '.join(map(str, cells))} |"


def every() -> list[str]:
    """Return the names of all incidents that are here."""
    return sorted(path.parent.name for path in INCIDENTS.glob("*/incident.toml"))


def main() -> int:
    """Replay the named incidents and print a growing table."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("names", nargs="*", metavar="NAME")
    words.add_argument("--all", action="store_true", help="every incident that is here")
    words.add_argument("--imports", dest="imports", action="store_const", const="with", default="")
    words.add_argument("--imports-alone", dest="imports", action="store_const", const="alone")
    words.add_argument(
        "--flakes", type=float, default=0, metavar="PERCENT", help="of the runs of pytest fail at random"
    )
    words.add_argument("--uv-lock", action="store_true", help="as a project of uv")
    words.add_argument("--jobs", type=int, default=1, help="how many at a time (default: 1)")
    words.add_argument("--out", type=Path, help="a file for the table")
    given = words.parse_args()
    names = every() if given.all else given.names
    if not names:
        words.error(f"name an incident, or give --all; here are: {', '.join(every()) or f'none in {INCIDENTS}'}")
    lines = ["| incident | status | culprits | first bad | trials | seconds | as history says |", f"|{' --- |' * 7}"]
    print("\n".join(lines), flush=True)
    wrong = 0
    with ThreadPoolExecutor(given.jobs) as pool:
        for done in pool.map(lambda name: replay(name, given.imports, given.flakes, recasts=given.uv_lock), names):
            lines.append(row(done))
            wrong += bool(done.differences)
            print(lines[-1], flush=True)
    print(f"\n{len(names) - wrong} of {len(names)} as history says")
    if given.out:
        given.out.write_text("\n".join(lines) + "\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
