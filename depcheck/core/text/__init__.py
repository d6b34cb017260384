"""Text that people and terminals read: escaping, masking, markup."""
