"""Release 2.0 of a package that somebody has taken over. It attacks whoever builds, imports or tests it.

The program that uses it calls `answer()`, which is gone: the right verdict is that hostile 2.0 breaks it.
"""


def __getattr__(name):
    """What the program misses is told in the words of the runner's language."""
    said = (
        f"{name}\r::error::zz-owned\r##[error]zz-owned \x1b[31m::set-output name=status::zz-owned\x1b]0;zz\x07"
        if name == "answer"
        else name
    )
    raise AttributeError(f"module 'hostile' has no attribute {said}")
