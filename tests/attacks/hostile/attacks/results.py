"""Putting something else in the place of result files. The checker reads them as root, unless it looks twice."""

import contextlib
import os
import pathlib

SECRETS = ("/github/runner_temp/git-credentials-1.config", "/proc/1/environ", "/github/workspace/.git/config")


def _results():
    return pathlib.Path(os.environ["DEPCHECK_RESULTS"])


def symbolic_links(stage):
    """Links from result files to secrets: would their text reach the log or the report? Judged outside."""
    for number, secret in enumerate(SECRETS):
        with contextlib.suppress(FileExistsError):
            os.symlink(secret, _results() / f"junit-{number}.xml")


def hard_links(stage):
    """A hard link to a file of somebody else, as a result."""
    os.link("/github/runner_temp/git-credentials-1.config", _results() / "junit-8.xml")
    return "linked"


def named_pipe(stage):
    """A pipe nobody writes to, as a result: whoever opens it waits for ever. Judged by the run's end."""
    with contextlib.suppress(FileExistsError):
        os.mkfifo(_results() / "junit-7.xml")


def huge_result(stage):
    """A result of many gigabytes, most of them a hole. Judged by the run's memory and end."""
    with open(_results() / "junit-6.xml", "wb") as file:
        file.truncate(6 << 30)


def a_folder_for_a_file(stage):
    """A folder in the place of a result."""
    os.makedirs(_results() / "junit-5.xml", exist_ok=True)
