"""Prove alone what failed in company."""
