"""A stateful GitHub on loopback that obeys the official description."""

import base64
import copy
import json
import re
import socket
import struct
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, unquote, urlsplit

from bare_repository import BOT, GITHUB, LOGINS, BareRepository
from openapi_description import answer_complaints, instance, operation, request_complaints

REPOSITORY = "owner/project"
AT = f"/repos/{REPOSITORY}"
TOKEN = "the-token-of-the-test"
LOGIN = "github-actions[bot]"
SETTING_OFF = "GitHub Actions is not permitted to create or approve pull requests."
FAULTS = ("500", "502 done", "reset", "reset done", "timeout", "429", "403", "truncated", "html")
_HTML = b"<html><body>Unicorn!</body></html>"


class FakeGitHub:
    """One repository.

    `calls` are (method, path); `faults` maps the number of a call to a fault; `refusals` are (method, regular
    expression, status, message); `lag` hides what is younger than so many calls from lists.
    """

    def __init__(self, folder):
        self.git = BareRepository(folder)
        self.items, self.labels = {}, {"dependencies"}
        self.settings = {"default_branch": "main", "has_issues": True, "archived": False}
        self.reviewers, self.runs = [], set()
        self.calls, self.violations, self.faults, self.refusals = [], [], {}, []
        self.lag, self.ticks, self.token, self.unassignable, self.unnameable = 0, 0, TOKEN, set(), set()
        self.milestones, self.drafts_refused = {1}, False
        self.auto_merge_refused = False
        self.permissions = {"contents", "pull-requests", "issues"}
        self.released = threading.Event()
        handler = type("Handler", (_Handler,), {"github": self})
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.server.daemon_threads = True

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.released.set()
        self.server.shutdown()
        self.server.server_close()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_port}"

    def save(self):
        """All that can change, to go back to."""
        return copy.deepcopy((self.items, self.labels, self.settings, self.reviewers)), dict(self.git.refs)

    def restore(self, saved):
        self.items, self.labels, self.settings, self.reviewers = copy.deepcopy(saved[0])
        self.git.back_to(saved[1])
        self.calls, self.faults = [], {}

    @property
    def writes(self):
        return [call for call in self.calls if call[0] != "GET" and call[1] != "/graphql"]

    @property
    def reads(self):
        return [call for call in self.calls if call not in self.writes]

    # ---- answering

    def answer(self, method, path, query, body):
        """(status, body, headers) of one call, judged."""
        if path == "/graphql":
            if "PullRequestAutoMerge" in body["query"]:
                return self._switch_auto_merge(body)
            known = body == {"query": "query{viewer{login}}"}
            return (200, {"data": {"viewer": {"login": LOGIN}}}, {}) if known else (400, {"message": "unknown"}, {})
        found = operation(method, path)
        if found is None or not path.startswith(AT):
            self.violations.append(f"{method} {path} is not described")
            return 404, {"message": "Not Found"}, {}
        op, names = found
        self.violations += request_complaints(op, query, body)
        status, content, headers = self._work(op, names, path, query, body)
        self.violations += answer_complaints(op, status, content)
        return status, content, headers

    def _switch_auto_merge(self, body):
        if self.auto_merge_refused:
            return 200, {"data": None, "errors": [{"message": "Auto merge is not allowed for this repository"}]}, {}
        item = self.items[int(body["variables"]["id"].removeprefix("PR_"))]
        item["auto"] = "enablePullRequestAutoMerge" in body["query"]
        return 200, {"data": {"clientMutationId": None}}, {}

    def _work(self, op, names, path, query, body):
        for method, pattern, status, message in self.refusals:
            if method.lower() == op[0] and re.fullmatch(pattern, path):
                return status, _error(message), {}
        template = op[1].removeprefix("/repos/{owner}/{repo}").replace("{", "").replace("}", "")
        if op[0] != "get" and _needed_permission(template) not in {"", *self.permissions}:
            return 403, _error("Resource not accessible by integration"), {}
        name = f"{op[0]}{re.sub(r'[^a-z]+', '_', template)}"
        try:
            result = getattr(self, name)(names, query, body)
        except _RefusalError as refusal:
            return refusal.args[0], _error(refusal.args[1]), {}
        return result if len(result) == 3 else (*result, {})

    def get(self, _names, _query, _body):
        found = instance("full-repository") | self.settings | {"full_name": REPOSITORY, "name": "project"}
        return 200, found | {"html_url": f"https://github.test/{REPOSITORY}"}

    def get_actions_runs_run_id_attempts_attempt_number_jobs(self, names, _query, _body):
        if int(names["run_id"]) not in self.runs or names["attempt_number"] != "1":
            raise _RefusalError(404, "Not Found")
        return 200, {"total_count": 0, "jobs": []}

    # ---- issues

    def get_issues(self, _names, query, _body):
        wanted = set(filter(None, query.get("labels", "").split(",")))
        found = [
            item
            for item in self.items.values()
            if wanted <= set(item["labels"])
            and query.get("state", "open") in {"all", item["state"]}
            and query.get("creator", item["user"]) == item["user"]
            and item["born"] <= self.ticks - self.lag
        ]
        return self._page([self._issue(item) for item in found], query)

    def post_issues(self, _names, _query, body):
        if not self.settings["has_issues"]:
            raise _RefusalError(410, "Issues has been disabled in this repository.")
        if set(body.get("assignees", ())) & self.unassignable:
            raise _RefusalError(422, "Validation Failed: assignees")
        item = self.add_item(body["title"], body.get("body", ""), body.get("labels", ()))
        item["assignees"] += body.get("assignees", ())
        return 201, self._issue(item)

    def patch_issues_issue_number(self, names, _query, body):
        item = self._item(names)
        if body.get("milestone") not in {None, *self.milestones}:
            raise _RefusalError(422, "Validation Failed milestone")
        item["milestone"] = body.get("milestone", item.get("milestone"))
        for key in ("title", "body", "state", "state_reason"):
            item[key] = body.get(key, item[key])
        return 200, self._issue(item)

    def get_issues_issue_number_comments(self, names, query, _body):
        return self._page([_comment(each) for each in self._item(names)["comments"]], query)

    def post_issues_issue_number_comments(self, names, _query, body):
        self._item(names)["comments"].append({"user": LOGIN, "body": body["body"]})
        return 201, _comment({"user": LOGIN, "body": body["body"]})

    def post_issues_issue_number_labels(self, names, _query, body):
        self._label(self._item(names), body["labels"])
        return 200, [_label(each) for each in self._item(names)["labels"]]

    def post_issues_issue_number_assignees(self, names, _query, body):
        item = self._item(names)
        item["assignees"] += [
            each for each in body["assignees"] if each not in item["assignees"] and each not in self.unassignable
        ]
        return 201, self._issue(item)

    def get_labels_name(self, names, _query, _body):
        if names["name"] not in self.labels:
            raise _RefusalError(404, "Not Found")
        return 200, _label(names["name"])

    def post_labels(self, _names, _query, body):
        if body["name"] in self.labels:
            raise _RefusalError(422, "Validation Failed already_exists")
        if body["name"] in self.unnameable:
            raise _RefusalError(422, "Validation Failed name is too long")
        self.labels.add(body["name"])
        return 201, _label(body["name"])

    # ---- pull requests

    def get_pulls(self, _names, query, _body):
        found = [
            item
            for item in self.items.values()
            if item["pull"]
            and query.get("state", "open") in {"all", item["state"]}
            and query.get("head", f"owner:{item['pull']['head']}") == f"owner:{item['pull']['head']}"
            and item["born"] <= self.ticks - self.lag
        ]
        return self._page([self._pull(item, "pull-request-simple") for item in found], query)

    def post_pulls(self, _names, _query, body):
        head, base = body["head"], body["base"]
        if head not in self.git.refs or base not in self.git.refs:
            raise _RefusalError(422, "Validation Failed invalid head")
        if any(
            item["pull"] and item["pull"]["head"] == head and item["state"] == "open" for item in self.items.values()
        ):
            raise _RefusalError(422, f"Validation Failed A pull request already exists for owner:{head}.")
        if not self.git.changed(self.git.refs[base], self.git.refs[head]):
            raise _RefusalError(422, "Validation Failed No commits between")
        if body.get("draft") and self.drafts_refused:
            raise _RefusalError(422, "Draft pull requests are not supported in this repository.")
        ends = {"head": head, "base": base, "draft": body.get("draft", False)}
        item = self.add_item(body["title"], body.get("body", ""), (), pull=ends)
        return 201, self._pull(item, "pull-request")

    def get_pulls_pull_number(self, names, _query, _body):
        item = self.items.get(int(names["pull_number"]))
        if not item or not item["pull"]:
            raise _RefusalError(404, "Not Found")
        return 200, self._pull(item, "pull-request")

    def post_pulls_pull_number_requested_reviewers(self, names, _query, body):
        item = self.items[int(names["pull_number"])]
        if "nobody" in body["reviewers"]:
            raise _RefusalError(422, "Reviews may only be requested from collaborators.")
        asked = (*body.get("reviewers", ()), *(f"team {each}" for each in body.get("team_reviewers", ())))
        self.reviewers += [each for each in asked if each not in self.reviewers]
        return 201, self._pull(item, "pull-request-simple")

    # ---- git

    def get_git_ref_ref(self, names, _query, _body):
        name = names["ref"].removeprefix("heads/")
        if name not in self.git.refs:
            raise _RefusalError(404, "Not Found")
        return 200, self._ref(name)

    def get_git_matching_refs_ref(self, names, _query, _body):
        prefix = names["ref"].removeprefix("heads/")
        return 200, [self._ref(name) for name in sorted(self.git.refs) if name.startswith(prefix)]

    def post_git_refs(self, _names, _query, body):
        name = body["ref"].removeprefix("refs/heads/")
        if name in self.git.refs:
            raise _RefusalError(422, "Reference already exists")
        if any(name.startswith(f"{each}/") or each.startswith(f"{name}/") for each in self.git.refs):
            raise _RefusalError(422, "Reference update failed")
        self.git.point(name, body["sha"])
        return 201, self._ref(name)

    def patch_git_refs_ref(self, names, _query, body):
        name = names["ref"].removeprefix("heads/")
        if name not in self.git.refs:
            raise _RefusalError(422, "Reference does not exist")
        if not body.get("force"):
            raise _RefusalError(422, "Update is not a fast forward")
        self.git.point(name, body["sha"])
        return 200, self._ref(name)

    def delete_git_refs_ref(self, names, _query, _body):
        name = names["ref"].removeprefix("heads/")
        if name not in self.git.refs:
            raise _RefusalError(422, "Reference does not exist")
        self.git.remove(name)
        for item in self.items.values():
            if item["pull"] and item["pull"]["head"] == name:
                item["state"] = "closed"
        return 204, None

    def get_commits_ref(self, names, _query, _body):
        sha = names["ref"]
        found, commit = self.git.read_commit(sha), instance("commit")
        commit |= {"sha": sha, "parents": [_sha(parent) for parent in found["parents"]]}
        commit |= {role: _user(LOGINS[found[role]]) for role in ("author", "committer")}
        commit["commit"] |= {"message": found["message"], "tree": _sha(found["tree"])}
        return 200, commit

    def get_git_trees_tree_sha(self, names, _query, _body):
        return 200, self._tree(self.git.tree_of(names["tree_sha"]))

    def post_git_trees(self, _names, _query, body):
        tree = self.git.tree_of(body["base_tree"])
        for entry in body["tree"]:
            tree = self.git.with_file(tree, entry["path"], entry["mode"], entry["sha"])
        return 201, self._tree(tree)

    def get_git_blobs_file_sha(self, names, _query, _body):
        content = self.git.objects[names["file_sha"]][1]
        text = base64.encodebytes(content).decode()
        return 200, instance("blob") | {
            "sha": names["file_sha"],
            "content": text,
            "encoding": "base64",
            "size": len(content),
        }

    def post_git_blobs(self, _names, _query, body):
        sha = self.git.store("blob", base64.b64decode(body["content"]))
        return 201, instance("short-blob") | {"sha": sha}

    def post_git_commits(self, _names, _query, body):
        sha = self.git.commit(body["message"], body["tree"], body["parents"], BOT, GITHUB)
        return 201, instance("git-commit") | {"sha": sha, "message": body["message"]}

    # ---- what things look like

    def add_item(self, title, body, labels=(), *, user=LOGIN, pull=None):
        """Add an issue or a pull request."""
        number = len(self.items) + 1
        item = {"number": number, "title": title, "body": body, "state": "open", "state_reason": None, "user": user}
        item |= {"labels": [], "assignees": [], "comments": [], "pull": pull, "born": self.ticks, "merged_at": None}
        item |= {"milestone": None, "auto": False}
        self.items[number] = item
        self._label(item, labels)
        return item

    def _label(self, item, labels):
        self.violations += [f"the label {each} was never made" for each in labels if each not in self.labels]
        item["labels"] += [each for each in labels if each not in item["labels"]]

    def _item(self, names):
        if int(names["issue_number"]) not in self.items:
            raise _RefusalError(404, "Not Found")
        return self.items[int(names["issue_number"])]

    def _page(self, found, query):
        size, page = int(query.get("per_page", 30)), int(query.get("page", 1))
        more = {"Link": '<https://github.test/next>; rel="next"'} if len(found) > page * size else {}
        return 200, found[(page - 1) * size : page * size], more

    def _issue(self, item):
        found = instance("issue") | {key: item[key] for key in ("number", "title", "body", "state", "state_reason")}
        found |= {"user": _user(item["user"]), "labels": [_label(each) for each in item["labels"]]}
        found |= {"assignees": [_user(each) for each in item["assignees"]], "html_url": self._page_of(item)}
        if item["pull"]:
            urls = dict.fromkeys(("diff_url", "html_url", "patch_url", "url"), "https://github.test/x")
            found["pull_request"] = urls | {"merged_at": item["merged_at"]}
        return found

    def _page_of(self, item):
        return f"https://github.test/{REPOSITORY}/{'pull' if item['pull'] else 'issues'}/{item['number']}"

    def _pull(self, item, shape):
        found = instance(shape) | {key: item[key] for key in ("number", "title", "body", "state", "merged_at")}
        found |= {"user": _user(item["user"]), "html_url": self._page_of(item)}
        found["labels"] = [_label(each) | {"description": ""} for each in item["labels"]]
        for end in ("head", "base"):
            found[end] |= {"ref": item["pull"][end], "sha": self.git.refs.get(item["pull"][end], "0" * 40)}
        if shape == "pull-request":
            found["mergeable"] = self._mergeable(item)
            found["auto_merge"] = _auto_merge() if item["auto"] else None
        found["node_id"] = f"PR_{item['number']}"
        return found

    def _mergeable(self, item):
        head, base = self.git.refs.get(item["pull"]["head"]), self.git.refs[item["pull"]["base"]]
        if head is None or item["state"] != "open":
            return None
        since = self.git.read_commit(head)["parents"][0]
        theirs = set(self.git.changed(since, base))
        ours = set(self.git.changed(since, head))
        return all(self.git.blob_at(head, path) == self.git.blob_at(base, path) for path in ours & theirs)

    def _ref(self, name):
        found = instance("git-ref") | {"ref": f"refs/heads/{name}"}
        found["object"] |= {"sha": self.git.refs[name], "type": "commit"}
        return found

    def _tree(self, sha):
        kinds = {"40000": "tree", "160000": "commit"}
        entries = [
            {"path": name, "mode": mode.rjust(6, "0"), "type": kinds.get(mode, "blob"), "sha": each}
            for mode, name, each in self.git.entries(sha)
        ]
        return {"sha": sha, "truncated": False, "tree": entries, "url": "https://github.test/x"}


def _needed_permission(template):
    """Return the permission that a write needs, if only one will do."""
    if template.startswith("/git/"):
        return "contents"
    return {"/issues": "issues", "/pulls": "pull-requests"}.get(template, "")


class _RefusalError(Exception):
    """Status and message."""


def _error(message):
    return {"message": message, "documentation_url": "https://docs.github.test/rest"}


def _user(login):
    return instance("simple-user") | {"login": login, "type": "Bot" if login.endswith("[bot]") else "User"}


def _auto_merge():
    return {"enabled_by": _user(LOGIN), "merge_method": "merge", "commit_title": "x", "commit_message": "x"}


def _label(name):
    return instance("label") | {"name": name}


def _sha(sha):
    return {"sha": sha, "url": "https://github.test/x"}


def _comment(each):
    return instance("issue-comment") | {"user": _user(each["user"]), "body": each["body"]}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    github: FakeGitHub

    def log_message(self, *_):
        pass

    def _serve(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length) or b"null")
        parts = urlsplit(self.path)
        github = self.github
        path = parts.path.removeprefix("/api/v3").replace("/api/graphql", "/graphql")  # as Enterprise Server has it
        github.ticks += 1
        github.calls.append((self.command, unquote(path)))
        fault = github.faults.get(len(github.calls), "")
        if self.headers.get("Authorization") not in {f"token {github.token}", f"Bearer {github.token}"}:
            self._send(401, _error("Bad credentials"))
        elif not self._without_work(fault):
            self._after_work(fault, *github.answer(self.command, path, dict(parse_qsl(parts.query)), body))

    do_GET = do_POST = do_PATCH = do_DELETE = _serve  # noqa: N815  # the names that http.server calls

    def _without_work(self, fault):
        """Faults before anything was done."""
        if fault == "500":
            self._send(500, _error("Server Error"))
        elif fault == "429":
            self._send(429, _error("Too many requests"), {"Retry-After": "1"})
        elif fault == "403":
            self._send(403, _error("You have exceeded a secondary rate limit."))
        elif fault == "spent":
            self._send(
                403, _error("API rate limit exceeded"), {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "5000"}
            )
        elif fault == "reset":
            self._reset()
        return fault in {"500", "429", "403", "spent", "reset"}

    def _after_work(self, fault, status, content, headers):
        if fault == "502 done":
            self._raw(502, _HTML, {"Content-Type": "text/html"})
        elif fault == "html":
            self._raw(200, _HTML, {"Content-Type": "text/html"})
        elif fault == "reset done":
            self._reset()
        elif fault == "timeout":
            self.github.released.wait(5)
            self.close_connection = True
        elif fault == "truncated":
            text = json.dumps(content).encode() or b"{}"
            self._raw(status if status != 204 else 200, text[: len(text) // 2], {}, promised=len(text) + 20)
            self.close_connection = True
        else:
            self._send(status, content, headers)

    def _reset(self):
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def _send(self, status, content, headers=None):
        text = b"" if content is None else json.dumps(content).encode()
        self._raw(status, text, {"Content-Type": "application/json", **(headers or {})})

    def _raw(self, status, text, headers, promised=None):
        length = {} if status == 204 else {"Content-Length": str(len(text) if promised is None else promised)}
        lines = [f"HTTP/1.1 {status} X", *(f"{key}: {value}" for key, value in {**headers, **length}.items())]
        self.wfile.write("\r\n".join(lines).encode() + b"\r\n\r\n" + text)
