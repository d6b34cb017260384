"""Speaking to the runner: its file commands, its log."""

import glob
import os
import sys

WORDS = (
    "::add-mask::zz",
    "::set-output name=status::zz-owned",
    "::set-env name=ZZ::zz",
    "::add-path::/zz",
    "::error::zz-owned",
    "::stop-commands::zz",
    "in the middle ##[error]zz-owned",
    "##[add-path]/zz",
    "a lone return\r::error::zz-owned\r##[error]zz-owned",
    "\x1b[2K\x1b]0;zz\x07\x1b[31m::error::zz-owned",
    "\u2028::error::zz-owned",
    "  ::error::zz-owned",
)


def file_commands(stage):
    """Appends to every file command: environment, path, outputs, state and summary of the job."""
    written, refused = [], None
    named = [
        os.environ[name]
        for name in ("GITHUB_ENV", "GITHUB_PATH", "GITHUB_OUTPUT", "GITHUB_STATE", "GITHUB_STEP_SUMMARY")
        if name in os.environ
    ]
    for path in {
        *named,
        *glob.glob("/github/file_commands/*"),
        *(f"/github/file_commands/{name}" for name in ("env", "path", "output", "state", "summary")),
    }:
        try:
            with open(path, "a") as file:
                file.write("LD_PRELOAD=/zz-owned.so\n")
            written.append(path)
        except OSError as error:
            refused = error
    if not written and refused:
        raise refused
    return written


def log_by_standard_output(stage):
    """Prints workflow commands on standard output. Whether the runner would obey is judged outside."""
    sys.__stdout__.write("\n" + "\n".join(WORDS) + "\n")
    sys.__stdout__.flush()


def log_by_standard_error(stage):
    """Prints workflow commands on standard error. Whether the runner would obey is judged outside."""
    sys.__stderr__.write("\n" + "\n".join(WORDS) + "\n")
    sys.__stderr__.flush()


def log_of_the_action(stage):
    """Writes to the output of the first process and of every other one by its descriptors."""
    hit, refused = [], None
    for process in glob.glob("/proc/[0-9]*"):
        for path in (f"{process}/fd/1", f"{process}/fd/2"):  # whoever may not list them may still know their names
            try:
                if os.stat(process).st_uid == os.getuid() and os.getuid() != 0:
                    continue
                with open(path, "w") as file:
                    file.write("\n::error::zz-owned by descriptor\n")
                hit.append(path)
            except OSError as error:
                refused = error
    if not hit and refused:
        raise refused
    return hit
