"""The compiler as it is put together for a run, on the real index."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from depcheck.checking.compiler import CommandCompiler
from depcheck.checking.interpreters import Interpreters
from depcheck.checking.process import Guest
from depcheck.checking.remotes import Remotes
from depcheck.checking.sandbox import walls_here
from depcheck.checking.targets import Targets
from depcheck.checking.toolbox import Toolbox
from depcheck.checking.workspace_copy import WorkspaceCopy
from depcheck.core.world import World
from depcheck.index.local import LocalIndex
from depcheck.index.upstream import upstreams


@dataclass(frozen=True)
class Bench:
    """`compiler` gives the compiler of a repository's folder."""

    index: LocalIndex
    interpreters: Interpreters
    compiler: Callable[[Path], CommandCompiler]


@contextmanager
def benches(scratch: Path) -> Iterator[Bench]:
    """A bench whose tools and stored pages stand in `scratch`."""
    with ExitStack() as stack:
        index = stack.enter_context(LocalIndex(upstreams([], os.environ), scratch / "index"))
        interpreters = Interpreters(os.environ, scratch / "pythons")
        guest = Guest(walls_here(sandbox=False, in_actions=False), scratch, os.environ)
        toolbox = Toolbox(scratch / "tools", lambda: index.url(World()), guest.apart())
        targets = Targets(guest, toolbox, interpreters.about)

        def compiler(repo: Path) -> CommandCompiler:
            copies = WorkspaceCopy(repo, guest, scratch)
            remotes = Remotes(guest, index, scratch, 900)
            return CommandCompiler(index, toolbox, targets, copies, remotes, scratch / "caches", 900)

        yield Bench(index, interpreters, compiler)
