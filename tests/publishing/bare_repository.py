"""A real bare git repository, written object by object.

Fast enough for thousands of runs, and clonable.
"""

import hashlib
import subprocess
import zlib

BOT = "github-actions[bot] <41898282+github-actions[bot]@users.noreply.github.com>"
GITHUB = "GitHub <noreply@github.com>"
HUMAN = "Jane <jane@example.org>"
LOGINS = {BOT: "github-actions[bot]", GITHUB: "web-flow", HUMAN: "jane"}


class BareRepository:
    """A bare repository with objects in memory and branches by name."""

    def __init__(self, path):
        self.path = path
        subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(path)], check=True)
        self.objects = {}
        self.refs = {}
        self.seconds = 1_700_000_000

    def store(self, kind, content):
        whole = b"%s %d\0%s" % (kind.encode(), len(content), content)
        sha = hashlib.sha1(whole).hexdigest()  # noqa: S324  # git's own
        if sha not in self.objects:
            self.objects[sha] = (kind, content)
            file = self.path / "objects" / sha[:2] / sha[2:]
            file.parent.mkdir(exist_ok=True)
            file.write_bytes(zlib.compress(whole, 1))
        return sha

    def point(self, name, sha):
        file = self.path / "refs/heads" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{sha}\n")
        self.refs[name] = sha

    def remove(self, name):
        (self.path / "refs/heads" / name).unlink()
        del self.refs[name]

    def back_to(self, refs):
        """Set all branches to `refs`."""
        for name in self.refs.keys() - refs.keys():
            self.remove(name)
        for name, sha in refs.items():
            if self.refs.get(name) != sha:
                self.point(name, sha)

    def tree_of(self, sha):
        kind, content = self.objects[sha]
        return content.split(b"\n", 1)[0].decode().removeprefix("tree ") if kind == "commit" else sha

    def entries(self, tree):
        """(mode, name, sha) of one folder."""
        content, found = self.objects[self.tree_of(tree)][1], []
        while content:
            head, _, rest = content.partition(b"\0")
            mode, _, name = head.partition(b" ")
            found.append((mode.decode(), name.decode(), rest[:20].hex()))
            content = rest[20:]
        return found

    def make_tree(self, entries):
        ordered = sorted(entries, key=lambda each: each[1] + "/" * (each[0] == "40000"))
        return self.store(
            "tree", b"".join(b"%s %s\0%s" % (m.encode(), n.encode(), bytes.fromhex(s)) for m, n, s in ordered)
        )

    def with_file(self, tree, path, mode, blob):
        """Return the tree with one file added."""
        name, _, rest = path.partition("/")
        known = {each[1]: each for each in (self.entries(tree) if tree else ())}
        if rest:
            below = known[name][2] if name in known and known[name][0] == "40000" else None
            known[name] = ("40000", name, self.with_file(below, rest, mode, blob))
        else:
            known[name] = (mode, name, blob)
        return self.make_tree(known.values())

    def commit(self, message, tree, parents, author=HUMAN, committer=HUMAN):
        self.seconds += 1
        lines = [f"tree {tree}", *(f"parent {parent}" for parent in parents)]
        lines += [f"author {author} {self.seconds} +0000", f"committer {committer} {self.seconds} +0000", "", message]
        return self.store("commit", "\n".join(lines).encode())

    def read_commit(self, sha):
        """tree, parents, author, committer, message."""
        head, _, message = self.objects[sha][1].decode().partition("\n\n")
        fields = [line.partition(" ")[::2] for line in head.split("\n")]
        person = {
            key: value.rpartition(" ")[0].rpartition(" ")[0] for key, value in fields if key in {"author", "committer"}
        }
        return {
            "tree": fields[0][1],
            "parents": [value for key, value in fields if key == "parent"],
            "message": message,
            **person,
        }

    def commit_files(self, branch, files, message="Work", author=HUMAN, mode="100644"):
        """Commit files on `branch` as a person."""
        parents = [self.refs[branch]] if branch in self.refs else []
        tree = self.tree_of(parents[0]) if parents else None
        for path, text in files.items():
            tree = self.with_file(tree, path, mode, self.store("blob", text.encode()))
        self.point(branch, self.commit(message, tree, parents, author, author))
        return self.refs[branch]

    def blob_at(self, commit, path):
        """Return the hash of a file, or None."""
        tree = commit
        for part in path.split("/"):
            found = [each for each in self.entries(tree) if each[1] == part]
            if not found:
                return None
            tree = found[0][2]
        return tree

    def text(self, commit, path):
        blob = self.blob_at(commit, path)
        return None if blob is None else self.objects[blob][1].decode()

    def changed(self, old, new, prefix=""):
        """Paths of files that differ between two commits or trees."""
        before = {each[1]: each for each in (self.entries(old) if old else ())}
        after = {each[1]: each for each in (self.entries(new) if new else ())}
        found = []
        for name in before.keys() | after.keys():
            a, b = before.get(name), after.get(name)
            if a == b:
                continue
            if "40000" in {(a or b)[0], (b or a)[0]}:
                found += self.changed(a and a[2], b and b[2], f"{prefix}{name}/")
            else:
                found.append(prefix + name)
        return sorted(found)
