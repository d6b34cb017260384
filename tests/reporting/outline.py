"""The text of a page: one line for each block.

Table rows with bars, pictures by their titles.
"""

from html.parser import HTMLParser

_BLOCKS = {"title", "h1", "h2", "h3", "h4", "p", "li", "tr", "caption", "summary", "pre", "article", "section", "nav"}
_BLOCKS |= {"header", "footer", "details", "svg", "g", "form"}
_SILENT = {"style", "script"}
_VOID = {"meta", "br", "input", "link", "img"}


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: list[str] = [""]
        self.path: list[str] = []
        self.comments: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag in _BLOCKS:
            self.lines.append("")
        if tag in {"td", "th"} and self.lines[-1]:
            self.lines[-1] += " | "
        if tag == "br":
            self.lines[-1] += " / "
        if tag not in _VOID:
            self.path.append(tag)

    def handle_endtag(self, tag):
        if tag in self.path:
            while self.path.pop() != tag:
                pass
        if tag in _BLOCKS:
            self.lines.append("")

    def handle_comment(self, text):
        self.comments.append(text)

    def handle_data(self, text):
        if _SILENT & set(self.path):
            return
        if "pre" in self.path:
            first, *rest = text.split("\n")
            self.lines[-1] += first
            self.lines += [f"    {line}" for line in rest]
        else:
            self.lines[-1] += text


def read(html: str) -> _Reader:
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader


def outline(html: str) -> str:
    """Return the page's text."""
    return "\n".join(line.rstrip() for line in read(html).lines if line.strip()) + "\n"
