"""`report.html`: the report as one page.

It needs no network, and no JavaScript for reading.
"""
