"""Comparison of two sources: reading, alignment, scores."""
