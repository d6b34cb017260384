#!/usr/bin/env python3
"""The cost of a quiet run, beside naive and bare requests.

Bare: nothing but asking for the same pages.

    benchmarks/quiet.py [SET] [--runs 5] [--no-naive] [--latency-ms 20] [--folder FOLDER] [--python PATH]

All runs are made in turns against a local index of saved pages (benchmarks/replay_server.py) as of the day of the
set's lockfile. The naive night is what people do by hand, with empty caches: `pip-compile --upgrade`, `python -m venv`,
`pip install`. The bare fetch is one process that asks for the set's pages with their ETags, 16 at a time, and stops.
Prints medians, ratios, and the peak memory of depcheck's process.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SETS = Path(__file__).parent / "sets"
DAY = "2026-10-31"
PIP_TOOLS = ("pip-tools==7.6.2", "pip==26.3")
BARE = """
import sys, http.client
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit
place, *pages = sys.argv[1:]
def worker(mine):
    connection = http.client.HTTPConnection(urlsplit(place).netloc)
    for page in mine:
        name, etag = page.split("=", 1)
        headers = {"Accept": "application/vnd.pypi.simple.v1+json", **({"If-None-Match": etag} if etag else {})}
        connection.request("GET", f"/simple/{name}/", headers=headers)
        connection.getresponse().read()
with ThreadPoolExecutor(16) as pool:
    list(pool.map(worker, [pages[start::16] for start in range(16)]))
"""


@dataclass
class Bench:
    url: str
    room: Path
    python: str
    pip_tools: Path
    name: str

    @property
    def repo(self) -> Path:
        return self.room / "repo"

    def prepare(self) -> None:
        self.repo.mkdir()
        for suffix in ("in", "txt"):
            shutil.copy(SETS / f"{self.name}.{suffix}", self.repo)
        for words in (
            ["init", "-q"],
            ["add", "."],
            ["-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "-qm", "set"],
        ):
            subprocess.run(["git", *words], cwd=self.repo, check=True)

    def naive(self) -> float:
        room = self.room / "naive"
        shutil.rmtree(room, ignore_errors=True)
        shutil.copytree(self.repo, room)
        env = {**os.environ, "PIP_INDEX_URL": self.url, "PIP_CACHE_DIR": str(room / "pip"), "HOME": str(room)}
        begin = time.perf_counter()
        steps = (
            [self.pip_tools, "-m", "piptools", "compile", "-q", "--upgrade", "--allow-unsafe", "--strip-extras",
             "--no-emit-index-url", "--cache-dir", room / "piptools", f"--output-file={self.name}.txt",
             f"{self.name}.in"],
            [self.python, "-m", "venv", room / "venv"],
            [room / "venv/bin/python", "-m", "pip", "install", "-q", "--no-deps", "-r", f"{self.name}.txt"],
        )  # fmt: skip
        for words in steps:
            subprocess.run(list(map(str, words)), cwd=room, env=env, check=True)
        return time.perf_counter() - begin

    def bare(self, pages: list[str]) -> float:
        begin = time.perf_counter()
        subprocess.run([sys.executable, "-c", BARE, self.url, *pages], check=True)
        return time.perf_counter() - begin

    def depcheck(self) -> tuple[float, int]:
        """Seconds, and the peak of our process's memory in MiB."""
        env = {**os.environ, "DEPCHECK_CACHE": str(self.room / "cache")}
        words = [sys.executable, "-m", "depcheck", "check", "--index-url", self.url]
        words += ["--repo", str(self.repo), "--report", str(self.room / "report")]
        begin = time.perf_counter()
        child = subprocess.Popen(words, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, used = os.wait4(child.pid, 0)
        took = time.perf_counter() - begin
        if status:
            raise SystemExit(f"depcheck ended with {status}: {self.room / 'report'}")
        return took, used.ru_maxrss >> 10


@contextmanager
def served(folder: Path, latency_ms: float) -> Iterator[str]:
    """Start the replay server as a process of its own.

    Its memory and time are not ours.
    """
    words = [sys.executable, Path(__file__).with_name("replay_server.py"), folder, "--as-of", DAY]
    server = subprocess.Popen([*words, "--latency-ms", str(latency_ms)], stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        yield server.stdout.readline().strip()
    finally:
        server.terminate()
        server.wait()


def etag_of(url: str, name: str) -> str:
    with urllib.request.urlopen(f"{url}{name}/") as answer:  # noqa: S310  # the server above
        return str(answer.headers["ETag"])


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("set", nargs="?", default="web")
    asked.add_argument("--runs", type=int, default=5)
    asked.add_argument("--naive", action=argparse.BooleanOptionalAction, default=True)
    asked.add_argument("--latency-ms", type=float, default=20)
    asked.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir(), "depcheck-replay"))
    asked.add_argument("--python", default="python3.11")
    wanted = asked.parse_args()
    with served(wanted.folder, wanted.latency_ms) as url, tempfile.TemporaryDirectory() as folder:
        room = Path(folder)
        tools = room / "tools"
        subprocess.run([wanted.python, "-m", "venv", tools], check=True)
        subprocess.run([tools / "bin/python", "-m", "pip", "install", "-q", *PIP_TOOLS], check=True)
        bench = Bench(url, room, wanted.python, tools / "bin/python", wanted.set)
        bench.prepare()
        first_s, _ = bench.depcheck()
        second_s, _ = bench.depcheck()
        pins = [
            line.partition("==")[0] for line in (SETS / f"{wanted.set}.txt").read_text().splitlines() if "==" in line
        ]
        pages = [f"{name}={etag_of(url, name)}" for name in pins]
        quiet, bare, naive, peaks = [], [], [], []
        for _ in range(wanted.runs):
            bare.append(bench.bare(pages))
            took, peak = bench.depcheck()
            quiet.append(took)
            peaks.append(peak)
            naive += [bench.naive()] if wanted.naive else []
        print(f"{wanted.set}: {len(pins)} pins, {wanted.runs} runs in turns")
        print(f"first night {first_s:.2f} s, second {second_s:.2f} s, peak {max(peaks)} MiB")
        for name, seconds in (("quiet night", quiet), ("bare fetch", bare), ("naive night", naive)):
            if seconds:
                middle = statistics.median(seconds)
                ratio = statistics.median(quiet) / middle
                print(f"{name:12} {middle:7.3f} s, ratio {ratio:.4f} {[round(each, 3) for each in seconds]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
