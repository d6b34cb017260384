"""The compiler as put together for a run, on the real index."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from depcheck.checking.compile.run_compiler import CommandCompiler
from depcheck.checking.compile.tool_envs import TargetFinder, ToolEnvironments
from depcheck.checking.environments.interpreters import InterpreterFinder
from depcheck.checking.environments.remote_requirements import RemoteRequirements
from depcheck.checking.sandbox.guest import Guest
from depcheck.checking.sandbox.policy import choose_sandbox_policy
from depcheck.checking.sandbox.workspace_copy import WorkspaceCopier
from depcheck.core.model.index_view import IndexView
from depcheck.index.server.local import LocalIndex
from depcheck.index.upstreams import resolve_upstreams


@dataclass(frozen=True)
class Bench:
    """`compiler` gives the compiler of a repository's folder."""

    index: LocalIndex
    interpreters: InterpreterFinder
    compiler: Callable[[Path], CommandCompiler]


@contextmanager
def benches(scratch: Path) -> Iterator[Bench]:
    """Return a bench whose tools and stored pages are in `scratch`."""
    with ExitStack() as stack:
        index = stack.enter_context(LocalIndex(resolve_upstreams([], os.environ), scratch / "index"))
        interpreters = InterpreterFinder(os.environ, scratch / "pythons")
        guest = Guest(choose_sandbox_policy(sandbox=False, in_actions=False), scratch, os.environ)
        toolbox = ToolEnvironments(
            scratch / "tools", lambda: index.get_index_url(IndexView()), guest.derive_installer()
        )
        targets = TargetFinder(guest, toolbox, interpreters.get_interpreter)

        def compiler(repo: Path) -> CommandCompiler:
            copies = WorkspaceCopier(repo, guest, scratch)
            remotes = RemoteRequirements(guest, index, scratch, 900)
            return CommandCompiler(index, toolbox, targets, copies, remotes, scratch / "caches", 900)

        yield Bench(index, interpreters, compiler)
