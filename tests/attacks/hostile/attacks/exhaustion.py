"""Using the machine up. Each is a check of its own; all but `hang` end by themselves, having got as much as they were given."""

import contextlib
import os
import signal
import sys
import time


def fork_bomb():
    """Processes without end, deaf to signals."""
    count = 0
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    with contextlib.suppress(OSError):
        while count < 5000:
            if os.fork() == 0:
                time.sleep(600)
                os._exit(0)
            count += 1
    return count < 5000, f"{count} processes"


def memory_bomb():
    """Memory without end, touched so that it counts, in many processes that are each smaller than the checker."""
    children = []
    for _ in range(40):
        with contextlib.suppress(OSError):
            child = os.fork()
            if child == 0:
                with contextlib.suppress(MemoryError):
                    held = bytearray(b"z") * (100 << 20)
                    time.sleep(3 if held else 0)
                os._exit(0)
            children.append(child)
    ends = [os.waitpid(child, 0)[1] for child in children]
    return True, f"{sum(1 for end in ends if end)} of {len(ends)} processes were ended for it"  # judged outside


def disk_filler():
    """Files without end in every place that it may write to."""
    return _fill(lambda path: open(path, "wb").write(b"z" * (1 << 20)))


def inode_filler():
    """Empty files without end."""
    return _fill(lambda path: open(path, "wb").close(), 400_000)


def _fill(make, most=1_000_000):
    count, until = 0, time.monotonic() + 8
    with contextlib.suppress(OSError):
        for folder in (os.getcwd(), os.environ["TMPDIR"]):
            os.makedirs(f"{folder}/zz-fill", exist_ok=True)
            while count < most and time.monotonic() < until:
                make(f"{folder}/zz-fill/{count}")
                count += 1
    return True, f"{count} files"  # what counts is that the run goes on; judged outside


def one_large_file():
    """One file larger than any that a test needs, most of it a hole."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    with contextlib.suppress(OSError), open("zz-large", "wb") as file:
        file.truncate(1 << 40)
        return False, "a terabyte"
    return True, "refused"


def deep_paths():
    """Folders in folders, deeper than a path can name, of which none can be removed by its name."""
    depth = 0
    with contextlib.suppress(OSError):
        while depth < 3000:
            os.mkdir("z" * 200)
            os.chdir("z" * 200)
            depth += 1
    return True, f"{depth} deep"


def output_flood():
    """Half a gigabyte of output, as fast as it goes, without a line's end."""
    chunk = b"z" * (1 << 20)
    for _ in range(512):
        os.write(1, chunk)
    return True, "512 MiB"


def hang():
    """Never ends, and ignores the request to."""
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    while True:
        time.sleep(60)


if __name__ == "__main__":
    held, detail = globals()[sys.argv[1]]()
    os.write(1, f"\nATTACK smoke exhaustion.{sys.argv[1]} {'held' if held else 'broke'} {detail!r}\n".encode())
