"""Holds the token: validates a report and settles pull requests and issues. Starts no process."""
