"""The factory of the adapters that start processes and fetch packages.

They are created when the first of them is needed; most runs never need them.
"""

import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from depcheck.checking.checks.runner import GuestCheckExecutor
from depcheck.checking.compile.law.lawful_compiler import LawfulCompiler
from depcheck.checking.compile.prefetch import BackgroundInstallCompiler
from depcheck.checking.compile.proof.proving_compiler import ProvingCompiler
from depcheck.checking.compile.run_compiler import CommandCompiler
from depcheck.checking.compile.tool_envs import TargetFinder, ToolEnvironments
from depcheck.checking.discovery.files.repo_files import RepoFiles
from depcheck.checking.environments.interpreters import InterpreterFinder
from depcheck.checking.environments.uv_builder import UvEnvironmentBuilder
from depcheck.checking.explain.explainer import GuestExplainer
from depcheck.checking.sandbox.guest import Guest
from depcheck.checking.sandbox.open_copies import prepare_open_folder
from depcheck.checking.sandbox.policy import is_readable_by_others
from depcheck.checking.sandbox.workspace_copy import WorkspaceCopier
from depcheck.core.config.settings import Settings
from depcheck.core.model.index_view import IndexView
from depcheck.ports import Compiler
from depcheck.wiring.lazy_index import LazyIndex

MAX_LANES = 4  # compiles at the same time, 100 to 200 MB of memory each
PREPARE_TIMEOUT_S = 1800  # one compile or installation; --timeout is for the checks


@dataclass(frozen=True, slots=True)
class AdapterFactory:
    """Makes the adapters of one environment.

    `scratch` is a folder of this run, `cache` of all runs.

    What is still being done when the run ends is waited for by `stack`. `spare_index` gives PyPI where `index` is
    without it: the compilers themselves may have to come from there.
    """

    settings: Settings
    environ: Mapping[str, str]
    guest: Guest
    interpreters: InterpreterFinder
    index: LazyIndex
    scratch: Path
    cache: Path
    build_lock: Lock
    stack: ExitStack
    spare_index: Callable[[], LazyIndex] | None = None

    def make_compiler(self, environments: UvEnvironmentBuilder) -> Compiler:
        """Create the compiler: pip-compile and uv, behind the proof that replaces them.

        With a second core and no parallel environments, the committed set is installed in the background.
        """
        tools = _choose_readable_folder(self.cache, self.scratch) / "tools"
        placer = self.guest.derive_parallel_guest(
            MAX_LANES
        ).derive_installer()  # another user than those who work meanwhile
        spare = self.spare_index
        spare_url = (lambda: spare().get_index_url(IndexView())) if spare else None
        toolbox = ToolEnvironments(
            tools, lambda: self.index.get_index_url(IndexView()), placer, self.build_lock, spare_url
        )
        targets = TargetFinder(self.guest, toolbox, self.interpreters.get_interpreter)
        compiler: Compiler = CommandCompiler(
            index=self.index,
            toolbox=toolbox,
            targets=targets,
            copies=self.workspace_copy,
            remotes=environments.remotes,
            cache_folder=self.scratch / "compile",
            timeout_s=PREPARE_TIMEOUT_S,
            worker_count=max(1, min(MAX_LANES, os.cpu_count() or 1) // self.settings.parallel),
        )
        tree = RepoFiles(Path(self.settings.repo).resolve())
        compiler = LawfulCompiler(compiler, self.index, tree, targets, environments.read_built_requirements)
        compiler = ProvingCompiler(compiler, self.index, tree, targets)
        alone = self.settings.parallel > 1 or (os.cpu_count() or 1) == 1
        if alone:
            return compiler
        pool = self.stack.enter_context(ThreadPoolExecutor(1))
        return BackgroundInstallCompiler(compiler, environments, pool, self.settings.without)

    def make_environments(self) -> UvEnvironmentBuilder:
        """Create the builder of environments, which uses uv."""
        places = (self.workspace_copy, self.scratch)
        form = self.settings.project
        return UvEnvironmentBuilder(self.guest, self.index, self.interpreters, *places, PREPARE_TIMEOUT_S, form)

    def make_checks(self, report_progress: Callable[[str], None]) -> GuestCheckExecutor:
        """Create the runner of checks, which uses the guest.

        `report_progress` hears how far a long check is, where one environment is judged at a time.
        """
        logs = Path(self.settings.report) / "logs"
        heard = report_progress if self.settings.parallel == 1 else None
        return GuestCheckExecutor(self.guest, self.index, self.workspace_copy, self.settings, logs, heard)

    def make_explainer(self, environments: UvEnvironmentBuilder) -> GuestExplainer:
        """Create the explainer, which finds what a release removed."""
        return GuestExplainer(self.guest, environments)

    @property
    def workspace_copy(self) -> WorkspaceCopier:
        """The copier of the repository."""
        return WorkspaceCopier(Path(self.settings.repo), self.guest, self.scratch, (Path(self.settings.report),))


def _choose_readable_folder(cache: Path, scratch: Path) -> Path:
    """Return the cache if the guest can read it, else `scratch`.

    Root has a folder of the system for that. In `scratch` tools are built again for each run.
    """
    cache.mkdir(parents=True, exist_ok=True)
    return cache if is_readable_by_others(cache) else prepare_open_folder() or scratch
