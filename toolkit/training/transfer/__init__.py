"""Weights of another run, layers that stay as they are, and learning rates of layers."""
