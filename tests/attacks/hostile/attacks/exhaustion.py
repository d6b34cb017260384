"""Using the machine up. Each is a check of its own; those that are not ended end by themselves, having got as much as they were given."""

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
    for _ in range(260):
        with contextlib.suppress(OSError):
            children.append(_holding(24, 8))
    ends = [os.waitpid(child, 0)[1] for child in children]
    return True, f"{sum(1 for end in ends if end)} of {len(ends)} processes were ended for it"  # judged outside


def memory_of_many():
    """More memory than one package may have, in processes that are each small, and kept: less than all of the machine's."""
    ends = [os.waitpid(child, 0)[1] for child in [_holding(96, 18) for _ in range(34)]]
    return any(ends), f"{sum(1 for end in ends if end)} of {len(ends)} processes were ended for it"


def _holding(size_mib, seconds):
    """A process that holds so much, and is deaf to requests to end."""
    child = os.fork()
    if child == 0:
        with contextlib.suppress(MemoryError):
            held = bytearray(b"z") * (size_mib << 20)
            time.sleep(seconds if held else 0)
        os._exit(0)
    return child


def disk_filler():
    """Files without end in every place that it may write to."""
    return _fill(lambda path: open(path, "wb").write(b"z" * (1 << 20)))


def inode_filler():
    """Empty files without end."""
    return _fill(lambda path: open(path, "wb").close())


def _fill(make):
    """Until nothing is left, or for a while. Whoever fills the disk and lives to tell has got through."""
    count, until = 0, time.monotonic() + 12
    with contextlib.suppress(OSError):
        for folder in (os.getcwd(), os.environ["TMPDIR"]):
            os.makedirs(f"{folder}/zz-fill", exist_ok=True)
            while time.monotonic() < until:
                make(f"{folder}/zz-fill/{count}")
                count += 1
    time.sleep(2)
    disk = os.statvfs(".")
    return disk.f_bavail > disk.f_blocks / 50 and disk.f_favail > disk.f_files / 50, f"{count} files"


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
    os.write(1, f"\nATTACK smoke exhaustion.{sys.argv[1]} held 'began'\n".encode())  # whoever is ended cannot tell
    held, detail = globals()[sys.argv[1]]()
    os.write(1, f"\nATTACK smoke exhaustion.{sys.argv[1]} {'held' if held else 'broke'} {detail!r}\n".encode())
