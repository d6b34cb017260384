#!/usr/bin/env python3
"""A package index of saved pages, as of a date.

JSON with ETag, with a latency of your choice. On 127.0.0.1 only.

    benchmarks/replay_server.py FOLDER [--port 0] [--latency-ms 20] [--as-of 2026-10-31] [--offline]

FOLDER keeps what was fetched from PyPI once: pages, metadata, files. A page that is not there yet is fetched; with
`--offline` it is unknown. Prints the address of its index, then serves until it is ended. Each request waits the
latency before it is answered; requests on different connections wait at the same time.

As a library: `with serving(folder, latency_s=0.02, until=moment) as url:`.
"""

import argparse
import asyncio
import gzip
import hashlib
import json
import re
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread

PYPI = "https://pypi.org/simple/"
JSON = "application/vnd.pypi.simple.v1+json"
TIMEOUT_S = 60
TOOLS = frozenset({"pip", "pip-tools"})  # shown whole: the tools are today's, whatever the day of the packages
LOCKS = Path(__file__).parents[1] / "depcheck/checking/compile/tool_locks"
TOOL_FILES = frozenset(re.findall(r"sha256:(\w{64})", "".join(lock.read_text() for lock in LOCKS.glob("*.txt"))))
"""What the tools' locks name, shown too: else the compilers themselves cannot be installed as of an older day."""


def _is_of_tools(file: dict) -> bool:
    return file.get("hashes", {}).get("sha256") in TOOL_FILES


@dataclass
class Replay:
    """The served pages, made once for each project.

    `pages` maps a project to its body and ETag.
    """

    folder: Path
    latency_s: float = 0.02
    until: datetime | None = None
    offline: bool = False
    base: str = ""
    asked: int = 0
    pages: dict[str, tuple[bytes, str] | None] = field(default_factory=dict)

    def page(self, project: str) -> tuple[bytes, str] | None:
        if project not in self.pages:
            saved = self._saved(f"{PYPI}{project}/", {"Accept": JSON})
            self.pages[project] = None if saved is None else self._shown(project, json.loads(saved))
        return self.pages[project]

    def _shown(self, project: str, page: dict) -> tuple[bytes, str]:
        until = self.until.strftime("%Y-%m-%dT%H:%M:%S.%fZ") if self.until and project not in TOOLS else "9"
        files = [file for file in page["files"] if file.get("upload-time", "") <= until or _is_of_tools(file)]
        for file in files:
            file["url"] = file["url"].replace("https://files.pythonhosted.org/", f"{self.base}/files/")
        body = json.dumps({**page, "files": files}).encode()
        return body, f'"{hashlib.sha256(body).hexdigest()[:32]}"'

    def file(self, path: str) -> bytes | None:
        return self._saved(f"https://files.pythonhosted.org/{path}", {})

    def _saved(self, url: str, headers: dict[str, str]) -> bytes | None:
        """Return the content of `url`, fetched once and kept.

        An empty file stands for "not found".
        """
        kept = self.folder / hashlib.sha256(url.encode()).hexdigest()
        if not kept.exists():
            if self.offline:
                return None
            kept.parent.mkdir(parents=True, exist_ok=True)
            part = kept.with_suffix(".part")
            part.write_bytes(gzip.compress(_fetched(url, headers), 1))
            part.replace(kept)
        return gzip.decompress(kept.read_bytes()) or None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection, one after the other."""
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                first, *rest = head.decode("latin-1").split("\r\n")
                headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in rest)}
                self.asked += 1
                await asyncio.sleep(self.latency_s)
                writer.write(await asyncio.to_thread(self._answer, first.split(" ")[1], headers))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def _answer(self, path: str, headers: dict[str, str]) -> bytes:
        _, kind, rest = path.split("/", 2)
        if kind == "simple":
            return self._page_answer(rest.strip("/"), headers)
        return self._file_answer(rest, headers.get("range", ""))

    def _page_answer(self, project: str, headers: dict[str, str]) -> bytes:
        found = self.page(project)
        if found is None:
            return _response("404 Not Found", b"", {})
        body, etag = found
        if headers.get("if-none-match") == etag:
            return _response("304 Not Modified", None, {"ETag": etag})
        extra = {"ETag": etag, "Content-Type": JSON}
        if "gzip" in headers.get("accept-encoding", ""):
            return _response("200 OK", gzip.compress(body, 1), {**extra, "Content-Encoding": "gzip"})
        return _response("200 OK", body, extra)

    def _file_answer(self, path: str, wanted: str) -> bytes:
        content = self.file(path)
        if content is None:
            return _response("404 Not Found", b"", {})
        if not wanted:
            return _response("200 OK", content, {"Content-Type": "application/octet-stream", "Accept-Ranges": "bytes"})
        start, _, end = wanted.removeprefix("bytes=").partition("-")
        first, last = int(start), min(int(end or len(content)), len(content) - 1)
        extra = {"Content-Range": f"bytes {first}-{last}/{len(content)}"}
        return _response("206 Partial Content", content[first : last + 1], extra)


def _fetched(url: str, headers: dict[str, str]) -> bytes:
    request = urllib.request.Request(url, headers=headers)  # noqa: S310  # two https addresses alone
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310
            content: bytes = answer.read()
    except urllib.error.HTTPError as error:
        if error.code != 404:  # noqa: PLR2004
            raise
        return b""
    return content


def _response(status: str, body: bytes | None, headers: dict[str, str]) -> bytes:
    length = {} if body is None else {"Content-Length": str(len(body))}
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in {**headers, **length}.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + (body or b"")


@contextmanager
def serving(
    folder: Path, *, latency_s: float = 0.02, until: datetime | None = None, offline: bool = False, port: int = 0
) -> Iterator[tuple[str, Replay]]:
    """Serve the index while the block runs."""
    replay = Replay(folder, latency_s, until, offline)
    loop, ready, ports = asyncio.new_event_loop(), Event(), []

    async def run() -> None:
        server = await asyncio.start_server(replay.serve, "127.0.0.1", port, limit=1 << 16)
        ports.append(server.sockets[0].getsockname()[1])
        ready.set()
        await server.serve_forever()

    task = loop.create_task(run())
    thread = Thread(target=loop.run_until_complete, args=(asyncio.wait([task]),), daemon=True)
    thread.start()
    ready.wait()
    replay.base = f"http://127.0.0.1:{ports[0]}"
    try:
        yield f"{replay.base}/simple/", replay
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join()


def end_of(day: str) -> datetime:
    """Return the end of a day, in UTC."""
    return datetime.fromisoformat(day).replace(tzinfo=UTC) + timedelta(days=1, microseconds=-1)


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("folder", type=Path)
    asked.add_argument("--port", type=int, default=0)
    asked.add_argument("--latency-ms", type=float, default=20)
    asked.add_argument("--as-of", default="")
    asked.add_argument("--offline", action="store_true")
    wanted = asked.parse_args()
    until = end_of(wanted.as_of) if wanted.as_of else None
    with serving(
        wanted.folder, latency_s=wanted.latency_ms / 1000, until=until, offline=wanted.offline, port=wanted.port
    ) as (url, _):
        print(url, flush=True)
        Event().wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
