"""Figures of generated images, by a network that looks at them."""
