"""Blur of which nothing is known, estimated from the picture alone."""
