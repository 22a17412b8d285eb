"""Restore video: raise its frame rate, remove its blur, enlarge it, and measure what was gained."""

__version__ = "0.1.0"
