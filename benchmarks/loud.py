#!/usr/bin/env python3
"""The cost of a loud run, beside naive and by-hand runs.

All with warm caches; by hand is uv.

    benchmarks/loud.py [SET] [--runs 5] [--day 2026-11-20] [--latency-ms 20] [--folder FOLDER] [--python PATH]

All runs are made in turns against a local index of saved pages (benchmarks/replay_server.py) as of DAY, three weeks
after the sets were locked. The naive night is `pip-compile --upgrade`, `python -m venv` and `pip install` of the
result. uv by hand is `uv pip compile --upgrade`, `uv venv` and `uv pip sync`. depcheck judges the same repository
without tests and imports: it compiles, and installs the committed and the fresh set. It is made to forget what it knows
of earlier resolutions, so that it compiles every night. Its compile lasts from its first line to "check your lockfile".
Prints medians of seconds and of processor seconds (which say more on a machine that has other work to do), ratios, and
the peak memory of depcheck's own process.
"""

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from replay_server import end_of, serving
from uv import find_uv_bin

SETS = Path(__file__).parent / "sets"
PIP_TOOLS = ("pip-tools==7.6.2", "pip==26.3")
COMPILED = ("check your lockfile", "check the committed set")  # the latter before 28 November 2026
STYLE = ("--allow-unsafe", "--strip-extras", "--no-emit-index-url")
OWN_PEAK = """
import atexit, re, sys
from pathlib import Path
place = Path(sys.argv.pop(1))
atexit.register(lambda: place.write_text(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]))
from depcheck.__main__ import main
sys.exit(main())
"""
"""Tells the peak of depcheck's own process alone, in KiB.

What getrusage tells holds the peak of whoever started it as well (here the index with all its pages): Linux carries it
over exec. And that of a child that was waited for holds its children's.
"""
Seconds = dict[str, list[float]]


@dataclass
class Bench:
    """One repository on one index, with measured steps.

    `seconds` collects what each step took, `peaks` MiB of depcheck's process.
    """

    url: str
    room: Path
    python: str
    locks: tuple[str, ...]
    seconds: Seconds = field(default_factory=lambda: defaultdict(list))
    cpu: Seconds = field(default_factory=lambda: defaultdict(list))
    peaks: list[int] = field(default_factory=list)

    @property
    def repo(self) -> Path:
        return self.room / "repo"

    @property
    def tool(self) -> Path:
        return self.room / "tools/bin/python"

    def prepare(self) -> None:
        subprocess.run([self.python, "-m", "venv", self.room / "tools"], check=True)
        subprocess.run([self.tool, "-m", "pip", "install", "-q", *PIP_TOOLS], check=True)
        name = ("-c", "user.name=t", "-c", "user.email=t@example.org")
        for words in (["init", "-q"], ["add", "."], [*name, "commit", "-qm", "set"]):
            subprocess.run(["git", *words], cwd=self.repo, check=True)

    def timed(self, step: str, *words: object, cwd: Path, **env: str) -> None:
        begin, before = time.perf_counter(), used()
        subprocess.run(list(map(str, words)), cwd=cwd, env={**os.environ, **env}, check=True)
        self.seconds[step].append(time.perf_counter() - begin)
        self.cpu[step].append(used() - before)

    def copy(self, name: str) -> Path:
        place = self.room / name
        shutil.rmtree(place, ignore_errors=True)
        return Path(shutil.copytree(self.repo, place))

    def naive_compile(self, step: str, place: Path) -> None:
        env = {"PIP_INDEX_URL": self.url, "PIP_CACHE_DIR": str(self.room / "pip"), "HOME": str(self.room)}
        for lock in self.locks:
            words = ("-q", "--upgrade", *STYLE, "--cache-dir", self.room / "pip-tools", f"--output-file={lock}.txt")
            self.timed(step, self.tool, "-m", "piptools", "compile", *words, f"{lock}.in", cwd=place, **env)

    def naive(self) -> None:
        place = self.copy("naive")
        env = {"PIP_INDEX_URL": self.url, "PIP_CACHE_DIR": str(self.room / "pip"), "HOME": str(self.room)}
        self.naive_compile("naive: compile", place)
        self.timed("naive: venv", self.python, "-m", "venv", place / "venv", cwd=place, **env)
        pip = (place / "venv/bin/python", "-m", "pip", "install", "-q", "--no-deps", "-r", f"{self.locks[0]}.txt")
        self.timed("naive: install", *pip, cwd=place, **env)

    def uv(self) -> None:
        place, lock = self.copy("uv-by-hand"), self.locks[0]
        env = {"UV_DEFAULT_INDEX": self.url, "UV_CACHE_DIR": str(self.room / "uv"), "UV_NO_CONFIG": "1"}
        compiled = ("pip", "compile", "-q", "--upgrade", "--no-header", f"{lock}.in", "-o", f"{lock}.txt")
        self.timed("uv: compile", find_uv_bin(), *compiled, "--python", self.python, cwd=place, **env)
        self.timed("uv: venv", find_uv_bin(), "venv", "-q", "--python", self.python, place / "venv", cwd=place, **env)
        sync = ("pip", "sync", "-q", "--python", place / "venv/bin/python", f"{lock}.txt")
        self.timed("uv: install", find_uv_bin(), *sync, cwd=place, **env)

    def depcheck(self, *more: str) -> list[tuple[float, str]]:
        """Run it and time each line of its progress.

        In seconds.
        """
        cache = self.room / "cache"
        for kept in cache.glob("memory"):
            shutil.rmtree(kept)
        words = [sys.executable, "-c", OWN_PEAK, str(self.room / "peak"), "check", "--index-url", self.url]
        words += ["--no-imports", *more, "--repo", str(self.repo), "--report", str(self.room / "report")]
        begin = time.perf_counter()
        child = subprocess.Popen(
            words, env={**os.environ, "DEPCHECK_CACHE": str(cache)}, text=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        )  # fmt: skip
        lines = [(time.perf_counter() - begin, line.strip()) for line in child.stderr or ()]
        if child.wait() not in {0, 1}:
            raise SystemExit(f"depcheck ended with {child.returncode}: {self.room / 'report'}")
        self.peaks.append(int((self.room / "peak").read_text()) >> 10)
        return [*lines, (time.perf_counter() - begin, "")]

    def night(self) -> None:
        before = used()
        lines = self.depcheck("--test", "")
        self.cpu["depcheck: all"].append(used() - before)
        told = {text: at for at, text in lines}
        compiled = next(told[words] for words in COMPILED if words in told)
        self.seconds["depcheck: compile"].append(compiled - told["compile as committed"])
        self.seconds["depcheck: all"].append(told[""])


def used() -> float:
    """Processor seconds of all processes that have ended."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return children.ru_utime + children.ru_stime


def whole(seconds: Seconds, tool: str) -> list[float]:
    """Sum up a tool's steps, run by run."""
    return [sum(run) for run in zip(*(seconds[step] for step in seconds if step.startswith(f"{tool}: ")), strict=True)]


def told(name: str, seconds: list[float], against: list[float] | None = None) -> None:
    """Format the median and the median of ratios as one line."""
    ratio = ""
    if against:
        ratio = f", ratio {statistics.median(a / b for a, b in zip(seconds, against, strict=True)):.3f}"
    print(f"{name:20} {statistics.median(seconds):7.2f} s{ratio} {[round(each, 2) for each in seconds]}", flush=True)


def arguments(doc: str) -> argparse.ArgumentParser:
    asked = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--runs", type=int, default=5)
    asked.add_argument("--day", default="2026-11-20")
    asked.add_argument("--latency-ms", type=float, default=20)
    asked.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir(), "depcheck-replay"))
    asked.add_argument("--python", default="python3.11")
    return asked


@contextmanager
def bench_of(wanted: argparse.Namespace) -> Iterator[Bench]:
    """Make a repository with one set on a dated index.

    `wanted` are `arguments` and the set's name.
    """
    served = serving(wanted.folder, latency_s=wanted.latency_ms / 1000, until=end_of(wanted.day))
    with served as (url, _), tempfile.TemporaryDirectory() as folder:
        bench = Bench(url, Path(folder), wanted.python, (wanted.set,))
        bench.repo.mkdir()
        for suffix in ("in", "txt"):
            shutil.copy(SETS / f"{wanted.set}.{suffix}", bench.repo)
        bench.prepare()
        yield bench


def main() -> int:
    asked = arguments(__doc__)
    asked.add_argument("set", nargs="?", default="web")
    wanted = asked.parse_args()
    with bench_of(wanted) as bench:
        for _ in range(wanted.runs + 1):  # the first of each fills the caches
            bench.naive()
            bench.night()
            bench.uv()
            print({step: round(taken[-1], 2) for step, taken in bench.seconds.items()}, file=sys.stderr, flush=True)
            print({step: round(taken[-1], 2) for step, taken in bench.cpu.items()}, file=sys.stderr, flush=True)
        seconds = {step: taken[1:] for step, taken in bench.seconds.items()}
    naive = whole(seconds, "naive")
    print(f"{wanted.set}, {wanted.runs} runs in turns, depcheck's own peak {max(bench.peaks)} MiB")
    for step, taken in seconds.items():
        told(step, taken, seconds["naive: compile"] if step.endswith("compile") else None)
    told("naive night", naive)
    told("uv by hand", whole(seconds, "uv"), naive)
    told("loud night", seconds["depcheck: all"], naive)
    cpu = {step: taken[1:] for step, taken in bench.cpu.items()}
    told("naive, processor", whole(cpu, "naive"))
    told("loud, processor", cpu["depcheck: all"], whole(cpu, "naive"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
