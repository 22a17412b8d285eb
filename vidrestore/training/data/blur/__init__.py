"""Motion blur to train on: what exposes, what shakes, and what is kept in files."""
