"""Networks that make the picture between two, or help to."""
