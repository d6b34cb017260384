"""The import check: every module of the changed packages, of their dependents and of the project."""

import json
import os
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from depcheck.checking.commands import SCRIPTS, Room
from depcheck.checking.editable import import_roots
from depcheck.checking.environment import Environment
from depcheck.checking.installed import module_name
from depcheck.core.checks import Check, Failure, Outcome
from depcheck.core.outputs import evidence, exit_sentence, with_statement
from depcheck.core.plain import one_line

MODULE_TIMEOUT_S = 60.0
MOST_PROJECT_MODULES = 2000
NOT_MODULES = frozenset({"setup", "conftest", "noxfile", "fabfile", "toxfile"})
_EXCEEDED = "exceeded"  # a word of ours alone: no importer's answer is taken for it
NOT_FOLDERS = frozenset({"tests", "test", "docs", "doc", "examples", "build", "dist", "node_modules"})


@dataclass(slots=True)
class Findings:
    """What is known of the modules so far."""

    passed: set[str] = field(default_factory=set)
    failed: dict[str, Failure] = field(default_factory=dict)
    not_reached: list[str] = field(default_factory=list)

    def outcome(self, *, narrowed: bool) -> Outcome:
        """Failed modules fail the check; modules not reached, or wanted ones that are not there, leave it open."""
        if self.failed:
            return Outcome.FAIL
        nothing = narrowed and not self.passed
        return Outcome.UNRESOLVED if self.not_reached or nothing else Outcome.PASS


def import_check(room: Room, check: Check) -> Findings:
    """Import all modules that `check` asks for; one counts as failed when it also fails alone in a fresh process."""
    until = time.monotonic() + room.timeout_s
    findings = Findings()
    paths = [str(root) for root in _roots(room.copy)]
    for modules, where in (
        (_asked_of_packages(room.environment, check), []),
        (project_modules(room), paths),
    ):
        wanted = [module for module in modules if not check.ids or module in check.ids]
        failed = _together(room, wanted, where, until, findings)
        _alone(room, failed, where, until, findings)
    return findings


def _asked_of_packages(environment: Environment, check: Check) -> list[str]:
    """A check for certain modules need not say whose they are."""
    everyone = frozenset(each.name for each in environment.distributions)
    return modules_of(environment, everyone if check.ids and not check.packages else check.packages)


def modules_of(environment: Environment, packages: frozenset[str]) -> list[str]:
    """The modules of these installed distributions."""
    return sorted({m for each in environment.on_disk if each.distribution.name in packages for m in each.modules})


def project_modules(room: Room) -> list[str]:
    """The project's own: of its installed distribution, else those that stand in the copy of the workspace."""
    environment = room.environment
    if environment.project and not environment.own.editable:
        return modules_of(environment, frozenset({environment.project}))
    shown = import_roots(environment.site_packages, room.copy) if environment.own.editable else {}
    shown = shown or {root: frozenset() for root in _roots(room.copy)}
    found = {name for root, tops in shown.items() for name in _walk(root) if not tops or name.partition(".")[0] in tops}
    return sorted(found)[:MOST_PROJECT_MODULES]


def _roots(copy: Path) -> list[Path]:
    source = copy / "src"
    return [copy, source] if source.is_dir() and not (source / "__init__.py").exists() else [copy]


def _walk(root: Path) -> Iterator[str]:
    """Modules at `root` and in packages below it; no tests, no build scripts, no folders that are no packages."""
    for here, folders, files in os.walk(root):
        folders[:] = [name for name in folders if name not in NOT_FOLDERS and Path(here, name, "__init__.py").exists()]
        for name in files:
            module = module_name(PurePosixPath(Path(here, name).relative_to(root)))
            last = module.rpartition(".")[2] if module else ""
            if module and last not in NOT_MODULES and not last.startswith("test_") and not last.endswith("_test"):
                yield module


def _together(room: Room, modules: Sequence[str], paths: list[str], until: float, findings: Findings) -> list[str]:
    """Import `modules` in one process, in as many turns as crashes ask for; those that failed."""
    left, failed = list(modules), []
    while left and time.monotonic() < until:
        asked = set(left)
        told = [words for words in _told(room, left, paths, until, alone=False) if words[1] in asked]
        started = [words[1] for words in told if words[0] == "start"]
        findings.passed |= {words[1] for words in told if words[0] == "pass"}
        failed += [name for name in started if name not in findings.passed]
        if not started:  # the interpreter does not get as far as our first line
            failed.append(left[0])
            started = left[:1]
        left = [name for name in left if name not in set(started)]
    findings.not_reached += left
    return failed


def _alone(room: Room, modules: Sequence[str], paths: list[str], until: float, findings: Findings) -> None:
    """Import each of `modules` in a process of its own: the result that counts."""
    if not modules:
        return
    _heard(_told(room, modules, paths, until, alone=True), modules, findings)


def _heard(told: list[list[str]], modules: Sequence[str], findings: Findings) -> None:
    """Take down what was said of `modules`; what strangers' code says of others, or in other words, counts nowhere."""
    asked = set(modules)
    told = [words for words in told if words[1] in asked]
    findings.passed |= {words[1] for words in told if words[0] == "pass"}
    failed = {words[1]: Failure(words[1], *_error(words[2], words[3])) for words in told if words[0] == "fail"}
    for words in told:
        if words[0] == "ended" and words[1] not in findings.passed and words[1] not in failed:
            failed[words[1]] = _killed(words[1], _status(words[2]), words[3])
        if words[0] == _EXCEEDED:
            failed[words[1]] = Failure(words[1], f"the import was ended: {words[2]}")
    findings.failed |= failed
    findings.not_reached += [name for name in modules if name not in findings.passed and name not in failed]


def _status(word: str) -> int:
    """An exit status; what is none is a failure like any other."""
    return int(word) if re.fullmatch(r"-?\d{1,3}", word, re.ASCII) else 1


def _error(line: str, trace: str) -> tuple[str, str]:
    trace = evidence(trace)
    return with_statement(one_line(line), trace.splitlines()), trace


def _killed(module: str, status: int, stack: str) -> Failure:
    """The failure of a module whose import ended its process."""
    if "Timeout (" in stack:
        return Failure(module, f"import timed out after {MODULE_TIMEOUT_S:g} s", evidence(stack))
    return Failure(module, f"the import ended its process: {exit_sentence(status)}", evidence(stack))


def _told(room: Room, modules: Sequence[str], paths: list[str], until: float, *, alone: bool) -> list[list[str]]:
    """What the importer said, word by word; a stack that stood before an `ended` is its fourth word."""
    left_s = max(1.0, until - time.monotonic())
    order = {
        "modules": list(modules),
        "paths": paths,
        "timeout_s": min(MODULE_TIMEOUT_S, left_s),
        "alone": alone,
    }
    ran = room.run(
        [str(room.environment.python), str(SCRIPTS / "depcheck_importer.py")],
        given=json.dumps(order).encode(),
        timeout_s=left_s,
    )
    told = read_words(ran.answer)
    started = [words[1] for words in told if words[0] == "start"]
    return [*told, [_EXCEEDED, started[-1], ran.exceeded]] if ran.exceeded and started else told


def read_words(answer: bytes) -> list[list[str]]:
    """The lines of a guest script's answer; what is no line of ours is foreign text, kept for the next `ended`."""
    told: list[list[str]] = []
    stray: list[str] = []
    for line in answer.decode(errors="replace").splitlines():
        try:
            words = json.loads(line)
        except (ValueError, RecursionError):
            words = None
        if not isinstance(words, list) or len(words) < 2 or not all(isinstance(word, str | int) for word in words):  # noqa: PLR2004
            stray.append(line)
            continue
        words = [str(word) for word in words]
        if words[0] == "ended":
            words, stray = [*words[:3], "\n".join(stray)], []
        if len(words) >= _LENGTHS.get(words[0], 99):
            told.append(words)
    return told


_LENGTHS = {"start": 2, "pass": 2, "fail": 4, "ended": 4, "done": 2}
