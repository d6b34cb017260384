"""Writes what report.html says of each frozen night: tests/golden/*/page.txt. Look at the difference afterwards.

python tests/reporting/freeze_pages.py [--html FOLDER]     (the pages themselves, to be looked at in a browser)
"""

import sys
from pathlib import Path

from outline import outline

from depcheck.core.report_json import decode
from depcheck.reporting.page.document import page

for frozen in sorted((Path(__file__).parents[1] / "golden").glob("*/report.json")):
    html = page(decode(frozen.read_bytes()))
    frozen.with_name("page.txt").write_text(outline(html))
    if sys.argv[1:2] == ["--html"]:
        Path(sys.argv[2], f"{frozen.parent.name}.html").write_text(html)
