"""Exceptions mean that we could not do the job; a finding about packages is a value, never one of these."""


class DepcheckError(Exception):
    """What happened, why it stops us, what to do next: one or two sentences for a person.

    `exit_status` is the process's own (see the contract): 2 usage, 3 could not judge.
    """

    exit_status = 3


class UsageError(DepcheckError):
    """The arguments or the configuration cannot be used."""

    exit_status = 2


class LockfileError(DepcheckError):
    """A lockfile cannot be read or must not be compiled; the environment is skipped with this reason."""


class IndexUnavailableError(DepcheckError):
    """The package index, the network or the disk failed: nobody's package is to blame (`infra`)."""


class InterpreterMissingError(DepcheckError):
    """No interpreter of the wanted version is on this machine, and none could be fetched."""
