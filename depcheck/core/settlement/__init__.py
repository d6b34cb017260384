"""Decide which forge calls make a proposal so."""
