"""Encoders that somebody has trained: their families, where they lie, and what they are made of.

Read without TensorFlow, so that a preset that does not exist, or cannot be read, is refused before
anything starts.
"""
