"""`report.html`: the report as one page that needs neither a network nor, for reading, JavaScript."""
