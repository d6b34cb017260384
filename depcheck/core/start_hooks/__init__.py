"""What runs in an interpreter without being imported."""
