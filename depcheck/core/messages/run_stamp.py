"""When and where a run was, and the links to it."""

import re
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from depcheck.core.text.markdown import render_code_span

_COMMIT = re.compile(r"[0-9a-f]{40,64}")
_WEB_URL = re.compile(r"https://[A-Za-z0-9.-]+(?::\d{1,5})?(?:/[\w.-]+)+")


@dataclass(frozen=True, slots=True)
class RunStamp:
    """The time and commit of a run, which every body shows.

    `web_url` is the repository's page, `run_id` the workflow's run; both may be unknown.
    """

    moment: datetime
    commit: str | None = None
    web_url: str = ""
    run_id: int = 0

    @property
    def run_url(self) -> str:
        """The page of the workflow's run, or empty."""
        return f"{self.web_url}/actions/runs/{self.run_id}" if self._has_pages() and self.run_id else ""

    def link_line(self, path: str, line: int) -> str:
        """Link a line of the repository, or only name it."""
        shown = render_code_span(f"{path}:{line}" if line else path, 200)
        if not self._has_pages() or not self.commit or not _COMMIT.fullmatch(self.commit):
            return shown
        return f"[{shown}]({self.web_url}/blob/{self.commit}/{quote(path)}{f'#L{line}' if line else ''})"

    def _has_pages(self) -> bool:
        return bool(_WEB_URL.fullmatch(self.web_url))
