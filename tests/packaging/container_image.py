"""Check the size, start and git of an image.

    container_image.py IMAGE BASE

`scripts/container` calls it with the standard library alone. Sizes are of what we put on the base; the base's own are told.
"""

import os
import subprocess
import sys
import time
import zlib

MOST_UNPACKED_MB, MOST_COMPRESSED_MB = 80, 32  # of ours; the base has about 125 and 45
MOST_START_S = 0.3
DOCKER = os.environ.get("DOCKER", "docker")
PYTHON = "/opt/depcheck/bin/python"
FIRST_LINE = "import time; print(time.time(), time.process_time())"
LEFT = "ls -d /var/lib/apt/lists/*_* /var/cache/apt/archives/*.deb /var/cache/apt/*.bin /usr/share/perl/*/CPAN.pm; true"
# What a run asks of git, with a repository behind HTTP that has a submodule.
GIT = """
set -e
cd "$(mktemp -d)"
make() { git init -q "$1" && (cd "$1" && echo a >a && git add a && git -c user.name=t -c user.email=t@t commit -qm a); }
make part
make whole
printf '[submodule "part"]\\n\\tpath = part\\n\\turl = http://127.0.0.1:8123/part/.git\\n' >whole/.gitmodules
(cd whole && git update-index --add --cacheinfo "160000,$(git -C ../part rev-parse HEAD),part" && git add .gitmodules &&
  git -c user.name=t -c user.email=t@t commit -qm b && git tag v1 && git describe --tags && git log -1 --format=%aI -- a)
for name in part whole; do git -C $name update-server-info; done
python3 -m http.server --bind 127.0.0.1 8123 >/dev/null 2>&1 &
for _ in 1 2 3 4 5 6 7 8 9; do git ls-remote http://127.0.0.1:8123/part/.git >/dev/null 2>&1 && break || sleep 0.5; done
git clone --quiet --no-checkout http://127.0.0.1:8123/whole/.git tree
cd tree
git checkout --quiet --detach HEAD
git submodule --quiet update --init --recursive
cat part/a
printf 'blob\\ndata 1\\na\\n' | git fast-import --quiet --force
git ls-remote https://127.0.0.1:1/x 2>&1 | grep -i connect
"""


def main(image: str, base: str) -> None:
    """Stop with the first promise that is not kept."""
    sizes = {name: (measure_unpacked(name), measure_compressed(name)) for name in (base, image)}
    unpacked, compressed = (ours - theirs for ours, theirs in zip(sizes[image], sizes[base], strict=True))
    bare_s = min(measure_start(image, "true") for _ in range(5))
    start_s, work_s = (min(each) for each in zip(*(measure_first_line(image) for _ in range(5)), strict=True))
    git = run(image, "sh", "-c", GIT)
    left, had = (set(run(name, "sh", "-c", LEFT).stdout.split()) for name in (image, base))
    tests = run(image, "sh", "-c", "find /opt/depcheck -name tests; find /opt/depcheck -name cryptography")
    promises = {
        f"ours are {unpacked:.0f} MB, at most {MOST_UNPACKED_MB}": unpacked <= MOST_UNPACKED_MB,
        f"ours are {compressed:.0f} MB compressed, at most {MOST_COMPRESSED_MB}": compressed <= MOST_COMPRESSED_MB,
        # The seconds of a busy machine say little, so what is held is the work until then.
        f"our first line after {work_s:.3f} s of work, {start_s:.2f} s ({bare_s:.2f} s for `true`)": work_s
        <= MOST_START_S,
        "git has history, submodules and HTTP, and complains of nothing": not git.returncode and not git.stderr,
        "no package lists, no archives, no perl of git": left <= had,
        "no tests, nothing unused": not tests.stdout,
    }
    broken = [promise for promise, kept in promises.items() if not kept]
    told = ", ".join(f"{name} {whole:.0f} MB ({packed:.0f} compressed)" for name, (whole, packed) in sizes.items())
    if broken:
        raise SystemExit(f"The image broke its promise: {'; '.join(broken)}. {told}. {git.stdout}{git.stderr}")
    sys.stdout.write(f"The image kept all {len(promises)} promises: {'; '.join(promises)}. {told}.\n")


def run(image: str, program: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run `program` in the image."""
    command = [DOCKER, "run", "--rm", "--network", "none", "--entrypoint", program, image, *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def measure_start(image: str, program: str) -> float:
    """Measure the seconds that a container with `program` takes."""
    begin = time.perf_counter()
    run(image, program)
    return time.perf_counter() - begin


def measure_first_line(image: str) -> tuple[float, float]:
    """Measure wall and processor seconds until Python runs a line."""
    begin = time.time()
    at, work_s = run(image, PYTHON, "-P", "-c", FIRST_LINE).stdout.split()
    return float(at) - begin, float(work_s)


def measure_unpacked(image: str) -> float:
    """Measure an image in MB."""
    told = subprocess.run(
        [DOCKER, "image", "inspect", "--format", "{{.Size}}", image], capture_output=True, text=True, check=True
    )
    return int(told.stdout) / 1e6


def measure_compressed(image: str) -> float:
    """Measure in MB what gzip makes of an image."""
    packer, size = zlib.compressobj(6), 0
    with subprocess.Popen([DOCKER, "image", "save", image], stdout=subprocess.PIPE) as saving:
        assert saving.stdout is not None
        while block := saving.stdout.read(1 << 20):
            size += len(packer.compress(block))
    return (size + len(packer.flush())) / 1e6


if __name__ == "__main__":
    main(*sys.argv[1:])
