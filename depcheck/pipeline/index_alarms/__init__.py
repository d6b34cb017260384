"""Alarms that an index itself gives, whatever resolves."""
