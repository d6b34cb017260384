"""Write the text of report.html for each frozen incident.

tests/golden/*/page.txt. Look at the difference afterwards.

python tests/reporting/freeze_pages.py [--html FOLDER]     (the pages themselves, to be looked at in a browser)
"""

import sys
from pathlib import Path

from outline import outline

from depcheck.core.model.report_json import decode_report
from depcheck.reporting.html.document import render_report_page

for frozen in sorted((Path(__file__).parents[1] / "golden").glob("*/report.json")):
    html = render_report_page(decode_report(frozen.read_bytes()))
    frozen.with_name("page.txt").write_text(outline(html))
    if sys.argv[1:2] == ["--html"]:
        Path(sys.argv[2], f"{frozen.parent.name}.html").write_text(html)
