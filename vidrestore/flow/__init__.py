"""Interpolation along classical optical flow, and a small network that mixes what was moved."""
