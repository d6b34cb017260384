"""Check what a run of the container must have left behind.

`scripts/container` calls it with the standard library alone.
"""

import json
import os
import sys
from pathlib import Path


def main(status: str, github: str, log: str) -> None:
    """Stop with the first promise that is not kept."""
    folder = Path(github)
    report = json.loads(Path(folder, "workspace/depcheck-report/report.json").read_text(encoding="utf-8"))
    (environment,) = report["environments"]
    outputs = Path(folder, "file_commands/output").read_text(encoding="utf-8")
    summary = Path(folder, "file_commands/summary").read_text(encoding="utf-8")
    printed = Path(log).read_text(encoding="utf-8")
    logs = [
        path.read_text(encoding="utf-8") for path in Path(folder, "workspace/depcheck-report/logs").glob("*-smoke.txt")
    ]
    owners = {path.lstat().st_uid for path in Path(folder, "workspace").rglob("*")}
    promises = {
        "the guest is a user of its own": report["isolation"]["user_dropped"] is True,
        "the update is safe": (status, environment["status"]) == ("0", "safe"),
        "both packages changed": {change["name"] for change in environment["changes"]} == {"jinja2", "markupsafe"},
        "all checks passed": {check["outcome"] for check in environment["checks"]["candidate"]} == {"pass"},
        "the commit is known": bool(report["commit"]),
        "the outputs are written": all(f"{name}" in outputs for name in ("status", "drift", "broken", "summary")),
        "the outputs say safe": "safe" in outputs,
        "the summary names what changed": "markupsafe" in summary,
        "the network is closed to a check, as the input says": closed(logs, report["isolation"]),
        "no check reads the credentials of the checkout": all(
            "credentials hidden" in log for log in logs if "network" in log
        )
        and any("credentials hidden" in log for log in logs),
        "no token is printed": "never-a-real" not in printed + summary + outputs + json.dumps(report),
        "nothing of root is left in the workspace": 0 not in owners or os.geteuid() != 0,
    }
    broken = [promise for promise, kept in promises.items() if not kept]
    if broken:
        raise SystemExit(f"The container broke its promise: {'; '.join(broken)}. Isolation: {report['isolation']}.")
    sys.stdout.write(f"The container kept all {len(promises)} promises. Isolation: {report['isolation']}\n")


def closed(logs: list[str], isolation: dict[str, bool | int]) -> bool:
    """Return True if the sandbox refused each try of each run.

    TCP by rules where the kernel has them, UDP by seccomp.
    """
    tried = [line.split()[1:] for log in logs for line in log.splitlines() if line.startswith("network ")]
    walled = {"tcp": isolation["network_rules"], "outside": isolation["network_rules"], "udp": isolation["seccomp"]}
    refused = all(how == "PermissionError" for name, how in tried if walled[name])
    return refused and {name for name, _ in tried} == walled.keys()


if __name__ == "__main__":
    main(*sys.argv[1:])
