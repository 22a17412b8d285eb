"""Cuts: found, listed, and videos split at them."""
