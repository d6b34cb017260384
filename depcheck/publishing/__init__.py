"""Publishing: validates a report and settles pull requests and issues.

This package holds the token and starts no process.
"""
