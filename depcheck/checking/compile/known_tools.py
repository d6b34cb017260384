"""The table of compile tools: one row for each.

A lockfile format names its compiler.
"""

from collections.abc import Callable

from depcheck.checking.compile.compile_tool import CompileTool
from depcheck.checking.compile.pip_compile_tool import PipCompile
from depcheck.checking.compile.tool_envs import ToolEnvironments
from depcheck.checking.compile.uv_compile_tool import UvPipCompile
from depcheck.checking.compile.uv_lock.pylock_tool import PylockCompile
from depcheck.checking.compile.uv_lock.uv_lock_tool import UvLock
from depcheck.core.lockfiles.formats.known_formats import PIP_COMPILE, PYLOCK, UV_LOCK, UV_PIP_COMPILE

COMPILE_TOOLS: dict[str, Callable[[ToolEnvironments], CompileTool]] = {
    PIP_COMPILE.compiler: PipCompile,
    UV_PIP_COMPILE.compiler: lambda _toolbox: UvPipCompile(),
    UV_LOCK.compiler: lambda _toolbox: UvLock(),
    PYLOCK.compiler: lambda _toolbox: PylockCompile(),
}


def make_compile_tool(compiler: str, toolbox: ToolEnvironments) -> CompileTool:
    """Create the tool of a compiler, which takes its environments from `toolbox`."""
    return COMPILE_TOOLS[compiler](toolbox)
