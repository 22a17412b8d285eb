"""Frames of a source as pictures."""
