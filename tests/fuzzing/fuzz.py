"""The coverage-guided search that `scripts/fuzz` runs.

For inputs that break a reader.

Each target has a process of its own, which atheris (libFuzzer) feeds with mutations of the corpus. Then pieces of the
corpus are repeated to long inputs: what takes time that grows faster than its input shows itself there.
"""

import argparse
import random
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import keeping

SECONDS = 5.0  # of processor time for one input
PUMPED_BYTES = 128 << 10
MEMORY_MB = 2048
MOST_KEPT, MOST_KEPT_BYTES = 60, 2048
_UNITS = re.compile(r"stat::number_of_executed_units: (\d+)")


def main() -> int:
    """Run the named targets, or all, and report broken ones.

    1 where an input broke one.
    """
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=50_000, help="guided executions for each target (50000)")
    parser.add_argument("--pumped", type=int, default=500, help="long executions for each target (500)")
    parser.add_argument(
        "--seed", type=int, default=0, help="the same seed gives the same search; 0 for another each time"
    )
    parser.add_argument("--keep", action="store_true", help="put the inputs that reach most code into the corpus")
    parser.add_argument("--one", choices=["guided", "pumped"], help=argparse.SUPPRESS)
    parser.add_argument("targets", nargs="*", metavar="target")
    asked, rest = parser.parse_known_args()
    if asked.one:
        return {"guided": _guided, "pumped": _pumped}[asked.one](asked.targets[0], asked, rest)
    from targets import TARGETS

    unknown = set(asked.targets) - TARGETS.keys()
    if unknown:
        parser.error(f"there is no target {', '.join(sorted(unknown))}; there are {', '.join(TARGETS)}")
    found = [_search(TARGETS[name], asked) for name in asked.targets or TARGETS]
    total = sum(executions for executions, _ in found)
    print(f"{'all targets':14} {total:10,} executions", flush=True)
    return 1 if any(broken for _, broken in found) else 0


def _search(target, asked) -> tuple[int, bool]:
    """Search one target in processes of their own.

    How many executions, and whether one broke it.
    """
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        inputs, words = Path(folder, "inputs"), Path(folder, "words")
        inputs.mkdir()
        plain = [each.content for each in keeping.kept(target.name) if not each.was]
        known = {each.content for each in keeping.kept(target.name)}
        for number, each in enumerate(keeping.kept(target.name)):
            if len(each.content) <= target.most_bytes:
                (inputs / str(number)).write_bytes(each.content)
        words.write_text("".join(f'"{_escaped(word)}"\n' for word in target.words))
        options = [f"-runs={asked.runs}", f"-max_len={target.most_bytes}", f"-dict={words}", f"-rss_limit_mb={MEMORY_MB}",
                   f"-seed={asked.seed}", "-print_final_stats=1", "-timeout=60", f"-artifact_prefix={folder}/broke-"]  # fmt: skip
        guided = _child("guided", target.name, asked, *options, str(inputs)) if asked.runs else None
        pumped = _child("pumped", target.name, asked) if asked.pumped else None
        executions = sum(int(match[1]) for ran in (guided, pumped) if ran for match in _UNITS.finditer(ran.stdout))
        broken = [ran for ran in (guided, pumped) if ran and ran.returncode]
        for ran in broken:
            print(ran.stdout[-6000:])
        for path in Path(folder).glob("broke-*"):
            print(f"{target.name} is broken by {path.read_bytes()!r}")
        if asked.keep and not broken and guided:
            # libFuzzer has added what reached new code, each made as short as it could
            found = {path.read_bytes() for path in inputs.iterdir()} - known
            short = sorted((each for each in found if len(each) <= MOST_KEPT_BYTES), key=len)
            keeping.keep(target.name, [*plain, *short[: max(0, MOST_KEPT - len(plain))]])
    took = time.monotonic() - began
    print(f"{target.name:14} {executions:10,} executions in {took:5.0f} s{' BROKEN' if broken else ''}", flush=True)
    return executions, bool(broken)


def _child(what: str, name: str, asked, *options: str) -> subprocess.CompletedProcess[str]:
    argv = [
        sys.executable,
        __file__,
        "--one",
        what,
        "--pumped",
        str(asked.pumped),
        "--seed",
        str(asked.seed),
        name,
        *options,
    ]
    return subprocess.run(
        argv, text=True, errors="replace", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )


def _escaped(word: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word.encode("utf-8", "surrogateescape"))


def _guided(name: str, _asked, options: list[str]) -> int:
    """In a process of its own: atheris takes it over."""
    import atheris

    with atheris.instrument_imports(
        include=["depcheck", "packaging", "simple_repository", "zipfile", "html", "shlex", "email"]
    ):
        from target import limited
        from targets import TARGETS
    target = TARGETS[name]

    def run(content: bytes) -> None:
        with limited(SECONDS):
            target.run(content)

    atheris.Setup([sys.argv[0], *options], run)
    atheris.Fuzz()
    return 0


def _pumped(name: str, asked, _options: list[str]) -> int:
    """Return long inputs that repeat a piece between two others.

    A piece of what is kept, or of the grammar's words.
    """
    from target import limited
    from targets import TARGETS

    target, chance = TARGETS[name], random.Random(asked.seed or None)  # noqa: S311  # no secret
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_MB << 20, MEMORY_MB << 20))
    contents = [each.content for each in keeping.kept(name) if each.content] or [b"a"]
    words = [word.encode("utf-8", "surrogateescape") for word in target.words]
    slowest = (0.0, b"", b"")
    for _ in range(asked.pumped):
        whole = chance.choice(contents)
        start = chance.randrange(len(whole))
        piece = whole[start : start + chance.choice((1, 1, 2, 3, 5, 8, 13, 40))]
        if chance.random() < 0.5:
            piece = b"".join(chance.choices([*words, b" ", b"a", b"0", b"\n"], k=chance.choice((1, 1, 2, 3))))
        content = whole[:start] + piece * (PUMPED_BYTES // len(piece)) + whole[start:]
        began = time.process_time()
        try:
            with limited(SECONDS):
                target.run(content)
        except BaseException:
            print(
                f"{name} is broken by {whole[:start]!r} + {piece!r} * {PUMPED_BYTES // len(piece)} + {whole[start:]!r}"
            )
            raise
        took = time.process_time() - began
        slowest = max(slowest, (took, whole[:start], piece))
    print(
        f"slowest: {slowest[0]:.2f} s for {slowest[1]!r} + {slowest[2]!r} * {PUMPED_BYTES // len(slowest[2] or b'x')}"
    )
    print(f"stat::number_of_executed_units: {asked.pumped}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
