"""Blocks become networks."""
