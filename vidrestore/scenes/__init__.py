"""Scenes: detection, lists, splitting."""
