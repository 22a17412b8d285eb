"""Torch, OpenVINO, and what they need to compute exactly and fast."""
