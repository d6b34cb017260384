"""The adapters that start processes and fetch packages: made when the first of them is needed, on most nights never."""

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from depcheck.checking.ahead import PreparingCompiler
from depcheck.checking.checks import GuestChecks
from depcheck.checking.compiler import CommandCompiler
from depcheck.checking.environments import UvEnvironments
from depcheck.checking.explaining import GuestExplainer
from depcheck.checking.interpreters import Interpreters
from depcheck.checking.process import Guest
from depcheck.checking.proving import ProvingCompiler
from depcheck.checking.sandbox import open_to_others
from depcheck.checking.targets import Targets
from depcheck.checking.toolbox import Toolbox
from depcheck.checking.tree import Tree
from depcheck.checking.workspace_copy import WorkspaceCopy
from depcheck.core.settings import Settings
from depcheck.core.world import World
from depcheck.ports import Compiler

if TYPE_CHECKING:
    from depcheck.index.local import LocalIndex

MOST_LANES = 4  # compiles at the same time, 100 to 200 MB of memory each
PREPARE_TIMEOUT_S = 1800  # one compile or installation; --timeout is for the checks


@dataclass(frozen=True, slots=True)
class Adapters:
    """Makes the adapters of one environment. `scratch` is a folder of this run, `cache` of all runs.

    What is still being done when the run ends is waited for by `stack`.
    """

    settings: Settings
    environ: Mapping[str, str]
    guest: Guest
    interpreters: Interpreters
    index: "LocalIndex"
    scratch: Path
    cache: Path
    building: Lock
    stack: ExitStack

    def compiler(self, environments: UvEnvironments) -> Compiler:
        """pip-compile and uv, and the proof that stands in for them; a second core prepares the committed set."""
        tools = _readable(self.cache, self.scratch) / "tools"
        placer = self.guest.beside(MOST_LANES).apart()  # another user than those who work meanwhile
        toolbox = Toolbox(tools, lambda: self.index.url(World()), placer, self.building)
        targets = Targets(self.guest, toolbox, self.interpreters.about)
        compiler = CommandCompiler(
            index=self.index,
            toolbox=toolbox,
            targets=targets,
            copies=self.copies,
            remotes=environments.remotes,
            caches=self.scratch / "compile",
            timeout_s=PREPARE_TIMEOUT_S,
            lanes=max(1, min(MOST_LANES, os.cpu_count() or 1) // self.settings.parallel),
        )
        proving = ProvingCompiler(compiler, self.index, Tree(Path(self.settings.repo).resolve()), targets)
        alone = self.settings.parallel > 1 or (os.cpu_count() or 1) == 1
        if alone:
            return proving
        return PreparingCompiler(proving, environments, self.stack.enter_context(ThreadPoolExecutor(1)))

    def environments(self) -> UvEnvironments:
        """Environments made by uv."""
        places = (self.copies, self.scratch)
        form = self.settings.project
        return UvEnvironments(self.guest, self.index, self.interpreters, *places, PREPARE_TIMEOUT_S, form)

    def checks(self) -> GuestChecks:
        """Checks run by the guest."""
        return GuestChecks(self.guest, self.index, self.copies, self.settings, Path(self.settings.report) / "logs")

    def explainer(self, environments: UvEnvironments) -> GuestExplainer:
        """What a release took away."""
        return GuestExplainer(self.guest, environments)

    @property
    def copies(self) -> WorkspaceCopy:
        """Copies of the repository."""
        return WorkspaceCopy(Path(self.settings.repo), self.guest, self.scratch, (Path(self.settings.report),))


def _readable(cache: Path, scratch: Path) -> Path:
    """The cache where the guest can read it, else this run's own folder: then tools are built for each run."""
    cache.mkdir(parents=True, exist_ok=True)
    return cache if open_to_others(cache) else scratch
