"""Benchmark: how fast this machine is, beside the alternatives."""
