"""Texts and pairs of texts with a class or a value."""
