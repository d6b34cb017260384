"""The meaning of a failed compile: a conflict, or no package's fault."""

from dataclasses import replace

from depcheck.checking.environments.absent_projects import describe_absent
from depcheck.checking.sandbox.process_result import ProcessResult
from depcheck.core.lockfiles.spec import LockfileSpec
from depcheck.core.model.compile_result import CompileFailure
from depcheck.core.model.errors import IndexUnavailableError
from depcheck.core.text.process_output import format_exit_status, strip_scratch_folders
from depcheck.core.tool_output.compile_errors import (
    is_network_failure,
    parse_compile_failure,
)
from depcheck.ports import PackageServer


def explain_compile_failure(
    index: PackageServer, lock: LockfileSpec, ran: ProcessResult, timeout_s: float
) -> CompileFailure:
    """Return what a failed compile says of packages.

    Raises:
        IndexUnavailableError: The index, the network or a limit stopped it, so no package is to blame.
    """
    troubles = index.list_index_errors()
    if troubles:
        raise IndexUnavailableError(f"{lock.path} could not be compiled: {troubles[0]}")
    if ran.timed_out:
        limit = f"{timeout_s:.0f} s"
        raise IndexUnavailableError(
            f"Compiling {lock.path} was stopped after {limit}. Give it more with --timeout, or narrow its sources."
        )
    if ran.exceeded_limit:
        raise IndexUnavailableError(
            f"Compiling {lock.path} was ended: {ran.exceeded_limit}. Nothing was checked. Try a larger machine."
        )
    if ran.exit_status is not None and ran.exit_status < 0:
        raise IndexUnavailableError(
            f"Compiling {lock.path} was ended from outside ({format_exit_status(ran.exit_status)}), perhaps "
            "for want of memory. No package is to blame; try again."
        )
    if is_network_failure(ran.output):
        raise IndexUnavailableError(
            f"{lock.path} could not be compiled: the package index did not answer. Try again later."
        )
    found = parse_compile_failure(strip_scratch_folders(ran.output), index.get_last_sdist())
    absence = describe_absent(index, ran.output)
    return replace(found, failure=replace(found.failure, headline=absence)) if absence else found
