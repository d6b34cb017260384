"""A repository's tags below a commit, for version tools.

They derive versions from them.
"""

from dataclasses import dataclass

MOST_TAGS, MOST_COMMITS = 10, 2000


@dataclass(frozen=True, slots=True)
class History:
    """Tags with their distances in commits, and the last commit's time.

    In seconds since 1970.
    """

    tags: tuple[tuple[str, int], ...] = ()
    at: int = 0


def to_import_stream(history: History, tree: str) -> bytes:
    """Write a history of `tree` with these tags for `git fast-import`.

    Its commits say nothing but how far a tag is away.
    """
    tags = sorted(((n, tag) for tag, n in history.tags if n <= MOST_COMMITS), reverse=True)
    depth = tags[0][0] if tags else 0
    person = f"committer depcheck <depcheck@localhost> {history.at} +0000\n"
    lines = []
    for number in range(depth + 1):
        lines.append(f"commit refs/heads/main\nmark :{number + 1}\n{person}data 0\n")
        lines.append(f"M 040000 {tree} \n" if number == 0 else "")
        for distance, tag in tags:
            if depth - distance == number:
                tagger = person.replace("committer", "tagger", 1)
                lines.append(f"tag {tag}\nfrom :{number + 1}\n{tagger}data 0\n")
    return "".join(lines).encode()
