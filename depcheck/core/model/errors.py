"""Exceptions of depcheck.

An exception means that depcheck could not do its job. A finding about packages is a value, never an
exception.
"""


class DepcheckError(Exception):
    """The base class of all errors that are shown to the user.

    The message is one or two sentences: what happened, why it stops the run, and what to do next.
    `exit_status` is the exit status of the process: 2 for usage, 3 for "could not check".
    """

    exit_status = 3


class UsageError(DepcheckError):
    """An error in the arguments or the configuration."""

    exit_status = 2


class LockfileError(DepcheckError):
    """An error for a lockfile that cannot be read or compiled.

    Its environment is skipped with this reason.
    """


class IndexUnavailableError(DepcheckError):
    """A failure of the package index, the network or the disk.

    No package is to blame. The status is `infra`.
    """


class SetupFailedError(DepcheckError):
    """A setup command that failed, so no check can run."""


class InterpreterMissingError(DepcheckError):
    """An error for a Python version that is missing and unobtainable."""
