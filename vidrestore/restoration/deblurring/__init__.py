"""Blur: measured, estimated, undone."""
