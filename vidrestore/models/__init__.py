"""The networks, their weights, and their compiled kernels."""
