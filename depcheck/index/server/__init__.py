"""Serve the local index on the loopback interface."""
