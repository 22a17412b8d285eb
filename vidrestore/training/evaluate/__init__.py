"""The tables of `vidrestore evaluate`."""
