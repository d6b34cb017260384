"""The law that a compile has to keep where something was built."""
