"""The local package index, which shows package tools any past date.

Nothing is imported here: code that only reads pages must not wait for the import of the HTTP client.
"""
