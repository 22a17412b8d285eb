"""Restoring a source: jobs, stages, pipelines, and their reports."""
