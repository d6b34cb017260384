"""Results of a run: the attacks' account and the outside view.

What is seen from outside counts whatever they say.
"""

import ast
import json
import re
from collections.abc import Sequence
from pathlib import Path

import container
from container import Run

HERE = Path(__file__).parent
_SAID = re.compile(r"ATTACK (\w+) ([\w.]+) (held|broke) (.*)")
_ASKED = re.compile(r"asked /zz-([\w-]+?)-(held|broke)-?([\w-]*)/")
NEVER_TRIED = "never tried"  # that a run went another way shows nothing of an attack
STAGES = ("compile", "build", "import", "test")
TAKES_TOO_MUCH = {  # and not the bomb: it may be so fast that the kernel ends parts of it first
    "memory_of_many": "its processes together took more",
    "disk_filler": "it filled the disk",
    "inode_filler": "more files than the disk",
}
JUDGED_OUTSIDE = (
    "ended for what it used",
    "verdict",
    "exit status",
    "secrets in what is shown",
    "workflow commands",
    "mounts as before",
    "egress",
    "proposed lockfile",
    "whole in time",
    "owner of what is left",
)


def catalogue() -> dict[str, str]:
    """Every attack by `module.function`, and the line that says what it tries."""
    found = {}
    for path in sorted((HERE / "hostile/attacks").glob("[a-z]*.py")):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_") and ast.get_docstring(node):
                found[f"{path.stem}.{node.name}"] = ast.get_docstring(node)
    return found


def judged(ran: Run, exhaustion: Sequence[str]) -> dict[str, str]:
    """Return each attack and outside promise with what got through.

    Empty where nothing did.
    """
    tried, through = said(ran)
    found: dict[str, str] = {}
    left_out = {f"exhaustion.{name}" for name in container.EXHAUSTION if name not in exhaustion}
    for name in (each for each in catalogue() if each not in left_out):
        stages = ("smoke",) if name.startswith("exhaustion.") else ("test",) if name.startswith("results.") else STAGES
        missing = [stage for stage in stages if (stage, name) not in tried]
        found[name] = "; ".join(f"at {stage}: {why}" for stage, why in through.get(name, [])) or (
            f"{NEVER_TRIED} at {', '.join(missing)}" if missing else ""
        )
    return {**found, **outside(ran, exhaustion)}


def said(ran: Run) -> tuple[set[tuple[str, str]], dict[str, list[tuple[str, str]]]]:
    """Read what was tried and got through by their own account.

    By stage and attack.
    """
    logs = Path(ran.github, "workspace/depcheck-report/logs")
    texts = [path.read_text(errors="replace") for path in sorted(logs.glob("*.txt"))]
    told = [match.groups() for text in texts for match in _SAID.finditer(text)]
    names = {name.replace(".", "-").replace("_", "0"): name for name in (*catalogue(), "engine.finished")}
    for words, outcome, detail in _ASKED.findall(ran.shelf):
        stage, _, name = words.partition("-")
        told.append((stage, names.get(name, name), outcome, detail))
    through: dict[str, list[tuple[str, str]]] = {}
    for stage, name, outcome, detail in told:
        if outcome == "broke" and stage not in {s for s, _ in through.get(name, [])}:
            through.setdefault(name, []).append((stage, detail))
    return {(stage, name) for stage, name, _, _ in told}, through


def outside(ran: Run, exhaustion: Sequence[str]) -> dict[str, str]:
    """Check the promises that do not depend on the guest's account."""
    report_path = Path(ran.github, "workspace/depcheck-report/report.json")
    if not report_path.is_file():
        return dict.fromkeys(JUDGED_OUTSIDE, f"no report was written; the last words: {ran.printed[-300:]!r}")
    report = json.loads(report_path.read_text())
    shown = ran.printed + b"".join(
        path.read_bytes() for path in report_path.parent.rglob("*") if path.is_file() and not path.is_symlink()
    )
    after = container.contents(ran.github)
    shown += after.get("file_commands/output", b"") + after.get("file_commands/summary", b"")
    changed = sorted(path for path in ran.before.keys() | after.keys() if ran.before.get(path) != after.get(path))
    allowed = {"file_commands/output", "file_commands/summary", "workspace/.git/index"}
    return {
        "ended for what it used": _unended(report, exhaustion),
        "verdict": _verdict(report),
        "exit status": "" if ran.status == 1 else f"the step ended with {ran.status}",
        "secrets in what is shown": ", ".join(
            name for name in container.CANARIES if f"canary-{name}".encode() in _unmasked(shown)
        ),
        "workflow commands": _obeyed(ran.printed),
        "mounts as before": ", ".join(
            path for path in changed if path not in allowed and not _is_kept_by_checker(ran, path)
        ),
        "egress": ", ".join(sorted(set(re.findall(r"visit b'zz-egress (.*?)\\n'", ran.shelf)) - {"test asked"})),
        "proposed lockfile": _proposed(report_path.parent),
        "whole in time": "" if ran.took_s < ran.limit_s else f"it took {ran.took_s:.0f} s",
        "owner of what is left": ", ".join(
            str(path) for path in Path(ran.github, "workspace").rglob("*") if path.lstat().st_uid != container.RUNNER
        ),
    }


def _is_kept_by_checker(ran: Run, path: str) -> bool:
    """Return True for a file of the kept cache.

    The runner owns it at the end. That no guest wrote it is what `index_cache` and `cache_of_the_compiler` try.
    """
    file = Path(ran.github, path)
    return path.startswith("home/.cache/depcheck/") and file.is_file() and file.lstat().st_uid == container.RUNNER


def _verdict(report: dict) -> str:
    (environment,) = report["environments"]
    culprits = [(each["packages"], each["first_bad"], each["last_good"]) for each in environment["culprits"]]
    wanted = ("breaks", [(["hostile"], {"hostile": "2.0"}, {"hostile": "1.0"})])
    seen = (environment["status"], culprits)
    return "" if seen == wanted else f"{seen}: {environment['reason']}"


def _unended(report: dict, exhaustion: Sequence[str]) -> str:
    """Find exhaustions whose check was not reported as ended."""
    checks = report["environments"][0]["checks"]["candidate"]
    told = {each["command"].rpartition(" ")[2]: each["headline"] for each in checks}
    return "; ".join(
        f"{name}: {told.get(name)}"
        for name, words in TAKES_TOO_MUCH.items()
        if name in exhaustion and not (told.get(name, "").startswith("ended: ") and words in told[name])
    )


def _unmasked(shown: bytes) -> bytes:
    """Remove the line that tells the runner what to mask."""
    return b"\n".join(line for line in shown.split(b"\n") if not line.startswith(b"::add-mask::"))


def _obeyed(printed: bytes) -> str:
    """Find the workflow commands that the runner would obey.

    `::name` after white space, `##[name` anywhere, lines as it ends them.
    """
    ours = re.compile(rb"::(add-mask|group|endgroup|error|warning|notice|debug)[ :]")
    lines = re.split(rb"\r\n|\n|\r", printed)
    found = [
        line
        for line in lines
        if re.match(rb"\s*::[\w-]+", line) and (b"zz-owned" in line.partition(b"::zz-owned")[1] or not ours.match(line))
    ]
    found += [line for line in lines if b"##[" in line or b"\x1b" in line]
    return "; ".join(repr(line[:80]) for line in found[:3])


def _proposed(folder: Path) -> str:
    texts = [path.read_text() for path in folder.glob("proposal/**/*.txt")]
    lines = [line for text in texts for line in text.splitlines() if not line.lstrip().startswith("#")]
    return "; ".join(line for line in lines if not re.fullmatch(r"[\w.-]+==[\w.]+", line.strip()))
