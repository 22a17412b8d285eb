"""New frames between those of a source."""
