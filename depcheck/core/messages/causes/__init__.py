"""The causes of a breakage, as people read them."""
