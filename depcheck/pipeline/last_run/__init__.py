"""What an earlier run saw of the very same sets, checked again where it decides."""
