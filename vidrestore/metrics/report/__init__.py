"""Scores as tables, charts and pages."""
