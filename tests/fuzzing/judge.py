r"""What GitHub's runner and pages would make of a text.

The runner reads stdout and stderr, ends a line at `\n`, `\r\n` or a lone `\r`, takes `::name …::` after white space
only and `##[name …]` anywhere in a line; names are compared without case.
"""

import re

from markdown_it import MarkdownIt

_LINE_END = re.compile(r"\r\n|\n|\r")
# .NET's TrimStart, which the runner uses: what Unicode calls white space, and no zero-width characters
_DOTNET_SPACE = "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
_V2 = re.compile(r"^::[^:]*::|^::\S")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")
_REORDERS = re.compile(r"[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_MENTION = re.compile(r"(?<![\w`])@[A-Za-z0-9]")
_REFERENCE = re.compile(r"(?:(?<![\w&])#\d|\bGH-\d|[\w.-]+/[\w.-]+#\d|\w#\d)", re.IGNORECASE)
_CLOSING = re.compile(r"\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?):?\s+(?:[\w.-]+/[\w.-]+)?#\d", re.IGNORECASE)
_COMMIT = re.compile(r"\b[0-9a-f]{7,40}\b")
# https://github.github.com/gfm/#autolinks-extension-: letters before :// are taken for the scheme, whatever they follow
_LINK = re.compile(r"(?<![a-z])(?:https?|ftp)://|(?:^|(?<=[\s*_~(]))www\.", re.IGNORECASE | re.MULTILINE)
_MAIL = re.compile(r"[a-z0-9.+_-]@[a-z0-9._-]+\.[a-z0-9._-]*[a-z]", re.IGNORECASE)
_PARSER = MarkdownIt("commonmark").enable("table")
OURS = frozenset({"<code>", "</code>", "<sub>", "</sub>", "<details>", "</details>", "<summary>", "</summary>", "<br>"})
OUR_LINKS = frozenset({"https://docs.astral.sh/uv/"})


def log_lines(text: str) -> list[str]:
    """Split text into lines as the runner does."""
    return _LINE_END.split(text)


def commands(text: str) -> list[str]:
    """Return lines that the runner would take for a command."""
    return [line for line in log_lines(text) if _V2.match(line.lstrip(_DOTNET_SPACE)) or "##[" in line]


def controls(text: str) -> list[str]:
    """Control characters other than the newline, and marks that reorder text."""
    return [*_CONTROL.findall(text), *_REORDERS.findall(text)]


def rendered(markdown: str) -> tuple[str, str, list[str]]:
    """Render as GitHub: words, code elements and raw HTML."""
    words, coded, html = [], [], []
    for token in _PARSER.parse(markdown):
        if token.type == "html_block":
            html += re.findall(r"<[^>]*>?", token.content)
        inside = False
        for child in token.children or ():
            if child.type == "html_inline":
                html.append(child.content)
                inside = child.content == "<code>" or (inside and child.content != "</code>")
            elif child.type in {"text", "softbreak"}:
                (coded if inside else words).append(child.content or "\n")
            elif child.type in {"link_open", "image"} and child.attrs.get("href") not in OUR_LINKS:
                html.append(f"{child.type} {child.attrs}")
        words.append("\n")
        coded.append("\n")
    return "".join(words), "".join(coded), html


def deeds(markdown: str) -> list[str]:
    """Return what rendered text would do.

    Mention, refer, close, link, or bring in HTML that is not ours.
    """
    words, coded, html = rendered(markdown)
    found = [each for each in html if each not in OURS and not each.startswith("<!-- depcheck ")]
    for pattern in (_MENTION, _REFERENCE, _CLOSING, _COMMIT, _LINK, _MAIL):
        found += [match[0] for match in pattern.finditer(words)]
    # an element of code, unlike a span, is searched for addresses as any text is
    return found + [match[0] for match in _LINK.finditer(coded)]
