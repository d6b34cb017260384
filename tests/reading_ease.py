"""Flesch's reading ease of Markdown, without code, tables and links."""

import re

_FENCE = re.compile(r"(?ms)^(`{3,})\w*\n.*?^\1$")
_NOT_PROSE = re.compile(r"(?s)<code>.*?</code>|`[^`\n]*`|<!--.*?-->|</?\w+>|https?://[^\s)]+")
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_VOWELS = re.compile(r"[aeiouy]+")


def prose(text: str) -> str:
    """Return the sentences of a Markdown text.

    Code counts as one short word; rows of facts (with a middle dot) are no sentences.
    """
    text = _LINK.sub(r"\1", _NOT_PROSE.sub("it", _FENCE.sub("", text)))
    kept = [line for line in text.splitlines() if not line.lstrip().startswith(("|", "#")) and " · " not in line]
    ended = [line.rstrip() for line in kept]
    return re.sub(r"\n\s*\n", ". ", re.sub(r"(?m)^\s*[-*] ", ". ", "\n".join(ended)))


def syllables(word: str) -> int:
    """Count groups of vowels, less a silent e."""
    silent = word.endswith("e") and not word.endswith("le") and len(word) > 2
    return max(1, len(_VOWELS.findall(word)) - silent)


def measure_reading_ease(text: str) -> float:
    """Measure Flesch's reading ease: 60 to 70 is plain English."""
    said = prose(text).lower()
    sentences = [each for each in re.split(r"[.!?:;]+(?:\s|$)", said) if re.search(r"[a-z]", each)]
    words = re.findall(r"[a-z][a-z'-]*", " ".join(sentences))
    if not words:
        return 100.0
    return 206.835 - 1.015 * len(words) / len(sentences) - 84.6 * sum(map(syllables, words)) / len(words)
