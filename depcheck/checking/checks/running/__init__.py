"""What checks of all kinds use to run something as the guest."""
